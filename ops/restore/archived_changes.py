"""The archive's changes of a time, customer by customer, on disk: they may be more than the memory holds."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from archive.change import Change, customer_of, folder, read
from archive.kept import ARCHIVED
from archive.objects import Objects
from ledger.tables import Table
from marketplace.hour import SECONDS, hour_of
from runtime.clock import iso

TABLES = tuple(kept.table for kept in ARCHIVED)


class Archived(NamedTuple):
    """A change of a table; the name is without the stage's suffix."""

    table_name: str
    change: Change


class ArchivedChanges:
    """Changes that were added, in a file in ``place``."""

    def __init__(self, place: Path) -> None:
        self._file = sqlite3.connect(place / "changes.sqlite")
        self._file.execute("CREATE TABLE changes (customer TEXT, table_name TEXT, line TEXT)")
        self._file.execute("CREATE INDEX of_customer ON changes (customer)")

    def add(self, table_name: str, lines: Iterable[str]) -> None:
        """Note changes of a table, in any order, also repeated."""
        with self._file:
            rows = ((customer_of(line), table_name, line) for line in lines)
            self._file.executemany("INSERT INTO changes VALUES (?, ?, ?)", rows)

    def customers(self) -> list[str]:
        """Everybody of whom there is a change; subjects of the audit trail as well."""
        return [name for (name,) in self._file.execute("SELECT DISTINCT customer FROM changes ORDER BY customer")]

    def of(self, customer: str, first: float, last: float) -> list[Archived]:
        """A customer's changes from one second to another (both included), oldest first, each once."""
        begin, end = (iso(int(moment)) for moment in (first, last))
        found: dict[str, Archived] = {}
        rows = self._file.execute("SELECT table_name, line FROM changes WHERE customer = ?", [customer])
        for table_name, line in rows:
            change = read(line)
            if begin <= change.changed_at <= end:
                found[change.event_id] = Archived(table_name, change)
        return sorted(found.values(), key=lambda each: each.change.order)


def object_keys(
    objects: Objects, first: float, last: float, tables: Sequence[Table] = TABLES
) -> Iterator[tuple[str, str]]:
    """The table and the key of each object that holds changes of this time."""
    for hour in range(hour_of(first), int(last) + 1, SECONDS):
        moment = datetime.fromtimestamp(hour, UTC).isoformat()
        for table in tables:
            for found in objects.list(folder(table.name, moment)):
                yield table.name, found.key
