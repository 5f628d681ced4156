"""Query and Scan: one page of a table or an index."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.dynamodb.errors import invalid
from local.dynamodb.indexes import Entry, Index, matching
from local.dynamodb.keys import ItemKey
from local.dynamodb.sizes import PAGE_LIMIT
from local.dynamodb.table_data import TableData, View
from local.dynamodb.values import accept, give, give_item


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The request for a page. ``keep``: the filter. ``project`` makes the caller's copy of an item."""

    data: TableData
    index: Index | None
    limit: int | None
    start: Mapping[str, Any] | None
    forward: bool = True
    keep: Callable[[Mapping[str, Any]], bool] | None = None
    project: Callable[[Mapping[str, Any]], dict[str, Any]] = give_item
    count_only: bool = False

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise invalid("Limit must be greater than or equal to 1")

    def query(self, lag: int, hash_value: Any, operator: str | None, bounds: tuple[Any, ...]) -> tuple[Any, int]:
        """The answer, and how many bytes the query looked at. Raises ValidationException if the starting key lies
        outside the query."""
        view = View(self.data, self.index, lag)
        entries = matching(view.entries(hash_value), operator, bounds)
        if self.start is not None:
            start_hash, start = self._start(self.start)
            if start_hash != hash_value:
                raise invalid("The provided starting key is outside query boundaries based on provided conditions")
            if not matching([start], operator, bounds):
                raise invalid("The provided starting key does not match the range key predicate")
            first, end = (bisect_right(entries, start), None) if self.forward else (0, bisect_left(entries, start))
            entries = entries[first:end]
        return self._page(view, entries if self.forward else entries[::-1])

    def scan(self, lag: int) -> tuple[Any, int]:
        """The answer, and how many bytes the scan looked at; ``lag``: how many writes it misses."""
        view = View(self.data, self.index, lag)
        entries = view.all_entries()
        if self.start is not None:
            start_hash, start = self._start(self.start)
            entries = [entry for entry in entries if (self._hash(view, entry[1]), entry) > (start_hash, start)]
        return self._page(view, entries)

    def _hash(self, view: View, key: ItemKey) -> Any:
        row = view.row(key)
        return key[0] if self.index is None or row is None else row.item[self.index.schema.hash.name]

    def _page(self, view: View, entries: list[Entry]) -> tuple[dict[str, Any], int]:
        items: list[dict[str, Any]] = []
        seen = size = kept = 0
        last: Mapping[str, Any] | None = None
        for _, key in entries:
            row = view.row(key)
            assert row is not None
            item = row.item if self.index is None else self.index.project(row.item)
            size += row.size if self.index is None else self.index.size(row.item, row.size)
            seen, last = seen + 1, row.item
            if self.keep is None or self.keep(item):
                kept += 1
                if not self.count_only:
                    items.append(self.project(item))
            if seen == self.limit or (size >= PAGE_LIMIT and seen < len(entries)):
                break
        else:
            last = None
        answer: dict[str, Any] = {"Count": kept, "ScannedCount": seen}
        if not self.count_only:
            answer["Items"] = items
        if last is not None:
            answer["LastEvaluatedKey"] = {name: give(last[name]) for name in self._key_names()}
        return answer, size

    def _key_names(self) -> tuple[str, ...]:
        own = self.data.schema.names
        return own if self.index is None else tuple(dict.fromkeys((*self.index.schema.names, *own)))

    def _start(self, given: Mapping[str, Any]) -> tuple[Any, Entry]:
        item = {name: accept(value) for name, value in given.items()}
        if set(item) != set(self._key_names()):
            raise invalid("The provided starting key is invalid")
        key, _ = self.data.schema.of_item(item)
        if self.index is None:
            return key[0], (key[1], key)
        place = self.index.place(key, item)
        assert place is not None
        return place
