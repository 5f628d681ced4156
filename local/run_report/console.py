"""The end of a run on the console: who was billed for what, what was mixed in, whether it adds up, where to look."""

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from local.run_report.extras import Extras
from local.run_report.figures import STATE_NAMES, billed_units, dimension_name, number, seconds, unit_name
from local.run_report.schema import ACCOUNT_FIELDS, Account, Run, unaccounted


def summary(console: Console, run: Run, extras: Extras, *, where: Sequence[Path | str] = ()) -> None:
    """Prints it. ``where``: files and addresses to look at afterwards."""
    dimensions = [name for name in extras.dimensions if name in run.totals()] or list(run.totals())
    console.print(_bills(run, extras, dimensions))
    console.print(_states(run))
    if extras.mix_ins:
        console.print(_mix_ins(extras))
    console.print(_verdict(run, extras, where))


def _bills(run: Run, extras: Extras, dimensions: Sequence[str]) -> Table:
    table = _table("Who was billed for what (billed units)")
    table.add_column("customer", no_wrap=True, overflow="ellipsis", footer="all", max_width=30)
    table.add_column("week, tier", no_wrap=True, style="dim")
    totals = run.totals()
    for name in dimensions:
        facts = extras.dimensions.get(name)
        table.add_column(
            f"{dimension_name(name)}\n[dim]{escape(unit_name(facts))}[/]",
            justify="right",
            footer=number(billed_units(totals[name].billed, facts)),
        )
    for customer in run.customers:
        about = extras.customers.get(customer.customerIdentifier)
        words = [about.week, about.tier or "", f"left {about.left}" if about.left else ""] if about else []
        cells = []
        for name in dimensions:
            billed = customer.dimensions.get(name, Account()).billed
            cells.append(number(billed_units(billed, extras.dimensions.get(name))) if billed else "[dim]0[/]")
        table.add_row(escape(customer.customerIdentifier), escape(" ".join(filter(None, words))), *cells)
    return table


def _states(run: Run) -> Table:
    table = _table("Where every unit went (before scaling)", footer=False)
    table.add_column("dimension", no_wrap=True)
    totals = run.totals()
    used = [state for state in ACCOUNT_FIELDS if any(getattr(account, state) for account in totals.values())]
    for state in used:
        table.add_column(STATE_NAMES[state], justify="right", style="green" if state == "billed" else "")
    for name, account in totals.items():
        quantities = [getattr(account, state) for state in used]
        table.add_row(escape(dimension_name(name)), *(number(q) if q else "[dim]0[/]" for q in quantities))
    return table


def _mix_ins(extras: Extras) -> Table:
    table = _table("Mixed in on purpose", footer=False)
    table.add_column("what", no_wrap=True)
    table.add_column("events", justify="right")
    table.add_column("answered")
    for mix_in in extras.mix_ins:
        answers = ", ".join(f"{number(count)} {answer}" for answer, count in mix_in.answers.items())
        table.add_row(escape(mix_in.name.replace("_", " ")), number(mix_in.sent), escape(answers))
    return table


def _verdict(run: Run, extras: Extras, where: Sequence[Path | str]) -> Panel:
    good = run.unaccounted == 0 and all(check.holds for check in extras.checks)
    lines = [_line(check.holds, check.statement, check.figures) for check in extras.checks]
    lines.append(_line(run.unaccounted == 0, "No unit is unaccounted for", f"{number(run.unaccounted, 6)} unaccounted"))
    lines += [
        Text(f"    {who}, {dimension_name(name)}: {number(quantity, 6)}", style="red")
        for (who, name), quantity in list(unaccounted(run.customers).items())[:10]
    ]
    if extras.timings:
        lines.append(Text(", ".join(f"{step} {seconds(value)}" for step, value in extras.timings.items()), style="dim"))
    lines += [Text(f"→ {place}", style="cyan") for place in where]
    hours = f"{run.hours} {'hour' if run.hours == 1 else 'hours'}"
    calls = f"{number(run.marketplace.accepted)} lines in {number(run.marketplace.calls)} calls"
    words = "billed exactly once" if good else "does not add up"
    title = f"[bold]{hours}, {number(len(run.customers))} customers, {calls}: {words}[/]"
    return Panel(
        Group(*lines), title=title, title_align="left", border_style="green" if good else "red", padding=(1, 2)
    )


def _line(holds: bool, statement: str, figures: str) -> Text:
    mark = ("✓ ", "bold green") if holds else ("✗ ", "bold red")
    return Text.assemble(mark, (statement, "" if holds else "red"), ("  " + figures, "dim"))


def _table(title: str, *, footer: bool = True) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_footer=footer,
        footer_style="bold",
        pad_edge=False,
    )
