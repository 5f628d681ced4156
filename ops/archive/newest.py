"""What the archive's items were at the end of a time, on disk: a month may be larger than the memory."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ledger.attribute_values import from_attributes
from ledger.balance import ITEM as BALANCE

_SCHEMA = """
CREATE TABLE items (
    table_name TEXT, customer TEXT, keys TEXT, changed_at TEXT, sequence_number TEXT, image TEXT, created INTEGER,
    begun_at TEXT, begun_number TEXT, old_image TEXT,
    PRIMARY KEY (table_name, keys));
CREATE INDEX of_customer ON items (customer, table_name);
"""
#: The newest change gives the image, the oldest one the image before it.
_ADD = """
INSERT INTO items VALUES (:table, :customer, :keys, :at, :number, :image, :created, :at, :number, :old)
ON CONFLICT (table_name, keys) DO UPDATE SET
    created = max(created, excluded.created),
    image = CASE WHEN (excluded.changed_at, excluded.sequence_number) >= (changed_at, sequence_number)
        THEN excluded.image ELSE image END,
    (changed_at, sequence_number) = (SELECT * FROM (VALUES (changed_at, sequence_number),
        (excluded.changed_at, excluded.sequence_number)) ORDER BY 1 DESC, 2 DESC LIMIT 1),
    old_image = CASE WHEN (excluded.begun_at, excluded.begun_number) < (begun_at, begun_number)
        THEN excluded.old_image ELSE old_image END,
    (begun_at, begun_number) = (SELECT * FROM (VALUES (begun_at, begun_number),
        (excluded.begun_at, excluded.begun_number)) ORDER BY 1, 2 LIMIT 1)
"""
#: Sequence numbers have 40 digits at most (DynamoDB API reference, ``StreamRecord``).
_DIGITS = 40


class Item(NamedTuple):
    """An item as it was. created: its first change was read, too. old: the balance before the first change."""

    table_name: str
    customer: str
    keys: dict[str, Any]
    changed_at: str
    image: dict[str, Any]
    created: bool
    old: dict[str, Any] | None


class Newest:
    """The items of all changes that were added, in a file in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._file = sqlite3.connect(folder / "items.sqlite")
        self._file.executescript(_SCHEMA)

    def add(self, table_name: str, lines: Iterable[str]) -> None:
        """Note changes of a table, in any order, also repeated."""
        with self._file:
            self._file.executemany(_ADD, (self._row(table_name, line) for line in lines))

    def _row(self, table_name: str, line: str) -> dict[str, Any]:
        values = json.loads(line)
        old = values["old_image"]
        if values["event_name"] == "COPY" and f'"{BALANCE}"' in values["keys"]:
            # What a balance was before it was copied is not known: the sums begin with it.
            old = values["new_image"]
        return {
            "table": table_name,
            "customer": values["customer"],
            "keys": values["keys"],
            "at": values["changed_at"],
            "number": values["sequence_number"].zfill(_DIGITS),
            "image": values["new_image"],
            "created": values["event_name"] in ("INSERT", "COPY"),
            "old": old,
        }

    def customers(self) -> Iterator[str]:
        """Everybody who has an item."""
        for (customer,) in self._file.execute("SELECT DISTINCT customer FROM items ORDER BY customer"):
            yield customer

    def items(self, customer: str | None = None) -> Iterator[Item]:
        """The items that were there at the end: all, or one customer's."""
        where, given = ("AND customer = ?", [customer]) if customer is not None else ("", [])
        rows = self._file.execute(
            "SELECT table_name, customer, keys, changed_at, image, created, old_image FROM items"  # noqa: S608 (ours)
            f" WHERE image IS NOT NULL {where} ORDER BY customer, table_name, keys",
            given,
        )
        for table_name, name, keys, at, image, created, old in rows:
            yield Item(table_name, name, _plain(keys), at, _plain(image), bool(created), _plain(old) if old else None)


def _plain(text: str) -> dict[str, Any]:
    return from_attributes(json.loads(text))
