"""``ops usage``: what was recorded and billed in a month, day by day."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, get_args

import typer

from ledger.metering_record import MeteringRecord
from ledger.subscriber import SubscriptionStatus
from marketplace.hour import SECONDS, hour_of, month_of, next_month_start
from ops.answer import Answer, Parts, cell, table, words
from ops.forecast import WEEK, WEEKS, Forecast, forecast
from ops.line_id import parse_customer
from ops.refused import Refused
from ops.stage import OpenStage
from ops.subscriber import read_subscriber

Month = Annotated[str, typer.Option(metavar="YYYY-MM", help="a month (UTC); left out: the running one")]
Customer = Annotated[
    str, typer.Option(help="a billing key; left out: all customers, which reads every hour of the month")
]
Dimension = Annotated[str, typer.Option(help="only this dimension in the chart")]

ZERO = Decimal(0)
#: Characters of the longest bar.
WIDTH = 40
ENDED = ("billed", "on_file")


@dataclass
class Sums:
    """Units of one day and dimension: recorded ones, those of them that the contract includes, and billed ones."""

    recorded: Decimal = ZERO
    included: Decimal = ZERO
    billed: Decimal = ZERO
    pending: Decimal = ZERO
    failed: Decimal = ZERO

    def add(self, other: "Sums") -> None:
        """Add another day's."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Totals:
    """Sums by dimension and day."""

    by_day: dict[tuple[str, str], Sums] = field(default_factory=dict)
    records: int = 0

    def add(self, record: MeteringRecord, month: str) -> None:
        """Add an hour: what it recorded, by its counters of the month, and what became of its lines."""
        day = datetime.fromtimestamp(record.hour, UTC).strftime("%Y-%m-%d")
        self.records += 1
        for (dimension, period), units in record.counted.items():
            if period == month:
                self._of(dimension, day).recorded += units
        for dimension, units in record.included.items():
            self._of(dimension, day).included += units
        for dimension, line in record.lines.items():
            sums = self._of(dimension, day)
            if line.verdict in ENDED:
                sums.billed += line.quantity
            elif line.failed:
                sums.failed += line.quantity
            elif not line.ended:
                sums.pending += line.quantity

    def _of(self, dimension: str, day: str) -> Sums:
        return self.by_day.setdefault((dimension, day), Sums())


def usage(stage: OpenStage, month: Month = "", customer: Customer = "", dimension: Dimension = "") -> Answer:
    """What was recorded, included and billed in a month, by dimension, with a chart by day."""
    now = stage.now()
    wanted = month or month_of(now)
    first = _first(wanted)
    last = next_month_start(first) - SECONDS
    if dimension and dimension not in stage.settings.dimensions:
        raise Refused(f"--dimension {dimension[:60]!r}: this stage has {', '.join(stage.settings.dimensions)}")
    totals = Totals()
    foreseen = _forecasts(stage, parse_customer(customer), first, now) if customer and wanted == month_of(now) else {}
    customers = [parse_customer(customer)] if customer else _customers(stage)
    for record in stage.watch(_records(stage, customers, first, last), "hours"):
        totals.add(record, wanted)
    return _answer(stage, totals, wanted, customer, dimension, foreseen)


def _answer(
    stage: OpenStage, totals: Totals, month: str, customer: str, only: str, foreseen: dict[str, Forecast]
) -> Answer:
    sums: dict[str, Sums] = {}
    for (name, _), day in sorted(totals.by_day.items()):
        sums.setdefault(name, Sums()).add(day)
    days = [{"dimension": name, "day": day, **vars(each)} for (name, day), each in sorted(totals.by_day.items())]
    of = customer or "all customers"
    parts = Parts(data={"month": month, "customer": customer or None, "hours": totals.records, "days": days})
    parts.data["dimensions"] = {name: vars(each) for name, each in sums.items()}
    if not sums:
        parts.shown.append(words(f"No usage of {of} was recorded in {month}."))
        return parts.answer()
    columns = ("dimension", "unit", "#recorded", "#included", "#billed units", "#not billed yet", "#failed")
    units = {name: each.unit for name, each in stage.settings.dimensions.items()}
    rows = [(name, units.get(name), *vars(each).values()) for name, each in sums.items()]
    parts.shown.append(table(f"usage of {of} in {month} ({totals.records} hours)", columns, rows))
    if foreseen:
        parts.data["forecast"] = {name: vars(each) for name, each in foreseen.items()}
        parts.shown.append(
            table(
                f"forecast of {month}, right in about nineteen of twenty",
                ("dimension", "#recorded units", "#at least", "#at most"),
                [(name, round(each.total), round(each.low), round(each.high)) for name, each in foreseen.items()],
            )
        )
    for name in [only] if only else sums:
        chart = [(day, each.recorded) for (which, day), each in sorted(totals.by_day.items()) if which == name]
        parts.shown.append(_chart(f"{name}, recorded {units.get(name, 'unit')}s by day", chart))
    parts.trouble = any(each.failed for each in sums.values())
    if parts.trouble:
        parts.next.append("ops failed" + (f" --customer {customer}" if customer else ""))
    parts.next.append(f"ops customer {customer}" if customer else "ops usage --customer <customer>: one of them")
    return parts.answer()


def _forecasts(stage: OpenStage, customer: str, month_start: int, now: float) -> dict[str, Forecast]:
    """The running month's forecast by dimension, of those that are not counted anew every month."""
    subscriber = read_subscriber(stage, customer)
    if subscriber is None or subscriber.latest_activation is None:
        return {}
    first = hour_of(min(month_start, now - WEEKS * WEEK))
    units: dict[str, dict[int, Decimal]] = {}
    for record in _records(stage, [customer], first, hour_of(now)):
        for (name, _), counted in record.counted.items():
            of_hour = units.setdefault(name, {})
            of_hour[record.hour] = of_hour.get(record.hour, ZERO) + counted
    found = {
        name: forecast(units[name], month_start=month_start, now=now, since=subscriber.latest_activation)
        for name, each in stage.settings.dimensions.items()
        if name in units and each.aggregation == "sum"
    }
    return {name: each for name, each in found.items() if each is not None}


def _chart(title: str, days: list[tuple[str, Decimal]]) -> Any:
    most = max((units for _, units in days), default=ZERO) or Decimal(1)
    rows = [(day, "█" * max(1 if units else 0, int(units * WIDTH / most)), cell(units)) for day, units in days]
    return table(title, ("day", "", "#units"), rows)


def _records(stage: OpenStage, customers: Any, first: int, last: int) -> Iterator[MeteringRecord]:
    for customer in customers:
        yield from stage.records.of_customer(customer, first, last, limit=(last - first) // SECONDS + 1)


def _customers(stage: OpenStage) -> Iterator[str]:
    """Every billing key that the stage knows, as the (eventually consistent) index has them."""
    for status in get_args(SubscriptionStatus):
        yield from stage.subscribers.with_status(status)


def _first(month: str) -> int:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise Refused(f"--month {month[:20]!r} is no month: write it like 2026-11")
    return int(datetime.strptime(f"{month}+0000", "%Y-%m%z").timestamp())
