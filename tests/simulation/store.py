"""The tables of one episode: an in-memory DynamoDB whose every operation is an effect, and every write is watched."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from ledger import tables
from local.dynamodb import reads, sizes
from local.dynamodb.declared_tables import with_tables
from local.dynamodb.store import Hooks, MemoryDynamoDB
from local.dynamodb.table_data import Row, TableData
from tests.simulation.actors import Scheduler

Item = Mapping[str, Any]
#: Table, key, the item before and after (None: there was none).
Change = tuple[str, tuple[Any, Any], Item | None, Item | None]

#: Writes that a lagging read may be behind, and for how long at most: simulated seconds.
MOST_BEHIND = 48
LONGEST_LAG = 300.0
_PAGE = sizes.PAGE_LIMIT


class FaultyStore(MemoryDynamoDB):
    """Stops actors before each operation. ``wrote``: called with everything that an operation has changed.

    behind(most): by how many writes a read that may lag is behind; asked only where a fault says ``stale``.
    """

    def __init__(
        self, scheduler: Scheduler, clock: Callable[[], float], behind: Callable[[int], int] = lambda most: most
    ) -> None:
        super().__init__(Hooks(around=self._around, lag=self._lag, answered=self._answered), history=MOST_BEHIND)
        self._scheduler = scheduler
        self._clock = clock
        self._behind = behind
        self._fault: str | None = None
        self._changes: list[Change] = []
        self._times: dict[str, deque[float]] = {}
        self.wrote: Callable[[list[Change]], None] | None = None
        with_tables(self)
        for table in tables.ALL_TABLES:
            self._watch(self.data(table.name, ""))

    def item(self, table: str, *key: Any) -> Item | None:
        """What is stored under a key, without any effect."""
        row = self.data(table, "").rows.get((key[0], key[1] if len(key) > 1 else None))
        return row.item if row else None

    def items(self, table: str) -> list[Item]:
        return [row.item for row in self.data(table, "").rows.values()]

    def _watch(self, data: TableData) -> None:
        commit = data.commit
        times = self._times[data.name] = deque(maxlen=MOST_BEHIND)

        def watched(key: tuple[Any, Any], new: Row | None) -> None:
            old = data.rows.get(key)
            commit(key, new)
            times.append(self._clock())
            self._changes.append((data.name, key, old.item if old else None, new.item if new else None))

        data.commit = watched  # type: ignore[method-assign]

    def _around(self, operation: str, where: str, effect: Callable[[], Any]) -> Any:
        if operation == "Query" and "/" in where:
            operation = "IndexQuery"
        elif operation in ("GetItem", "Query"):
            if not _held(effect)["ConsistentRead"].cell_contents:
                operation += "Eventually"
        elif operation in ("TransactWriteItems", "UpdateItem", "PutItem", "DeleteItem"):
            return self._scheduler.around(operation, lambda: self._write(effect), about=_about(effect), answers=None)
        return self._scheduler.around(operation, effect, answers=_Faulty(self, effect))

    def _write(self, effect: Callable[[], Any]) -> Any:
        try:
            return effect()
        finally:
            if self._changes:
                changes, self._changes = self._changes, []
                if self.wrote is not None:
                    self.wrote(changes)

    def _lag(self, where: str, kept: int) -> int:
        if self._fault != "stale":
            return 0
        recent = self._clock() - LONGEST_LAG
        young = sum(time >= recent for time in self._times[where.partition("/")[0]])
        return self._behind(min(kept, young)) if young else 0

    def _answered(self, _table: str, keys: int) -> int:
        return (keys + 1) // 2 if self._fault == "partial" else keys

    def struck(self, fault: str, effect: Callable[[], Any]) -> Any:
        """A read with a fault that only the store knows."""
        if fault == "lagging":
            return {"Items": []}
        self._fault = fault
        if fault == "partial":
            vars(reads)["PAGE_LIMIT"] = 1
        try:
            return effect()
        finally:
            self._fault, vars(reads)["PAGE_LIMIT"] = None, _PAGE


class _Faulty:
    __slots__ = ("_effect", "_store")

    def __init__(self, store: FaultyStore, effect: Callable[[], Any]) -> None:
        self._store, self._effect = store, effect

    def faulty(self, fault: str) -> Any:
        return self._store.struck(fault, self._effect)


def _about(effect: Callable[[], Any]) -> tuple[str, int | None] | None:
    """The customer and hour that a write is about: of a transaction, those of its operation on a metering record."""
    held = _held(effect)
    if "write" in held:
        writes = [held["write"].cell_contents]
    elif "writes" in held:
        writes = held["writes"].cell_contents
    else:
        return None
    for write in writes:
        if write.data.name == tables.METERING_RECORDS.name:
            return str(write.key[0]), int(write.key[1])
    return str(writes[0].key[0]), None


def _held(effect: Callable[[], Any]) -> dict[str, Any]:
    """What an operation has taken in, by name; each in its cell."""
    return dict(zip(effect.__code__.co_freevars, effect.__closure__ or (), strict=True))
