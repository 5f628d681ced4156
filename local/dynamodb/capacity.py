"""Counts capacity units by DynamoDB's published rules, for each operation and table.

Sources, all in the developer guide unless named otherwise: "Read and write capacity units and operations" (4 KB per
read unit, half of it for eventually consistent reads; 1 KB per write unit; a transaction takes two per step; an update
costs the larger of the item before and after; a failed condition the larger of the stored and the offered item; an
absent item the least unit), "Querying" (a page costs the sum of the items that it looks at, rounded up once;
BatchGetItem costs every item), "Using global secondary indexes: provisioned throughput considerations" (an index costs
a write when its entry appears, goes or changes in what it projects, two when its key changes).

These rules are not published: a ConditionCheck costs a write (measured on AWS: martinhicks.dev, "What a conditional
DynamoDB transaction actually costs"); a transaction doubles its index writes too (AWS's own DynamoDB Local reports them
so); a cancelled transaction costs the same without its indexes (assumed, the dearer reading).
"""

from collections import Counter

from local.dynamodb.indexes import Index
from local.dynamodb.keys import ItemKey
from local.dynamodb.table_data import Row, TableData
from local.dynamodb.values import equal

WRITE_BLOCK = 1024
READ_BLOCK = 4096
#: DynamoDB does each write of a transaction twice, once to prepare and once to commit.
TRANSACTIONAL = 2


def write_units(before: int, after: int, *, transactional: bool = False) -> int:
    """Units of one write, from the item's sizes in bytes before and after it (0: absent)."""
    units = max(1, -(-max(before, after) // WRITE_BLOCK))
    return units * TRANSACTIONAL if transactional else units


def read_units(size: int, *, consistent: bool) -> float:
    """Units of one read that looks at ``size`` bytes."""
    units = max(1, -(-size // READ_BLOCK))
    return float(units) if consistent else units / 2


def index_write_units(index: Index, key: ItemKey, old: Row | None, new: Row | None) -> int:
    """Units that a change of an item costs in one index, outside of a transaction."""
    before = None if old is None else index.place(key, old.item)
    after = None if new is None else index.place(key, new.item)
    old_units = write_units(index.size(old.item, old.size), 0) if old and before else 0
    new_units = write_units(index.size(new.item, new.size), 0) if new and after else 0
    if old is None or new is None or before is None or before != after:
        return old_units + new_units
    unchanged = equal(dict(index.project(old.item)), dict(index.project(new.item)))
    return 0 if unchanged else max(old_units, new_units)


class Capacity:
    """The consumed units, by (operation, table) and for indexes by (operation, ``table/index``)."""

    def __init__(self) -> None:
        self.written: Counter[tuple[str, str]] = Counter()
        self.read: dict[tuple[str, str], float] = {}
        self.calls: Counter[str] = Counter()

    @property
    def total_written(self) -> int:
        """All write units, those of indexes included."""
        return sum(self.written.values())

    @property
    def total_read(self) -> float:
        """All read units, those of indexes included."""
        return sum(self.read.values())

    def clear(self) -> None:
        """Starts to count from 0 again."""
        self.written.clear()
        self.read.clear()
        self.calls.clear()

    def wrote(
        self,
        operation: str,
        data: TableData,
        key: ItemKey,
        old: Row | None,
        new: Row | None,
        *,
        transactional: bool = False,
        done: bool = True,
    ) -> None:
        """Counts a write. done: False if its condition failed or its transaction was cancelled; ``new`` is then the
        offered row."""
        units = write_units(old.size if old else 0, new.size if new else 0, transactional=transactional)
        self.written[operation, data.name] += units
        if done:
            for index in data.indexes.values():
                if more := index_write_units(index, key, old, new):
                    more *= TRANSACTIONAL if transactional else 1
                    self.written[operation, f"{data.name}/{index.name}"] += more

    def looked_at(self, operation: str, where: str, size: int, *, consistent: bool) -> None:
        """Counts a read of ``size`` bytes; ``where`` is the table or ``table/index``."""
        key = operation, where
        self.read[key] = self.read.get(key, 0.0) + read_units(size, consistent=consistent)
