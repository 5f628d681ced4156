"""The data of a table: its rows and their order, its indexes, and its last writes for reads that lag behind."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local.dynamodb.errors import client_error
from local.dynamodb.indexes import Entry, Index, Partitions
from local.dynamodb.keys import ItemKey, KeyAttribute, KeySchema
from local.dynamodb.sizes import size_of_item


class Row:
    """An item and its size in bytes. The table replaces rows and never changes them."""

    __slots__ = ("item", "size")

    def __init__(self, item: Mapping[str, Any], size: int | None = None) -> None:
        self.item = item
        self.size = size_of_item(item) if size is None else size


class TableData:
    """One table. ``history``: how many of its last writes it keeps for lagging reads."""

    def __init__(self, name: str, schema: KeySchema, indexes: Iterable[Index], history: int) -> None:
        self.name = name
        self.schema = schema
        self.indexes = {index.name: index for index in indexes}
        self.rows: dict[ItemKey, Row] = {}
        self.partitions = Partitions()
        self.history: deque[tuple[ItemKey, Row | None]] = deque(maxlen=history)
        #: Called with the item before and after each write that changes it (``local.dynamodb.stream``).
        self.changed: Callable[[Mapping[str, Any] | None, Mapping[str, Any] | None], None] | None = None

    def commit(self, key: ItemKey, new: Row | None) -> None:
        """Replaces the row of a key. The caller has checked the new item's index keys."""
        old = self.rows.get(key)
        if new is None:
            if old is None:
                return
            del self.rows[key]
            self.partitions.remove(key[0], (key[1], key))
        else:
            self.rows[key] = new
            if old is None:
                self.partitions.put(key[0], (key[1], key))
        for index in self.indexes.values():
            index.move(
                None if old is None else index.place(key, old.item), None if new is None else index.place(key, new.item)
            )
        self.history.append((key, old))
        if self.changed is not None:
            self.changed(None if old is None else old.item, None if new is None else new.item)

    def clear(self) -> None:
        """Removes all items and forgets the history."""
        self.rows.clear()
        self.history.clear()
        self.partitions.clear()
        for index in self.indexes.values():
            index.partitions.clear()


class View:
    """A table or one of its indexes before the last ``lag`` writes of the table."""

    def __init__(self, data: TableData, index: Index | None, lag: int) -> None:
        self._data, self._index = data, index
        self._then: dict[ItemKey, Row | None] = {}
        for number, (key, old) in enumerate(reversed(data.history)):
            if number >= lag:
                break
            self._then[key] = old

    def row(self, key: ItemKey) -> Row | None:
        """The item's row at that time; None if there was none."""
        return self._then[key] if key in self._then else self._data.rows.get(key)

    def entries(self, hash_value: Any) -> list[Entry]:
        """The partition's entries in order. The caller must not change them."""
        partitions = self._index.partitions if self._index else self._data.partitions
        now = partitions.of(hash_value)
        if not self._then:
            return now
        entries = [entry for entry in now if entry[1] not in self._then]
        for key, row in self._then.items():
            place = self._place(key, row)
            if place is not None and place[0] == hash_value:
                entries.append(place[1])
        return sorted(entries)

    def all_entries(self) -> list[Entry]:
        """Every entry in the order of a scan: by HASH value, then as in a query."""
        places = [self._place(key, self.row(key)) for key in {*self._data.rows, *self._then}]
        return [entry for _, entry in sorted(place for place in places if place is not None)]

    def _place(self, key: ItemKey, row: Row | None) -> tuple[Any, Entry] | None:
        if row is None:
            return None
        return self._index.place(key, row.item) if self._index else (key[0], (key[1], key))


def declared(request: Mapping[str, Any], history: int) -> TableData:
    """The empty table that a request of ``CreateTable`` describes."""
    letters = {part["AttributeName"]: part["AttributeType"] for part in request["AttributeDefinitions"]}

    def schema(parts: Iterable[Mapping[str, str]]) -> KeySchema:
        of = {part["KeyType"]: KeyAttribute(part["AttributeName"], letters[part["AttributeName"]]) for part in parts}
        return KeySchema(of["HASH"], of.get("RANGE"))

    own = schema(request["KeySchema"])
    indexes = []
    for described in request.get("GlobalSecondaryIndexes", ()):
        keys = schema(described["KeySchema"])
        projection = described["Projection"]
        more = projection.get("NonKeyAttributes", ())
        everything = projection["ProjectionType"] == "ALL"
        projected = None if everything else frozenset({*own.names, *keys.names, *more})
        indexes.append(Index(described["IndexName"], keys, projected))
    return TableData(request["TableName"], own, indexes, history)


def not_found(operation: str) -> Exception:
    """A ResourceNotFoundException, for the caller to raise."""
    return client_error("ResourceNotFoundException", "Requested resource not found", operation)
