"""State 6, report: levels read from the two indexes, so that no crash can hide what is open or failed."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger.hour import SECONDS
from ledger.metering_record import MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.quantity import text
from marketplace.deadlines import WINDOW, deadline
from metering.keys import record_key
from runtime.clock import iso

#: how many failed lines a report names; all of them are in the index
NAMED = 50


@dataclass
class Levels:
    """pending_hours: closed hours with a line that has not ended. oldest: epoch seconds of the oldest's start.

    nearest_deadline: epoch seconds from which the first of them can no longer be sent. stale: records with a failed
    mark that no line bears out (a late answer said that it was billed).

    failed: failed, unresolved lines by verdict; units: their recorded units by dimension.
    """

    pending_hours: int = 0
    oldest: int | None = None
    nearest_deadline: int | None = None
    stale: list[MeteringRecord] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    units: dict[str, Decimal] = field(default_factory=dict)
    named: list[dict[str, str]] = field(default_factory=list)

    def age(self, now: float) -> float:
        """Seconds since the end of the oldest pending hour; 0 where nothing is pending."""
        return 0.0 if self.oldest is None else max(0.0, now - self.oldest - SECONDS)

    def time_left(self, now: float) -> float:
        """Seconds until the nearest deadline; a whole window where nothing is pending."""
        return WINDOW if self.nearest_deadline is None else self.nearest_deadline - now

    def payload(self) -> dict[str, Any]:
        return {
            "pendingHours": self.pending_hours,
            "oldestPendingHour": iso(self.oldest) if self.oldest is not None else None,
            "failedLines": dict(self.failed),
            "failedUnits": {name: text(units) for name, units in sorted(self.units.items())},
            "failed": self.named,
        }


def read_levels(records: MeteringRecords, last_hour: int) -> Levels:
    """Read both indexes up to an hour (included). Failed records are read from the table, strongly consistent."""
    levels = Levels()
    for _customer, hour in records.pending_keys(last_hour):
        levels.pending_hours += 1
        levels.oldest = hour if levels.oldest is None else min(levels.oldest, hour)
        until = deadline(hour)
        levels.nearest_deadline = until if levels.nearest_deadline is None else min(levels.nearest_deadline, until)
    for record in records.get_many(records.failed_keys(last_hour)):
        if not any(line.failed for line in record.lines.values()):
            levels.stale.append(record)
        for line in record.lines.values():
            if not line.failed or line.verdict is None:
                continue
            levels.failed[line.verdict] += 1
            levels.units[line.dimension] = levels.units.get(line.dimension, Decimal(0)) + line.units
            if len(levels.named) < NAMED:
                key = record_key((record.customer_identifier, record.hour))
                named = {"record": key, "dimension": line.dimension, "quantity": text(line.quantity)}
                levels.named.append({**named, "verdict": line.verdict})
    return levels
