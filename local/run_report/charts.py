"""The charts of run.html, as plotly figures."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from local.run_report.extras import Extras, HourFacts
from local.run_report.figures import (
    DIMENSION_COLOURS,
    STATE_COLOURS,
    STATE_NAMES,
    dimension_name,
    number,
    short,
    unit_name,
)
from local.run_report.schema import Customer, Run

FONT = {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 13, "color": "#26323d"}
GRID = "#e6e9ee"


def events_per_hour(extras: Extras, dimensions: Sequence[str]) -> go.Figure:
    """Usage events sent in each hour, stacked by dimension. Events add up; calls and gigabytes would not."""
    figure = go.Figure()
    for name, colour in zip(dimensions, _colours(dimensions), strict=True):
        figure.add_bar(
            x=_clock(extras.hours),
            y=[hour.events.get(name, 0) for hour in extras.hours],
            name=escape(dimension_name(name)),
            marker_color=colour,
            hovertemplate="%{x}<br>%{y:,} events<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.25, height=340)
    return _styled(figure)


def billed_per_hour(extras: Extras, dimensions: Sequence[str]) -> go.Figure:
    """A panel with its own scale for each dimension: recorded units behind, billed units in front, before scaling."""
    figure = make_subplots(
        rows=len(dimensions),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.3 / max(4, len(dimensions)),
        subplot_titles=[escape(_with_unit(name, extras)) for name in dimensions],
    )
    for row, (name, colour) in enumerate(zip(dimensions, _colours(dimensions), strict=True), 1):
        for series, opacity in (("recorded", 0.28), ("billed", 1.0)):
            quantities = [getattr(hour, series).get(name, 0) for hour in extras.hours]
            figure.add_bar(
                x=_clock(extras.hours),
                y=[float(quantity) for quantity in quantities],
                customdata=[number(quantity, 6) for quantity in quantities],
                marker_color=colour,
                opacity=opacity,
                name=series,
                offsetgroup=series,
                showlegend=False,
                hovertemplate="%{x}: %{customdata} " + series + "<extra></extra>",
                row=row,
                col=1,
            )
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05, height=110 + 125 * len(dimensions))
    figure.update_annotations(font_size=13, x=0, xanchor="left")
    return _styled(figure, top=36)


def customers(run: Run, extras: Extras, dimensions: Sequence[str]) -> tuple[go.Figure, dict[str, list[bool]]]:
    """The states of each customer's received usage, one dimension at a time.

    The second value has, for each dimension by its name for people, which series of the figure are visible.
    """
    figure = go.Figure()
    ordered = extras.in_order(run.customers)
    names = [escape(customer.customerIdentifier) for customer in ordered]
    dimension_of_series: list[str] = []
    for name in dimensions:
        accounts = [customer.dimensions.get(name) for customer in ordered]
        for state, colour in STATE_COLOURS.items():
            quantities = [getattr(account, state) if account else 0 for account in accounts]
            if not any(quantities):
                continue
            figure.add_bar(
                y=list(range(len(names))),
                x=[float(quantity) for quantity in quantities],
                customdata=[[name, number(quantity, 6)] for name, quantity in zip(names, quantities, strict=True)],
                orientation="h",
                name=STATE_NAMES[state],
                marker_color=colour,
                visible=name == dimensions[0],
                hovertemplate="%{customdata[0]}<br>%{customdata[1]}<extra>%{fullData.name}</extra>",
            )
            dimension_of_series.append(name)
    figure.update_layout(
        barmode="stack",
        bargap=0.22,
        height=110 + 21 * max(4, len(names)),
        yaxis={
            "tickmode": "array",
            "tickvals": list(range(len(names))),
            "ticktext": [_label(customer, extras) for customer in ordered],
            "autorange": "reversed",
        },
    )
    visible = {_with_unit(name, extras): [series == name for series in dimension_of_series] for name in dimensions}
    return _styled(figure), visible


def _colours(dimensions: Sequence[str]) -> list[str]:
    return [DIMENSION_COLOURS[index % len(DIMENSION_COLOURS)] for index in range(len(dimensions))]


def _clock(hours: Sequence[HourFacts]) -> list[str]:
    return [f"{hour.hour[11:13]}h" for hour in hours]


def _with_unit(name: str, extras: Extras) -> str:
    facts = extras.dimensions.get(name)
    return dimension_name(name) if facts is None else f"{dimension_name(name)}, in {unit_name(replace(facts, scale=1))}"


def _label(customer: Customer, extras: Extras) -> str:
    facts = extras.customers.get(customer.customerIdentifier)
    return escape((facts.week if facts else "") or short(customer.customerIdentifier))


def _styled(figure: go.Figure, top: int = 40) -> go.Figure:
    figure.update_layout(
        font=FONT,
        paper_bgcolor="white",
        plot_bgcolor="white",
        margin={"l": 8, "r": 8, "t": top, "b": 8},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "title": None, "traceorder": "normal"},
        hoverlabel={"bgcolor": "white", "bordercolor": "#c9ccd3", "font": FONT},
    )
    figure.update_xaxes(gridcolor=GRID, zerolinecolor=GRID, automargin=True, fixedrange=True)
    figure.update_yaxes(gridcolor=GRID, zerolinecolor=GRID, automargin=True, fixedrange=True)
    return figure
