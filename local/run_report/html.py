"""``build/run.html``: one file that loads nothing; the plotly inside it draws the charts."""

from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from local.dashboard_picture.figure import Board, markup
from local.run_report import charts
from local.run_report.extras import Extras
from local.run_report.figures import STATE_NAMES, dimension_name, mix_in_name, number, seconds, unit_name
from local.run_report.rows import Rows, answers, plural
from local.run_report.schema import Run

HERE = Path(__file__).parent
#: Jinja2 escapes every text; only the style, plotly and its charts are markup.
TEMPLATES = Environment(loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined)
TEMPLATES.filters |= {"number": number, "plural": plural, "answers": answers, "mix_in_name": mix_in_name}


def write(run: Run, extras: Extras, path: Path, board: Board | None = None) -> None:
    """Writes the page to ``path`` and creates its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(run, extras, board), encoding="utf-8")


def page(run: Run, extras: Extras, board: Board | None = None) -> str:
    """The whole page as HTML. board: the stage's dashboard with the run's figures, if it is to be shown."""
    rows = Rows(run, extras)
    customers, visible = charts.customers(run, extras, rows.dimensions)
    return TEMPLATES.get_template("page.html.j2").render(
        run=run,
        extras=extras,
        rows=rows,
        log_name=Path(run.log).name,
        style=Markup((HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - the library's own script
        boxes=_boxes(rows),
        state_names=STATE_NAMES,
        events_per_hour=_chart(charts.events_per_hour(extras, rows.dimensions)) if extras.hours else "",
        billed_per_hour=_chart(charts.billed_per_hour(extras, rows.dimensions)) if extras.hours else "",
        customers=_chart(customers, "customers"),
        visible=visible,
        refusals=sorted(extras.refusals.items(), key=lambda item: (-item[1], item[0])),
        marketplace={"address": run.marketplace.url}
        | {name: number(value) for name, value in vars(run.marketplace).items() if name != "url"},
        about=_about(extras),
        board=Markup(markup(board, _chart)) if board else "",  # noqa: S704 - texts in it are escaped
    )


def _boxes(rows: Rows) -> Sequence[tuple[str, object, str]]:
    """The figures on top: label, value, unit."""
    run, facts = rows.run, rows.extras.dimensions
    billed = zip(rows.dimensions, rows.billed, strict=True)
    return [
        ("hours metered", run.hours, ""),
        ("customers", len(run.buyers), ""),
        ("lines billed", run.marketplace.accepted, ""),
        *((f"{dimension_name(name)} billed", units, unit_name(facts.get(name))) for name, units in billed),
    ]


def _about(extras: Extras) -> dict[str, str]:
    log = extras.log
    return {
        "cases in the log": number(log.cases),
        "replayed": f"{number(log.replayed_cases)} (1 in {log.share})" if log.share > 1 else "all",
        "events in the log": number(log.events),
        "people": number(log.people),
        "events without a timestamp": number(log.without_timestamp),
        "usage events of other hours": number(log.outside),
        **{step: seconds(value) for step, value in extras.timings.items()},
    }


def _chart(figure: go.Figure, element: str | None = None) -> Markup:
    config = {"displayModeBar": False, "responsive": True}
    html = figure.to_html(full_html=False, include_plotlyjs=False, div_id=element, config=config)
    return Markup(html)  # noqa: S704 - plotly's own markup; the texts in it are escaped by charts
