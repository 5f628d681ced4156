"""State 6, report: levels read from the two indexes, so that no crash can hide what is pending or failed."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from ledger.metering_record import MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.reading import RecordKey
from ledger.subscribers import Subscribers
from marketplace.hour import SECONDS, WINDOW, deadline
from marketplace.products import Products
from marketplace.quantity import text
from metering.run import Mode, record_key
from runtime.clock import iso

#: The most failed lines that a report names; all of them are in the index.
NAMED = 50
#: A pending hour with fewer seconds left than this is at risk: half of an ordinary hour's window.
AT_RISK = 12 * 3600
#: The most records at risk whose units are read, most urgent first, and the most with lines on hold. If there are more,
#: the sums are lower bounds.
READ = 5_000


@dataclass
class UsageSum:
    """Lines added up.

    lines: their number. units: recorded units by the label of the product's dimension. money: at list prices, in the
    stage's currency.
    """

    products: Products
    lines: int = 0
    units: dict[str, Decimal] = field(default_factory=dict)
    money: Decimal = Decimal(0)

    def add(self, product_code: str | None, name: str, units: Decimal) -> None:
        """Add one line (or, before sealing, one counter) of so many recorded units."""
        self.lines += 1
        label = self.products.label(product_code, name)
        self.units[label] = self.units.get(label, Decimal(0)) + units
        dimension = self.products.dimensions.get(label)
        if dimension is not None and dimension.price is not None:
            self.money += units / dimension.scale * dimension.price

    def add_pending(self, record: MeteringRecord, product_code: str | None) -> None:
        """Add what an hour has not billed yet: its lines that have not ended, or before sealing its counts."""
        if record.state == "sealed":
            for line in record.lines.values():
                if not line.ended and line.quantity:
                    self.add(product_code, line.dimension, line.units)
            return
        for (name, _period), units in record.counted.items():
            if units:
                self.add(product_code, name, units)

    def payload(self) -> dict[str, Any]:
        """The sum as the run's summary has it."""
        units = {name: text(total) for name, total in sorted(self.units.items())}
        return {"lines": self.lines, "units": units, "money": text(self.money)}


@dataclass
class Levels:
    """What is pending, at risk and failed at one moment.

    pending_hours: closed hours with a line that has not ended and that the mode sends. held_hours: those that it holds.
    oldest: the start of the oldest pending hour. nearest_deadline: of the pending hours (both in epoch seconds).

    lines_on_hold: lines of unusual hours that wait for a person. An hour that only waits for that is no pending one,
    since this level calls a person.

    at_risk: pending with little time left. failed: ended otherwise than billed, and not resolved. failed_records: the
    records of these. stale: records with a failed mark and no failed line.
    """

    at_risk: UsageSum
    failed: UsageSum
    pending_hours: int = 0
    held_hours: int = 0
    lines_on_hold: int = 0
    oldest: int | None = None
    nearest_deadline: int | None = None
    verdicts: Counter[str] = field(default_factory=Counter)
    failed_records: list[MeteringRecord] = field(default_factory=list)
    stale: list[MeteringRecord] = field(default_factory=list)
    named: list[dict[str, str]] = field(default_factory=list)

    def age(self, now: float) -> float:
        """Seconds since the end of the oldest pending hour; 0 where nothing is pending."""
        return 0.0 if self.oldest is None else max(0.0, now - self.oldest - SECONDS)

    def time_left(self, now: float) -> float:
        """Seconds until the nearest deadline; a whole window where nothing is pending."""
        return WINDOW if self.nearest_deadline is None else self.nearest_deadline - now

    def payload(self) -> dict[str, Any]:
        """The run's summary."""
        return {
            "pendingHours": self.pending_hours,
            "heldHours": self.held_hours,
            "linesOnHold": self.lines_on_hold,
            "oldestPendingHour": iso(self.oldest) if self.oldest is not None else None,
            "atRisk": self.at_risk.payload(),
            "failedLines": dict(self.verdicts),
            "failedUnits": self.failed.payload()["units"],
            "failed": self.named,
        }


def read_levels(
    records: MeteringRecords, subscribers: Subscribers, last_hour: int, *, now: float, mode: Mode, products: Products
) -> Levels:
    """Read both indexes up to an hour (included). Units are read from the table, strongly consistent.

    An hour that is not sealed does not say whose product it is of: its subscriber does, where there are several.
    """
    levels = Levels(UsageSum(products), UsageSum(products))
    at_risk: list[RecordKey] = []
    on_hold: set[RecordKey] = set()
    for record in records.get_many(islice(records.held_keys(last_hour), READ)):
        waiting = [line for line in record.lines.values() if not line.ended]
        held = sum(line.is_on_hold(now) for line in waiting)
        levels.lines_on_hold += held
        if held == len(waiting):
            on_hold.add((record.customer_identifier, record.hour))
    for key in records.pending_keys(last_hour):
        if key not in on_hold:
            _add_pending(levels, at_risk, key, now, mode)
    urgent = list(records.get_many(islice(sorted(at_risk, key=lambda key: key[1]), READ)))
    unsealed = {record.customer_identifier for record in urgent if record.product_code is None}
    found = subscribers.get_many(sorted(unsealed)) if unsealed and products.only is None else ()
    codes = {each.customer_identifier: each.product_code for each in found}
    for record in urgent:
        levels.at_risk.add_pending(record, record.product_code or codes.get(record.customer_identifier))
    for record in records.get_many(records.failed_keys(last_hour)):
        _add_failed(levels, record)
    return levels


def _add_pending(levels: Levels, at_risk: list[RecordKey], key: RecordKey, now: float, mode: Mode) -> None:
    customer, hour = key
    if not mode.sends(customer):
        levels.held_hours += 1
        return
    levels.pending_hours += 1
    levels.oldest = hour if levels.oldest is None else min(levels.oldest, hour)
    until = deadline(hour)
    levels.nearest_deadline = until if levels.nearest_deadline is None else min(levels.nearest_deadline, until)
    if until - now < AT_RISK:
        at_risk.append(key)


def _add_failed(levels: Levels, record: MeteringRecord) -> None:
    failed = [line for line in record.lines.values() if line.failed]
    (levels.failed_records if failed else levels.stale).append(record)
    for line in failed:
        verdict = str(line.verdict)
        levels.verdicts[verdict] += 1
        levels.failed.add(record.product_code, line.dimension, line.units)
        if len(levels.named) < NAMED:
            key = record_key((record.customer_identifier, record.hour))
            named = {"record": key, "dimension": line.dimension, "quantity": text(line.quantity)}
            levels.named.append({**named, "verdict": verdict})
