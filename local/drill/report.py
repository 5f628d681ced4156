"""The table of a drill: on the console, as JSON, and as a page."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from local.drill.scenario import Outcome

HEADINGS = (
    "scenario", "alarm", "minutes to the call", "runbook", "commands", "recorded", "at stake", "billed",
    "lost by name", "billed twice", "seconds",
)  # fmt: skip
#: Columns of the console, where it shows no terminal's width.
WIDTH = 180
STYLE = """body{font:15px/1.5 system-ui,sans-serif;color:#26323d;max-width:80rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #e6e9ee;
vertical-align:top}th{font-weight:600}pre{background:#f6f8fa;padding:.6rem;overflow:auto;font-size:13px}
.wrong{color:#b3261e;font-weight:600}summary{cursor:pointer}"""


def on_console(console: Console, outcomes: Sequence[Outcome]) -> None:
    """The table, and what did not hold."""
    table = Table(box=None)
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, overflow="fold", justify="left" if number in (0, 1, 3, 8) else "right")
    for outcome in outcomes:
        table.add_row(*cells(outcome), style="red" if outcome.wrong else "")
    console.print(table)
    for outcome in outcomes:
        if outcome.wrong:
            console.print(f"[red]✗[/] {outcome.scenario.name}: {outcome.wrong}", markup=True)


def cells(outcome: Outcome) -> list[str]:
    """A row, in the order of the headings."""
    told = outcome.scenario
    lost = f"{outcome.lost}" if not outcome.named else f"{outcome.named:f}: {outcome.lost}"
    return [
        told.happens, told.alarm, str(outcome.minutes), f"{told.page}.md", str(len(outcome.commands)),
        f"{outcome.recorded:f}", f"{outcome.at_stake:f}", f"{outcome.billed:f}", lost, str(outcome.billed_twice),
        f"{outcome.seconds:.0f}",
    ]  # fmt: skip


def write(folder: Path, outcomes: Sequence[Outcome]) -> list[Path]:
    """drill.json and drill.html."""
    files = [folder / "drill.json", folder / "drill.html"]
    files[0].write_text(json.dumps([_plain(each) for each in outcomes], indent=2), encoding="utf-8")
    files[1].write_text(_page(outcomes), encoding="utf-8")
    return files


def _plain(outcome: Outcome) -> dict[str, Any]:
    told = outcome.scenario
    named = {"scenario": told.name, "happens": told.happens, "alarm": told.alarm, "runbook": told.page}
    amounts = {name: f"{getattr(outcome, name):f}" for name in ("recorded", "at_stake", "billed", "named")}
    rest = {"minutes": outcome.minutes, "others": list(outcome.others), "lost": outcome.lost, "wrong": outcome.wrong}
    commands = [asdict(each) for each in outcome.commands]
    return {**named, **amounts, **rest, "billedTwice": outcome.billed_twice, "commands": commands}


def _page(outcomes: Sequence[Outcome]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in HEADINGS)
    rows = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in cells(each)) + "</tr>" for each in outcomes)
    told = "".join(_told(each) for each in outcomes)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Drill</title><style>{STYLE}</style>'
        f"<h1>Drill</h1><table><tr>{head}</tr>{rows}</table>{told}</html>"
    )


def _told(outcome: Outcome) -> str:
    wrong = f'<p class="wrong">{escape(outcome.wrong)}</p>' if outcome.wrong else ""
    others = f"<p>Also called: {escape(', '.join(outcome.others))}.</p>" if outcome.others else ""
    ran = "".join(
        f"<details><summary>{escape(each.page)}.md, {escape(each.name)}</summary>"
        f"<pre>{escape(each.commands)}</pre><pre>{escape(each.said)}</pre></details>"
        for each in outcome.commands
    )
    return f"<h2>{escape(outcome.scenario.happens)}</h2>{wrong}{others}{ran}"
