"""``ops close``: a month's invoice by our own books, at list price; once it is closed it does not change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Annotated

import typer

from ledger.invoice import UNITS, ZERO, Row, Sums
from ledger.transaction import Operation
from marketplace.dimensions import Dimension
from marketplace.hour import month_closes_at
from marketplace.quantity import text
from ops.answer import Answer, table, words
from ops.change import STAGE_SUBJECT, Change
from ops.line_id import HourId
from ops.month import closed
from ops.month.ledger_month import CustomerMonth, Month, customers, read_month
from ops.month.shown_invoice import NAMED, Invoice, Totals
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import iso

MonthName = Annotated[str, typer.Argument(metavar="MONTH", help="a month in UTC, for example 2026-11")]
Out = Annotated[str, typer.Option(help="a folder, for the files <stage>-<month>.csv and .json")]
Draft = Annotated[bool, typer.Option("--draft", help="show a month that is not over, or not finished; store nothing")]


def close(stage: OpenStage, month: MonthName, out: Out = "", draft: Draft = False) -> Answer | Change:
    """The invoice of a month by our own books: reported, included, billed, carried, lost, at list price.

    With --apply it is stored, and never changes. A closed month is shown as it was stored.
    """
    wanted = Month.parse(month)
    known = None if draft else closed.heading(stage, month)
    over = month_closes_at(wanted.after - 1)
    if stage.now() < over and not draft:
        raise Refused(f"{month} is not over before {iso(over)}: ops close {month} --draft shows it as it is")
    now = _Now()
    for key in stage.watch(customers(stage), "customers"):
        now.add(read_month(stage, wanted, key))
    if known is not None:
        return _stored(stage, known, now, out)
    invoice = Invoice.of(stage, month, now.parts, now.totals, {"state": "draft" if draft else "open"})
    if draft:
        return invoice.answer(out, now.unfinished, next_=[f"ops close {month}: when it is over"])
    if now.unfinished:
        named = ", ".join(str(hour) for hour in now.unfinished[:3])
        raise Refused(
            f"{len(now.unfinished)} hours of {month} have lines that wait, or that may have been billed ({named}):"
            f" ops close {month} --draft lists them, ops explain <line> says what is missing"
        )
    return _close(stage, month, invoice, out)


@dataclass
class _Now:
    """What the ledger says now. parts: each customer's rows as they are stored, which take a tenth of the memory."""

    totals: Totals = field(default_factory=Totals)
    parts: list[tuple[str, str]] = field(default_factory=list)
    unfinished: list[HourId] = field(default_factory=list)

    def add(self, month: CustomerMonth) -> None:
        """Add a customer."""
        self.totals.add(month.rows)
        self.unfinished += month.unfinished
        if month.rows:
            self.parts.append((month.customer, closed.encode(month.rows)))


def _close(stage: OpenStage, month: str, invoice: Invoice, out: str) -> Change:
    parts = invoice.parts
    prices = {name: text(each.price) for name, each in stage.settings.dimensions.items() if each.price is not None}

    def do(entry: Operation) -> Sequence[str]:
        made = closed.store(stage, entry, month, parts, prices)
        final = replace(invoice, about={"state": "closed", "closedAt": made.closed_at, "digest": made.digest})
        return [f"{month} is closed.", *(f"wrote {path}" for path in final.write(out))]

    amounts = {name: amount for name, amount in invoice.amounts().items() if amount}
    return Change(
        subject=STAGE_SUBJECT,
        target=month,
        change={"customers": len(parts), "digest": closed.digest(parts), "amounts": amounts},
        shown=[*invoice.shown(), words(f"{month} would be closed: it is stored so, and does not change any more.")],
        do=do,
        next=[f"ops close {month} --out <folder>: its files, at any time"],
    )


def _stored(stage: OpenStage, known: closed.Heading, now: _Now, out: str) -> Answer:
    """The closed month as it was stored, and where the ledger would say something else today."""
    parts = list(closed.stored_parts(stage, known, customers(stage)))
    if closed.digest(parts) != known.digest or len(parts) != known.customers:
        raise Refused(
            f"the stored parts of {known.month} are not those that were closed ({len(parts)} of {known.customers}"
            " customers): restore yawl-audit from its backup (docs/archive.md)"
        )
    totals = Totals()
    for customer, encoded in parts:
        totals.add(closed.decode(customer, encoded))
    about = {"state": "closed", "closedAt": known.closed_at, "digest": known.digest}
    invoice = replace(
        Invoice.of(stage, known.month, parts, totals, about),
        currency=known.currency,
        dimensions=_priced(stage.settings.dimensions, known.prices),
    )
    changes = differences(dict(parts), dict(now.parts))
    more = []
    if changes:
        columns = ("customer", "day", "dimension", "what", "#closed", "#now")
        more.append(table("the ledger says something else today", columns, changes[:NAMED]))
    return invoice.answer(
        out,
        more=[words(f"{known.month} was closed at {known.closed_at}; this is what was stored."), *more],
        data={"changed": [dict(zip(_CHANGED, each, strict=True)) for each in changes]},
        next_=[f"ops actions {changes[0][0]}: what a person has decided since"] if changes else [],
        trouble=bool(changes),
    )


_CHANGED = ("customer", "day", "dimension", "what", "closed", "now")


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str, str, str, Decimal, Decimal]]:
    """Where two invoices of a month differ: customer, day, dimension, name of the units, before and now.

    old, new: the customers' encoded rows.
    """
    found = []
    for customer in sorted({*old, *new}):
        ours, theirs = old.get(customer, "[]"), new.get(customer, "[]")
        if ours != theirs:
            found += _differing(closed.decode(customer, ours), closed.decode(customer, theirs))
    return found


def _differing(old: Iterable[Row], new: Iterable[Row]) -> list[tuple[str, str, str, str, Decimal, Decimal]]:
    before = {row[:3]: row.sums for row in old}
    after = {row[:3]: row.sums for row in new}
    found = []
    for key in sorted({*before, *after}):
        ours, theirs = before.get(key, Sums()).units, after.get(key, Sums()).units
        for name in UNITS:
            was, now = ours.get(name, ZERO), theirs.get(name, ZERO)
            if was != now:
                found.append((*key, name, was, now))
    return found


def _priced(dimensions: Mapping[str, Dimension], prices: Mapping[str, str]) -> dict[str, Dimension]:
    """The dimensions with the prices at which the month was closed."""
    return {
        name: replace(each, price=Decimal(prices[name]) if name in prices else None)
        for name, each in dimensions.items()
    }
