"""The dashboard as one HTML page: its widgets on the grid of 24 columns, drawn by plotly from recorded metrics."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any

import plotly.graph_objects as go

from local.alarm_judge.metric_alarm import QUERY
from local.alarm_judge.recording import Datum, Recording
from local.dashboard_picture.body import Plotted, curves

#: Pixels of one row of CloudWatch's grid.
ROW = 50
COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf")
FONT = {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 11, "color": "#26323d"}
GRID = "#e6e9ee"
SECONDS_PER_HOUR = 3600
#: A graph of more curves than ``MANY`` shows so many of them.
MANY, SHOWN = 12, 6
#: Tables of log queries, by the widget's title: rows of cells under column names.
Tables = Mapping[str, Sequence[Mapping[str, str]]]
#: Draws a figure as markup.
Chart = Callable[[go.Figure], str]
_HOW: Mapping[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "p99": max,
    "p50": lambda v: sorted(v)[len(v) // 2],
}


@dataclass(frozen=True, kw_only=True)
class Board:
    """A dashboard with what was recorded. minutes: since the epoch, the time that is shown."""

    widgets: Sequence[Mapping[str, Any]]
    recording: Recording
    minutes: range
    tables: Tables = field(default_factory=dict)


def markup(board: Board, chart: Chart) -> str:
    """The widgets as markup of a CSS grid."""
    return f'<div class="board">{"".join(_placed(each, _inside(each, board, chart)) for each in board.widgets)}</div>'


def values(plotted: Plotted, recording: Recording, minutes: range) -> list[tuple[int, float]]:
    """A curve's values by the first minute of each period; periods without a value are left out."""
    length = plotted.period // 60
    if query := QUERY.fullmatch(plotted.expression):
        name, namespace, keys, key, value = query.groups()
        return _by_period(recording.across(namespace, name, keys.split(", "), {key: value}), "Sum", length, minutes)
    if plotted.expression == "s / 3600":
        seconds = values(plotted.uses["s"], recording, minutes)
        return [(minute, value / SECONDS_PER_HOUR) for minute, value in seconds]
    if plotted.expression:
        raise ValueError(f"this expression is not drawn: {plotted.expression}")
    data = recording.of(plotted.namespace, plotted.name, plotted.dimensions)
    return _by_period(data, plotted.statistic, length, minutes)


def _by_period(data: Sequence[Datum], statistic: str, length: int, minutes: range) -> list[tuple[int, float]]:
    periods: dict[int, list[float]] = {}
    for minute, value, _ in data:
        if minute in minutes:
            periods.setdefault(minute - minute % length, []).append(value)
    how = _HOW[statistic]
    return [(minute, float(how(found))) for minute, found in sorted(periods.items())]


def _placed(widget: Mapping[str, Any], inside: str) -> str:
    x, y, width, height = (int(widget[key]) for key in ("x", "y", "width", "height"))
    place = f"grid-column:{x + 1}/span {width};grid-row:{y + 1}/span {height}"
    return f'<div class="panel {escape(widget["type"])}" style="{place}">{inside}</div>'


def _inside(widget: Mapping[str, Any], board: Board, chart: Chart) -> str:
    properties = widget["properties"]
    if widget["type"] == "text":
        question, _, text = properties["markdown"].removeprefix("## ").partition("\n")
        pieces = escape(text).split("`")
        marked = "".join(f"<code>{piece}</code>" if number % 2 else piece for number, piece in enumerate(pieces))
        return f"<h3>{escape(question)}</h3><p>{marked}</p>"
    title = f"<h4>{escape(properties['title'])}</h4>"
    if widget["type"] == "alarm":
        return title + _alarms(properties["alarms"])
    if widget["type"] == "log":
        return title + _table(board.tables.get(properties["title"], ()))
    return title + str(chart(_graph(widget, board.recording, board.minutes)))


def _alarms(ids: Sequence[str]) -> str:
    """Their names; nothing evaluates them here, so they are drawn as CloudWatch draws an alarm that is OK."""
    return '<div class="alarms">' + "".join(f"<span>{escape(one[:-8])}</span>" for one in ids) + "</div>"


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    if not rows:
        return '<p class="none">no lines in this time</p>'
    names = list(rows[0])
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{escape(row[n])}</td>" for n in names) + "</tr>" for row in rows)
    return f'<div class="rows"><table><tr>{head}</tr>{body}</table></div>'


def _graph(widget: Mapping[str, Any], recording: Recording, minutes: range) -> go.Figure:
    properties = widget["properties"]
    figure = go.Figure()
    drawn = [(plotted, values(plotted, recording, minutes)) for plotted in curves(widget)]
    # CloudWatch's legend has every curve and can be scrolled; of many a picture shows the highest.
    told = drawn if len(drawn) <= MANY else sorted(drawn, key=_highest, reverse=True)[:SHOWN]
    for number, (plotted, found) in enumerate(told):
        colour = plotted.colour or COLOURS[number % len(COLOURS)]
        shape = {"stackgroup": "all", "line": {"width": 1}} if properties.get("stacked") else {"line": {"width": 2}}
        figure.add_scatter(
            x=[datetime.fromtimestamp(minute * 60, UTC) for minute, _ in found],
            y=[value for _, value in found],
            name=escape(plotted.label or plotted.name),
            mode="lines+markers" if not properties.get("stacked") else "lines",
            marker={"size": 4},
            line_color=colour,
            **({"fillcolor": colour} if properties.get("stacked") else {}),
            **shape,
        )
    for limit in properties.get("annotations", {}).get("horizontal", ()):
        figure.add_hline(
            y=limit["value"],
            line={"color": limit["color"], "width": 1, "dash": "dash"},
            annotation={"text": escape(limit["label"]), "font_size": 10, "font_color": limit["color"]},
            annotation_position="top left",
        )
    return _styled(figure, properties, minutes, height=int(widget["height"]) * ROW - 34)


def _highest(drawn: tuple[Plotted, list[tuple[int, float]]]) -> float:
    return max((value for _, value in drawn[1]), default=0)


def _styled(figure: go.Figure, properties: Mapping[str, Any], minutes: range, *, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        font=FONT,
        paper_bgcolor="white",
        plot_bgcolor="white",
        margin={"l": 8, "r": 8, "t": 6, "b": 8},
        showlegend=True,
        legend={"orientation": "h", "y": -0.14, "x": 0, "title": None, "font_size": 10},
    )
    ends = [datetime.fromtimestamp(minute * 60, UTC) for minute in (minutes.start, minutes.stop)]
    figure.update_xaxes(
        type="date", gridcolor=GRID, automargin=True, fixedrange=True, range=ends, tickformat="%H:%M", nticks=6
    )
    top = max((float(y) for curve in figure.data for y in curve.y), default=0)
    if top < 1 and not properties.get("annotations"):
        figure.update_yaxes(range=[0, 1])
    label = properties.get("yAxis", {}).get("left", {}).get("label", "")
    figure.update_yaxes(
        gridcolor=GRID, zerolinecolor=GRID, automargin=True, fixedrange=True, rangemode="tozero", title=label or None,
        title_font_size=10, nticks=5,
    )  # fmt: skip
    return figure
