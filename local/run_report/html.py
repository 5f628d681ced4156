"""``build/run.html``: one file, nothing loaded from anywhere; charts by the plotly that is written into it."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from local.run_report import charts, tables
from local.run_report.extras import Extras
from local.run_report.figures import billed_units, dimension_name, number, unit_name
from local.run_report.schema import Run

STYLE = Path(__file__).with_name("page.css")
#: the browser itself refuses whatever the page might try to load
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"


def write(run: Run, extras: Extras, path: Path) -> None:
    """Writes the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(run, extras), encoding="utf-8")


def page(run: Run, extras: Extras) -> str:
    """The whole page. All text from outside is escaped."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{escape(f"Metering run: {Path(run.log).name}")}</title>
<link rel="icon" href="data:,">
<style>{STYLE.read_text(encoding="utf-8")}</style>
<script>{get_plotlyjs()}</script>
</head>
<body>
<main>
{_body(run, extras)}
<footer>{" ".join(escape(sentence) for sentence in extras.stand_ins)}</footer>
</main>
</body>
</html>
"""


def _body(run: Run, extras: Extras) -> str:
    dimensions = [name for name in extras.dimensions if name in run.totals()] or list(run.totals())
    parts = [
        _headline(run, extras, dimensions),
        _section(
            "Who was billed for what",
            "Billed units, after scaling and after what the contract includes.",
            tables.bills(run, extras, dimensions),
        ),
        _section(
            "Where every unit went",
            "All customers together, in each dimension's own unit before scaling. Received is recorded, refused, "
            "sent again or waiting; recorded is all to its right.",
            tables.states(run),
        ),
    ]
    if extras.hours:
        parts += [
            _section(
                "Usage through the day",
                "Usage events sent in each simulated hour, resends included; late ones in the hour in which they came.",
                _chart(charts.events_per_hour(extras, dimensions)),
            ),
            _section(
                "Recorded and billed, hour by hour",
                "Pale: recorded in this hour. Full: billed with this hour. The difference is included in the contract, "
                "a user seen before, or kept for the next unit.",
                _chart(charts.billed_per_hour(extras, dimensions)),
            ),
        ]
    parts += [
        _section(
            "Customer by customer",
            "Where the received usage of each customer went; the menu changes the dimension.",
            _customers(run, extras, dimensions),
        ),
        "<div class='pair'>",
        _section(
            "Mixed in on purpose",
            "What a real day brings, sent deliberately, and how it was answered.",
            tables.mix_ins(extras),
        ),
        _section("Refusals", "Events refused at the door, by reason.", tables.refusals(extras.refusals)),
        "</div><div class='pair'>",
        _section("Marketplace", "BatchMeterUsage, as the local Marketplace logged it.", tables.marketplace(run)),
        _section("The log and the run", "", tables.about(extras)),
        "</div>",
    ]
    return "\n".join(parts)


def _headline(run: Run, extras: Extras, dimensions: Sequence[str]) -> str:
    checks = [(check.statement, check.holds, check.figures) for check in extras.checks]
    checks.append(("No unit is unaccounted for.", run.unaccounted == 0, f"{number(run.unaccounted, 6)} unaccounted"))
    good = all(holds for _, holds, _ in checks)
    statement = (
        "Every unit of usage was billed exactly once, or ended in a named state."
        if good
        else "Not everything adds up: see the checks below."
    )
    items = "".join(
        f"<li class='{'good' if holds else 'bad'}'>{escape(text)} <span class='soft'>{escape(figures)}</span></li>"
        for text, holds, figures in checks
    )
    totals = run.totals()
    boxes = [
        ("hours metered", number(run.hours), ""),
        ("customers", number(len(run.buyers)), ""),
        ("lines billed", number(run.marketplace.accepted), ""),
    ]
    for name in dimensions:
        facts = extras.dimensions.get(name)
        unit = unit_name(facts)
        boxes.append((f"{dimension_name(name)} billed", number(billed_units(totals[name].billed, facts)), unit))
    figures = "".join(
        f"<div class='figure'><span class='soft'>{escape(label)}</span><b>{escape(value)}</b>"
        f"<span class='soft'>{escape(unit)}</span></div>"
        for label, value, unit in boxes
    )
    log = extras.log
    return f"""<h1>{run.hours} {"hour" if run.hours == 1 else "hours"} of usage, metered and billed</h1>
<p class="soft">{escape(Path(run.log).name)}: {number(log.replayed_cases)} of {number(log.cases)} cases,
{escape(log.first[:10])} to {escape(log.last[:10])}, each week of it played as one customer in one day.</p>
<div class="statement {"good" if good else "bad"}"><strong>{escape(statement)}</strong>
<ul class="checks">{items}</ul></div>
<div class="figures">{figures}</div>"""


def _section(title: str, text: str, content: str) -> str:
    text = f"<p class='soft'>{escape(text)}</p>" if text else ""
    return f"<section><h2>{escape(title)}</h2>{text}{content}</section>"


def _customers(run: Run, extras: Extras, dimensions: Sequence[str]) -> str:
    """The chart with a menu of the browser's own, which is easier on a phone than plotly's."""
    figure, visible = charts.customers(run, extras, dimensions)
    options = "".join(
        f"<option value='{escape(json.dumps(series))}'>{escape(name)}</option>" for name, series in visible.items()
    )
    change = "Plotly.restyle('customers', {visible: JSON.parse(this.value)})"
    menu = f'<select aria-label="dimension" autocomplete="off" onchange="{change}">{options}</select>'
    return menu + _chart(figure, "customers")


def _chart(figure: go.Figure, element: str | None = None) -> str:
    html: str = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        div_id=element,
        config={"displayModeBar": False, "responsive": True},
    )
    return html
