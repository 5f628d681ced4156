"""The sorted partitions of a table or an index, through which a query walks."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from local.dynamodb.keys import ItemKey, KeySchema
from local.dynamodb.sizes import size_of_item

#: The RANGE value (None where there is none) and the item's key, in the order of a query.
Entry = tuple[Any, ItemKey]


class Partitions:
    """Entries by HASH value, sorted by RANGE value and then by the item's key."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[Any, list[Entry]] = {}

    def put(self, hash_value: Any, entry: Entry) -> None:
        """Adds an entry at its place in the order."""
        entries = self._of.get(hash_value)
        if entries is None:
            self._of[hash_value] = [entry]
        else:
            insort(entries, entry)

    def remove(self, hash_value: Any, entry: Entry) -> None:
        """Removes an entry that is there."""
        entries = self._of[hash_value]
        del entries[bisect_left(entries, entry)]
        if not entries:
            del self._of[hash_value]

    def of(self, hash_value: Any) -> list[Entry]:
        """The entries of one HASH value in order; empty if there are none. The caller must not change them."""
        return self._of.get(hash_value, [])

    def clear(self) -> None:
        """Removes all entries."""
        self._of.clear()


def matching(entries: list[Entry], operator: str | None, bounds: tuple[Any, ...]) -> list[Entry]:
    """The entries whose RANGE value satisfies a key condition."""
    if operator is None:
        return list(entries)
    low = bounds[0]
    if operator == "begins_with":
        first = bisect_left(entries, low, key=_range)
        return list(takewhile(lambda entry: entry[0].startswith(low), entries[first:]))
    start, end = 0, len(entries)
    if operator in ("=", ">=", "BETWEEN"):
        start = bisect_left(entries, low, key=_range)
    elif operator == ">":
        start = bisect_right(entries, low, key=_range)
    if operator in ("=", "<=", "BETWEEN"):
        end = bisect_right(entries, bounds[-1], key=_range)
    elif operator == "<":
        end = bisect_left(entries, low, key=_range)
    return entries[start:end]


def _range(entry: Entry) -> Any:
    return entry[0]


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index and its entries. ``projected``: its attributes, None for all."""

    name: str
    schema: KeySchema
    projected: frozenset[str] | None
    partitions: Partitions = field(default_factory=Partitions)

    def place(self, key: ItemKey, item: Mapping[str, Any]) -> tuple[Any, Entry] | None:
        """The item's HASH value and entry; None if it lacks a key attribute of the index. Raises Refused."""
        hash_value = self.schema.hash.indexed(item, self.name)
        if self.schema.range is None:
            return None if hash_value is None else (hash_value, (None, key))
        range_value = self.schema.range.indexed(item, self.name)
        return None if hash_value is None or range_value is None else (hash_value, (range_value, key))

    def project(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """The attributes of an item that the index holds."""
        if self.projected is None:
            return item
        return {name: item[name] for name in self.projected if name in item}

    def size(self, item: Mapping[str, Any], size: int) -> int:
        """The bytes of what the index holds of an item of ``size`` bytes."""
        return size if self.projected is None else size_of_item(self.project(item))

    def move(self, old: tuple[Any, Entry] | None, new: tuple[Any, Entry] | None) -> None:
        """Replaces the old entry by the new one, each as ``place`` returns it; None stands for no entry."""
        if old == new:
            return
        if old is not None:
            self.partitions.remove(*old)
        if new is not None:
            self.partitions.put(*new)
