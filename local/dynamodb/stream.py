"""The streams of tables in memory, as Lambda delivers them.

Source: Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB"; DynamoDB API reference, ``StreamRecord``. A
write that leaves an item as it was makes no record (DynamoDB Developer Guide, "Change data capture for DynamoDB
Streams").
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any

from ledger.attribute_values import to_attributes
from ledger.tables import Table
from local.dynamodb.store import MemoryDynamoDB

Record = dict[str, Any]
Image = Mapping[str, Any] | None


class Streams:
    """Records of the given tables from now on, in the order of the writes. clock: the time of each record."""

    def __init__(self, memory: MemoryDynamoDB, tables: Iterable[Table], clock: Callable[[], float]) -> None:
        self._clock = clock
        self._numbers = count(1)
        self.records: dict[str, list[Record]] = {}
        for table in tables:
            self.records[table.name] = []
            memory.data(table.name, "DescribeStream").changed = self._watch(table)

    def take(self, table: Table, most: int = 10_000) -> list[Record]:
        """The oldest records of a table, which then are gone."""
        taken, self.records[table.name] = self.records[table.name][:most], self.records[table.name][most:]
        return taken

    def _watch(self, table: Table) -> Callable[[Image, Image], None]:
        def changed(old: Image, new: Image) -> None:
            if old != new:
                self.records[table.name].append(self._record(table, old, new))

        return changed

    def _record(self, table: Table, old: Image, new: Image) -> Record:
        number = next(self._numbers)
        item = new if new is not None else old
        assert item is not None
        keys = {key.name: item[key.name] for key in (table.hash, table.range) if key}
        change: dict[str, Any] = {
            "ApproximateCreationDateTime": float(int(self._clock())),
            "Keys": to_attributes(keys),
            "SequenceNumber": f"{number:021d}",
            "StreamViewType": table.stream,
        }
        if new is not None:
            change["NewImage"] = to_attributes(new)
        if old is not None and table.stream == "NEW_AND_OLD_IMAGES":
            change["OldImage"] = to_attributes(old)
        return {
            "eventID": f"{number:032x}",
            "eventName": "INSERT" if old is None else "MODIFY" if new is not None else "REMOVE",
            "eventSource": "aws:dynamodb",
            "eventSourceARN": f"arn:aws:dynamodb:us-east-1:111122223333:table/{table.name}/stream/2026-11-01T00:00",
            "dynamodb": change,
        }
