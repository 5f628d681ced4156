"""Prints the summary of a run on the console: the bills, the states, the mix-ins, the checks and the addresses."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from rich import box
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from local.run_report.extras import Extras
from local.run_report.figures import STATE_NAMES, dimension_name, mix_in_name, number, seconds
from local.run_report.rows import Rows, answers, plural
from local.run_report.schema import Run, unaccounted


def summary(console: Console, run: Run, extras: Extras, *, where: Sequence[Path | str] = ()) -> None:
    """Prints the summary. ``where``: files and addresses to look at afterwards."""
    rows = Rows(run, extras)
    bills = _bills(rows, wide=console.width >= 112)
    console.print(bills)
    if bills.caption:
        console.print()
    console.print(_states(rows))
    if extras.mix_ins:
        console.print(_mix_ins(extras))
    console.print(_verdict(rows, where))


def _bills(rows: Rows, *, wide: bool) -> Table:
    table = _table("Who was billed for what")
    table.add_column("week\n", no_wrap=True, footer="all")
    if wide:
        table.add_column("customer\n", no_wrap=True)
        table.add_column("contract\n", no_wrap=True)
    for (name, unit), billed in zip(rows.columns, rows.billed, strict=True):
        table.add_column(
            f"{escape(name).replace(' ', chr(10))}\n[dim]{escape(unit)}[/]",
            justify="right",
            min_width=10 if wide else 8,
            footer=number(billed),
        )
    for bill in rows.bills:
        week = escape(bill.week or bill.short_key)
        if bill.cancelled:
            week += "[yellow]*[/]"
            table.caption = f"[yellow]*[/] cancelled at {escape(bill.cancelled)}"
        words = [f"[dim]{escape(bill.short_key)}[/]", escape(bill.tier)]
        table.add_row(week, *(words if wide else ()), *map(_cell, bill.units))
    return table


def _states(rows: Rows) -> Table:
    """The states are rows, because a console is too narrow for them as columns."""
    table = _table("Where every unit went, before scaling", footer=False)
    table.add_column("", no_wrap=True)
    for name, _ in rows.columns:
        table.add_column(escape(name).replace(" ", "\n"), justify="right")
    for state, quantities in rows.states.items():
        sum_of_others = state in ("received", "recorded")
        indent = "" if sum_of_others else "  "
        style = "bold" if sum_of_others else "green" if state == "billed" else ""
        table.add_row(f"{indent}{STATE_NAMES[state]}", *map(_cell, quantities), style=style)
    return table


def _mix_ins(extras: Extras) -> Table:
    table = _table("Mixed in on purpose", footer=False)
    table.add_column("what", no_wrap=True)
    table.add_column("events", justify="right")
    table.add_column("answered")
    for mix_in in extras.mix_ins:
        table.add_row(escape(mix_in_name(mix_in.name)), number(mix_in.sent), escape(answers(mix_in.answers)))
    return table


def _verdict(rows: Rows, where: Sequence[Path | str]) -> Panel:
    run = rows.run
    lines = [_line(check.holds, check.statement, check.figures) for check in rows.checks]
    lines += [
        Text(f"    {customer}, {dimension_name(name)}: {number(quantity, 6)}", style="red")
        for (customer, name), quantity in list(unaccounted(run.customers).items())[:10]
    ]
    timings = rows.extras.timings
    if timings:
        lines.append(Text())
        lines.append(Text(", ".join(f"{step} {seconds(value)}" for step, value in timings.items()), style="dim"))
    lines += [Text(f"→ {address}", style="cyan") for address in where]
    counts = ", ".join(
        [
            plural(run.hours, "hour"),
            plural(len(run.buyers), "customer"),
            f"{number(run.marketplace.accepted)} lines in {number(run.marketplace.calls)} calls",
        ]
    )
    title = f"[bold]{counts}: {'billed exactly once' if rows.good else 'does not add up'}[/]"
    colour = "green" if rows.good else "red"
    return Panel(Group(*lines), title=title, title_align="left", border_style=colour, padding=(1, 2))


def _cell(quantity: Decimal) -> str:
    return number(quantity) if quantity else "[dim]0[/]"


def _line(holds: bool, statement: str, figures: str) -> Text:
    mark = ("✓ ", "bold green") if holds else ("✗ ", "bold red")
    return Text.assemble(mark, (statement, "" if holds else "red"), ("  " + figures, "dim"))


def _table(title: str, *, footer: bool = True) -> Table:
    return Table(
        title=title,
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_footer=footer,
        footer_style="bold",
        pad_edge=False,
    )
