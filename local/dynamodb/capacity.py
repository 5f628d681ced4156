"""Capacity units by DynamoDB's published rules, counted per operation and table.

Sources, all in the developer guide unless said otherwise: "Read and write capacity units and operations" (4 KB per
read unit, half of it for eventually consistent reads; 1 KB per write unit; a transaction takes two per step; an update
is charged for the larger of the item before and after; a failed condition for the larger of what is stored and what was
offered; an absent item costs the least unit), "Querying" (a page is charged for the sum of what was looked at, rounded
up once; BatchGetItem for every item), "Using global secondary indexes: provisioned throughput considerations" (an index
is written when the entry appears, goes or changes in what it projects, twice when its key changes).

Not published: a ConditionCheck is charged as a write (measured on AWS: martinhicks.dev, "What a conditional DynamoDB
transaction actually costs"); a transaction's index writes are doubled too (AWS's own DynamoDB Local reports them so);
a cancelled transaction is charged as if it had been written, less its indexes (assumed, the dearer reading).
"""

from collections import Counter

from local.dynamodb.indexes import Index
from local.dynamodb.keys import ItemKey
from local.dynamodb.table_data import Row, TableData
from local.dynamodb.values import equal

WRITE_BLOCK = 1024
READ_BLOCK = 4096
#: write and read requests of a transaction are done twice, once to prepare and once to commit
TRANSACTIONAL = 2


def write_units(before: int, after: int, *, transactional: bool = False) -> int:
    """Units of one write of an item of these sizes in bytes (0: absent)."""
    units = max(1, -(-max(before, after) // WRITE_BLOCK))
    return units * TRANSACTIONAL if transactional else units


def read_units(size: int, *, consistent: bool) -> float:
    """Units of one read that looked at so many bytes."""
    units = max(1, -(-size // READ_BLOCK))
    return float(units) if consistent else units / 2


def index_write_units(index: Index, key: ItemKey, old: Row | None, new: Row | None) -> int:
    """Units that a change of an item costs in one index, outside of a transaction."""
    before = None if old is None else index.place(key, old.item)
    after = None if new is None else index.place(key, new.item)
    old_units = write_units(index.size(old.item, old.size), 0) if old is not None and before is not None else 0
    new_units = write_units(index.size(new.item, new.size), 0) if new is not None and after is not None else 0
    if before is None or after is None or before != after:
        return old_units + new_units
    assert old is not None
    assert new is not None
    unchanged = equal(dict(index.project(old.item)), dict(index.project(new.item)))
    return 0 if unchanged else max(old_units, new_units)


class Capacity:
    """Units consumed, by (operation, table) and for indexes by (operation, ``table/index``)."""

    def __init__(self) -> None:
        self.written: Counter[tuple[str, str]] = Counter()
        self.read: dict[tuple[str, str], float] = {}
        self.calls: Counter[str] = Counter()

    @property
    def total_written(self) -> int:
        return sum(self.written.values())

    @property
    def total_read(self) -> float:
        return sum(self.read.values())

    def clear(self) -> None:
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
        """``done``: False for a write whose condition failed, or whose transaction was cancelled; ``new`` is then what
        was offered."""
        units = write_units(old.size if old else 0, new.size if new else 0, transactional=transactional)
        self.written[operation, data.name] += units
        if done:
            for index in data.indexes.values():
                if more := index_write_units(index, key, old, new):
                    more *= TRANSACTIONAL if transactional else 1
                    self.written[operation, f"{data.name}/{index.name}"] += more

    def looked_at(self, operation: str, where: str, size: int, *, consistent: bool) -> None:
        key = operation, where
        self.read[key] = self.read.get(key, 0.0) + read_units(size, consistent=consistent)
