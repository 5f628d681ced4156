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
from local.run_report.figures import (
    STATE_NAMES,
    billed_units,
    dimension_name,
    mix_in_name,
    number,
    seconds,
    short,
    tier_name,
    unit_beside,
)
from local.run_report.schema import ACCOUNT_FIELDS, Account, Run, unaccounted


def summary(console: Console, run: Run, extras: Extras, *, where: Sequence[Path | str] = ()) -> None:
    """Prints it. ``where``: files and addresses to look at afterwards."""
    dimensions = [name for name in extras.dimensions if name in run.totals()] or list(run.totals())
    bills = _bills(run, extras, dimensions, roomy=console.width >= 112)
    console.print(bills)
    if bills.caption:
        console.print()
    console.print(_states(run, dimensions))
    if extras.mix_ins:
        console.print(_mix_ins(extras))
    console.print(_verdict(run, extras, where))


def _bills(run: Run, extras: Extras, dimensions: Sequence[str], *, roomy: bool) -> Table:
    table = _table("Who was billed for what")
    table.add_column("week\n", no_wrap=True, footer="all")
    if roomy:
        table.add_column("customer\n", no_wrap=True)
        table.add_column("contract\n", no_wrap=True)
    totals = run.totals()
    for name in dimensions:
        facts = extras.dimensions.get(name)
        table.add_column(
            f"{escape(dimension_name(name)).replace(' ', chr(10))}\n[dim]{escape(unit_beside(name, facts))}[/]",
            justify="right",
            min_width=10 if roomy else 8,
            footer=number(billed_units(totals[name].billed, facts)),
        )
    for customer in extras.in_order(run.buyers):
        about = extras.customers.get(customer.customerIdentifier)
        who = short(customer.customerIdentifier)
        words = [f"[dim]{escape(who)}[/]", escape(tier_name(about.tier if about else None))]
        cells = []
        for name in dimensions:
            billed = customer.dimensions.get(name, Account()).billed
            cells.append(number(billed_units(billed, extras.dimensions.get(name))) if billed else "[dim]0[/]")
        week = escape((about.week if about else "") or who)
        if about and about.left:
            week += "[yellow]*[/]"
            table.caption = f"[yellow]*[/] unsubscribed at {escape(about.left)}"
        table.add_row(week, *(words if roomy else ()), *cells)
    return table


def _states(run: Run, dimensions: Sequence[str]) -> Table:
    """Transposed, states down the side: it has more of them than a console has room for in a row."""
    table = _table("Where every unit went, before scaling", footer=False)
    totals = {name: account for name, account in run.totals().items() if name in dimensions}
    table.add_column("", no_wrap=True)
    for name in totals:
        table.add_column(escape(dimension_name(name)).replace(" ", "\n"), justify="right")
    for state in ACCOUNT_FIELDS:
        quantities = [getattr(account, state) for account in totals.values()]
        if any(quantities):
            sum_of_others = state in ("received", "recorded")
            indent = "" if sum_of_others else "  "
            style = "bold" if sum_of_others else "green" if state == "billed" else ""
            cells = [number(quantity) if quantity else "[dim]0[/]" for quantity in quantities]
            table.add_row(f"{indent}{STATE_NAMES[state]}", *cells, style=style)
    return table


def _mix_ins(extras: Extras) -> Table:
    table = _table("Mixed in on purpose", footer=False)
    table.add_column("what", no_wrap=True)
    table.add_column("events", justify="right")
    table.add_column("answered")
    for mix_in in extras.mix_ins:
        answers = ", ".join(f"{number(count)} {answer}" for answer, count in mix_in.answers.items())
        table.add_row(escape(mix_in_name(mix_in.name)), number(mix_in.sent), escape(answers))
    return table


def _verdict(run: Run, extras: Extras, where: Sequence[Path | str]) -> Panel:
    good = run.unaccounted == 0 and all(check.holds for check in extras.checks)
    lines = [_line(check.holds, check.statement, check.figures) for check in extras.checks]
    lines.append(
        _line(run.unaccounted == 0, "No unit is unaccounted for.", f"{number(run.unaccounted, 6)} unaccounted")
    )
    lines += [
        Text(f"    {who}, {dimension_name(name)}: {number(quantity, 6)}", style="red")
        for (who, name), quantity in list(unaccounted(run.customers).items())[:10]
    ]
    if extras.timings:
        lines.append(Text())
        lines.append(Text(", ".join(f"{step} {seconds(value)}" for step, value in extras.timings.items()), style="dim"))
    lines += [Text(f"→ {place}", style="cyan") for place in where]
    hours = f"{run.hours} {'hour' if run.hours == 1 else 'hours'}"
    calls = f"{number(run.marketplace.accepted)} lines in {number(run.marketplace.calls)} calls"
    words = "billed exactly once" if good else "does not add up"
    customers = f"{number(len(run.buyers))} {'customer' if len(run.buyers) == 1 else 'customers'}"
    title = f"[bold]{hours}, {customers}, {calls}: {words}[/]"
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
        caption_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_footer=footer,
        footer_style="bold",
        pad_edge=False,
    )
