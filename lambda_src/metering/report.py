"""State 6, report: levels read from the two indexes, so that no crash can hide what is open or failed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ledger.hour import SECONDS
from ledger.metering_record import MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.pending_page import RecordKey
from ledger.quantity import text
from marketplace.deadlines import WINDOW, deadline
from marketplace.dimensions import Dimension
from metering.keys import record_key
from metering.mode import Mode
from metering.stock import Stock
from runtime.clock import iso

#: how many failed lines a report names; all of them are in the index
NAMED = 50
#: an hour that is still pending with less than this left is at risk: half of an ordinary hour's window
AT_RISK = 12 * 3600
#: records at risk whose units are read, most urgent first; beyond them the sums are at least what they say
READ = 5_000


@dataclass
class Levels:
    """pending_hours: closed hours with a line that has not ended, whose usage the stage sends. held_hours: those that
    its mode holds back. oldest: epoch seconds of the oldest's start. nearest_deadline: epoch seconds from which the
    first of them can no longer be sent.

    at_risk, failed: what is pending with little time left; what has ended otherwise than billed and is not resolved.
    failed_records: the records of these, and stale ones: with a failed mark that no line bears out.
    """

    at_risk: Stock
    failed: Stock
    pending_hours: int = 0
    held_hours: int = 0
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
            "oldestPendingHour": iso(self.oldest) if self.oldest is not None else None,
            "atRisk": self.at_risk.payload(),
            "failedLines": dict(self.verdicts),
            "failedUnits": self.failed.payload()["units"],
            "failed": self.named,
        }


def read_levels(
    records: MeteringRecords, last_hour: int, *, now: float, mode: Mode, dimensions: Mapping[str, Dimension]
) -> Levels:
    """Read both indexes up to an hour (included); what is counted in units is read from the table, consistently."""
    levels = Levels(Stock(dimensions), Stock(dimensions))
    at_risk: list[RecordKey] = []
    for key in records.pending_keys(last_hour):
        _pending(levels, at_risk, key, now, mode)
    for record in records.get_many(islice(sorted(at_risk, key=lambda key: key[1]), READ)):
        levels.at_risk.add_pending(record)
    for record in records.get_many(records.failed_keys(last_hour)):
        _failed(levels, record)
    return levels


def _pending(levels: Levels, at_risk: list[RecordKey], key: RecordKey, now: float, mode: Mode) -> None:
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


def _failed(levels: Levels, record: MeteringRecord) -> None:
    failed = [line for line in record.lines.values() if line.failed]
    (levels.failed_records if failed else levels.stale).append(record)
    for line in failed:
        verdict = str(line.verdict)
        levels.verdicts[verdict] += 1
        levels.failed.add(line.dimension, line.units)
        if len(levels.named) < NAMED:
            key = record_key((record.customer_identifier, record.hour))
            named = {"record": key, "dimension": line.dimension, "quantity": text(line.quantity)}
            levels.named.append({**named, "verdict": verdict})
