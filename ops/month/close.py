"""``ops close``: a month's invoice by our own books, at list price; once it is closed it does not change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Annotated, Any

import typer

from ledger.conservation import conserved
from ledger.transaction import Operation
from marketplace.dimensions import Dimension
from marketplace.hour import month_closes_at
from marketplace.quantity import text
from ops.answer import Answer, table, words
from ops.change import STAGE_SUBJECT, Change
from ops.line_id import HourId
from ops.month import closed
from ops.month.files import write_files
from ops.month.invoice import PRICED, UNITS, ZERO, Row, Sums
from ops.month.ledger_month import CustomerMonth, Month, customers, read_month
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import iso

MonthName = Annotated[str, typer.Argument(metavar="MONTH", help="a month in UTC, for example 2026-11")]
Out = Annotated[str, typer.Option(help="a folder, for the files <stage>-<month>.csv and .json")]
Draft = Annotated[bool, typer.Option("--draft", help="show a month that is not over, or not finished; store nothing")]

#: Of hours that an answer names.
NAMED = 20


@dataclass
class Totals:
    """A month's sums by dimension, and by customer and dimension."""

    by_dimension: dict[str, Sums] = field(default_factory=dict)
    by_customer: dict[str, dict[str, Sums]] = field(default_factory=dict)

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows. Raises NotConserved where a unit is nowhere."""
        for row in rows:
            conserved(f"units of {row.dimension} on {row.day}", ZERO, row.sums.unaccounted())
            own = self.by_customer.setdefault(row.customer, {})
            for sums in (self.by_dimension, own):
                sums.setdefault(row.dimension, Sums()).plus(row.sums)


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
    invoice = _Invoice.of(stage, month, now.parts, now.totals, {"state": "draft" if draft else "open"})
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


@dataclass(frozen=True, kw_only=True)
class _Invoice:
    """A month's invoice, ready to be shown."""

    stage: str
    month: str
    parts: Sequence[tuple[str, str]]
    dimensions: Mapping[str, Dimension]
    currency: str
    about: Mapping[str, Any]
    totals: Totals

    @classmethod
    def of(
        cls,
        stage: OpenStage,
        month: str,
        parts: Sequence[tuple[str, str]],
        totals: Totals,
        about: Mapping[str, Any],
    ) -> "_Invoice":
        """An invoice with the prices of the stage file."""
        settings = stage.settings
        return cls(
            stage=settings.name,
            month=month,
            parts=parts,
            dimensions=settings.dimensions,
            currency=settings.currency,
            about=about,
            totals=totals,
        )

    def rows(self) -> Iterator[Row]:
        """All rows, by customer."""
        for customer, encoded in self.parts:
            yield from closed.decode(customer, encoded)

    def data(self) -> dict[str, Any]:
        """For programs."""
        sums = self.totals
        return {
            "month": self.month,
            "currency": self.currency,
            **self.about,
            "dimensions": {name: self._plain(name, each) for name, each in sorted(sums.by_dimension.items())},
            "customers": {
                customer: {name: self._plain(name, each) for name, each in sorted(own.items())}
                for customer, own in sums.by_customer.items()
            },
            "amounts": self.amounts(),
        }

    def _plain(self, name: str, sums: Sums) -> dict[str, Any]:
        amounts = {f"{key}Amount": value for key, value in sums.amounts(self.dimensions.get(name)).items()}
        billed = sums.quantity.get("billed", ZERO)
        return {**{key: sums.units.get(key, ZERO) for key in UNITS}, "billedUnits": billed, **amounts}

    def amounts(self) -> dict[str, Decimal]:
        """The whole month's money; dimensions without a price are not in it."""
        found = dict.fromkeys(PRICED, ZERO)
        for name, sums in self.totals.by_dimension.items():
            for key, amount in sums.amounts(self.dimensions.get(name)).items():
                found[key] += amount
        return found

    def shown(self) -> list[Any]:
        """For people."""
        by_dimension = self.totals.by_dimension
        if not by_dimension:
            return [words(f"No usage was recorded in {self.month}.")]
        # Names that have no units anywhere would only widen the table.
        used = [name for name in UNITS if any(name in sums.units for sums in by_dimension.values())]
        unit_rows = [
            (name, self._unit(name), *(sums.units.get(key, ZERO) for key in used))
            for name, sums in sorted(by_dimension.items())
        ]
        parts = [
            table(
                f"{self.month} of {len(self.totals.by_customer)} customers, in recorded units",
                ("dimension", "unit", *(f"#{name}" for name in used)),
                unit_rows,
            )
        ]
        money = []
        for name, sums in sorted(by_dimension.items()):
            dimension = self.dimensions.get(name)
            amounts = sums.amounts(dimension)
            if amounts and dimension is not None:
                money.append((name, sums.quantity.get("billed", ZERO), dimension.price, *amounts.values()))
        if money:
            names = ("dimension", "#billed units", "#price", *(f"#{name}" for name in PRICED))
            money.append(("in all", None, None, *self.amounts().values()))
            parts.append(table(f"at list price, in {self.currency}, before tax", names, money))
        unpriced = [name for name in sorted(by_dimension) if not by_dimension[name].amounts(self.dimensions.get(name))]
        if unpriced:
            parts.append(words(f"Without a price in stages/product.toml: {', '.join(unpriced)}."))
        return parts

    def _unit(self, name: str) -> str | None:
        dimension = self.dimensions.get(name)
        return dimension.unit if dimension else None

    def write(self, out: str) -> list[str]:
        """Its files, where there is a folder for them."""
        if not out:
            return []
        draft = "-draft" if self.about["state"] == "draft" else ""
        name = f"{self.stage}-{self.month}{draft}"
        about = {"month": self.month, "stage": self.stage, "currency": self.currency, **self.about}
        about["amounts"] = {key: text(value) for key, value in self.amounts().items()}
        return write_files(out, name, self.month, self.rows, self.dimensions, self.currency, about)

    def answer(
        self,
        out: str,
        unfinished: Sequence[HourId] = (),
        *,
        more: Sequence[Any] = (),
        data: Mapping[str, Any] | None = None,
        next_: Sequence[str] = (),
        trouble: bool = False,
    ) -> Answer:
        """The answer that shows it, and names its files."""
        files = self.write(out)
        shown = self.shown()
        if unfinished:
            names = [str(hour) for hour in unfinished[:NAMED]]
            shown.append(table(f"{len(unfinished)} hours are not finished", ("hour",), [(name,) for name in names]))
        shown += [*more, *(words(f"wrote {path}") for path in files)]
        whole = {**self.data(), "unfinished": [str(hour) for hour in unfinished], "files": files, **(data or {})}
        return Answer(data=whole, shown=shown, next=list(next_), trouble=trouble)


def _close(stage: OpenStage, month: str, invoice: _Invoice, out: str) -> Change:
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
        _Invoice.of(stage, known.month, parts, totals, about),
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
