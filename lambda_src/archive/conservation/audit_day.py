"""Reads what the archive has of a day, customer by customer, and audits it.

A part of the customers is audited at a time: it has to fit into memory. Every part reads all lines, and takes those of
its own customers.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from archive.change import customer_of, folder, read
from archive.conservation.gathered import Gathered
from archive.conservation.rules import DAY, Difference, audit
from archive.objects import Objects
from ledger.tables import METERING_RECORDS, STATE, USAGE_EVENTS
from marketplace.hour import SECONDS
from runtime.clock import iso

TABLES = (USAGE_EVENTS, METERING_RECORDS, STATE)
#: An hour's record may be created this long before the hour: sealing opens a later hour for what is left over.
BEFORE = 2 * SECONDS
#: An hour is sealed by its deadline, a day after it began, at the latest.
AFTER = DAY + 6 * SECONDS
#: A change is in the archive after this time: a batch is collected for five minutes, and then written.
ARCHIVED_WITHIN = 30 * 60


class Part(NamedTuple):
    """A share of the customers: number ``number`` of ``of`` equal shares, from 0 on."""

    number: int = 0
    of: int = 1

    def has(self, customer: str) -> bool:
        """Whether a customer is one of this share, today and in any process."""
        return zlib.crc32(customer.encode()) % self.of == self.number


ALL = Part()


@dataclass(frozen=True)
class Audited:
    """What an audit found. differences: by customer; who has none is absent. hours, left_out: as in
    ``rules.Result``."""

    customers: int
    hours: int
    left_out: int
    lines: int
    differences: Mapping[str, list[Difference]]

    @property
    def number(self) -> int:
        """The number of differences."""
        return sum(map(len, self.differences.values()))


def audit_day(objects: Objects, day: str, now: float, part: Part = ALL) -> Audited:
    """Audit a day (``2026-11-15``, UTC). now: epoch seconds; what is too young to be archived is not looked at."""
    begin = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    gathered: dict[str, Gathered] = {}
    lines = 0
    until = min(begin + DAY + AFTER, now - ARCHIVED_WITHIN)
    for table_name, line in _lines(objects, begin - BEFORE, until):
        lines += 1
        if part.of > 1 and not part.has(customer_of(line)):
            continue
        change = read(line)
        if change.changed_at < iso(int(until)):
            gathered.setdefault(change.customer, Gathered()).add(table_name, change)
    results = {customer: audit(each, begin) for customer, each in gathered.items()}
    return Audited(
        len(results),
        sum(result.hours for result in results.values()),
        sum(result.left_out for result in results.values()),
        lines,
        {customer: result.differences for customer, result in results.items() if result.differences},
    )


def day_before(now: float) -> str:
    """The last whole day (UTC) before a moment in epoch seconds."""
    return (datetime.fromtimestamp(now, UTC) - timedelta(days=1)).date().isoformat()


def _lines(objects: Objects, begin: float, until: float) -> Iterator[tuple[str, str]]:
    """The table and the line of every change from one moment to another, whole hours at a time."""
    for hour in range(int(begin) // SECONDS * SECONDS, int(until) + 1, SECONDS):
        for table in TABLES:
            for found in objects.list(folder(table.name, iso(hour))):
                for line in objects.lines(found.key):
                    yield table.name, line
