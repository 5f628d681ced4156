"""The tables and lists of run.html. All text from outside is escaped."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape

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
from local.run_report.schema import ACCOUNT_FIELDS, Account, Customer, Run


def bills(run: Run, extras: Extras, dimensions: Sequence[str]) -> str:
    titles = [(dimension_name(name), unit_beside(name, extras.dimensions.get(name))) for name in dimensions]
    head = "".join(f"<th>{escape(name)}<small>{escape(unit)}</small></th>" for name, unit in titles)
    rows = "".join(
        f"<tr><td>{_customer(customer, extras)}</td>{_bill_cells(customer.dimensions, extras, dimensions)}</tr>"
        for customer in extras.in_order(run.buyers)
    )
    total = _bill_cells(run.totals(), extras, dimensions)
    return _table(f"<th>customer</th>{head}", rows, f"<tr><td>all</td>{total}</tr>")


def _customer(customer: Customer, extras: Extras) -> str:
    facts = extras.customers.get(customer.customerIdentifier)
    tags = [(customer.integration, ""), (tier_name(facts.tier) if facts else "", "")]
    if facts and facts.left:
        tags.append((f"left {facts.left}", " left"))
    key = customer.customerIdentifier
    name = f"<span class='who' title='{escape(key)}'>{escape(short(key))}</span>"
    week = f"<b>{escape(facts.week)}</b> " if facts and facts.week else ""
    return f"{week}{name} " + " ".join(f"<span class='tag{kind}'>{escape(text)}</span>" for text, kind in tags if text)


def _bill_cells(accounts: Mapping[str, Account], extras: Extras, dimensions: Sequence[str]) -> str:
    return "".join(
        _cell(billed_units(accounts.get(name, Account()).billed, extras.dimensions.get(name))) for name in dimensions
    )


def states(run: Run) -> str:
    totals = run.totals()
    used = [state for state in ACCOUNT_FIELDS if any(getattr(account, state) for account in totals.values())]
    head = "".join(f"<th>{escape(STATE_NAMES[state])}</th>" for state in used)
    rows = "".join(
        f"<tr><td>{escape(dimension_name(name))}</td>"
        + "".join(_cell(getattr(account, state)) for state in used)
        + "</tr>"
        for name, account in totals.items()
    )
    return _table(f"<th>dimension</th>{head}", rows)


def mix_ins(extras: Extras) -> str:
    if not extras.mix_ins:
        return "<p class='soft'>Nothing.</p>"
    rows = "".join(
        f"<tr><td>{escape(mix_in_name(mix_in.name))}</td><td>{number(mix_in.sent)}</td><td class='text wrap'>"
        + escape(", ".join(f"{number(count)} {answer}" for answer, count in mix_in.answers.items()))
        + "</td></tr>"
        for mix_in in extras.mix_ins
    )
    return _table("<th>what</th><th>events</th><th class='text'>answered</th>", rows)


def refusals(refusals: Mapping[str, int]) -> str:
    if not refusals:
        return "<p class='soft'>None.</p>"
    largest = max(refusals.values())
    return "".join(
        f"<div class='bar'><span>{escape(reason)}</span>"
        f"<span class='rail'><i style='width:{100 * count / largest:.1f}%'></i></span><b>{number(count)}</b></div>"
        for reason, count in sorted(refusals.items(), key=lambda item: (-item[1], item[0]))
    )


def marketplace(run: Run) -> str:
    figures = {key: value for key, value in vars(run.marketplace).items() if key != "url"}
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{number(value)}</dd>" for name, value in figures.items())
    return f"<dl><dt>address</dt><dd>{escape(run.marketplace.url)}</dd>{rows}</dl>"


def about(extras: Extras) -> str:
    log = extras.log
    facts = {
        "cases in the log": number(log.cases),
        "replayed": f"{number(log.replayed_cases)} (1 in {log.share})" if log.share > 1 else "all",
        "events in the log": number(log.events),
        "people": number(log.people),
        "events without a timestamp": number(log.without_timestamp),
        "usage events of other hours": number(log.outside),
        **{step: seconds(value) for step, value in extras.timings.items()},
    }
    return "<dl>" + "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts.items()) + "</dl>"


def _cell(quantity: Decimal) -> str:
    return f"<td>{escape(number(quantity))}</td>" if quantity else "<td class='none'>0</td>"


def _table(head: str, rows: str, foot: str = "") -> str:
    foot = f"<tfoot>{foot}</tfoot>" if foot else ""
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>{foot}</table></div>"
