"""An in-memory DynamoDB: what our code uses of boto3's resource, in process, with hooks for a simulation.

    dynamodb = MemoryDynamoDB()
    create(dynamodb.meta.client, tables.STATE, tables.STATE.name)      # as in any DynamoDB
    dynamodb.Table("yawl-metering-state").get_item(Key=...)

An operation is atomic and sees everything before it, except where a hook lets a read lag. Hooks may be exchanged at any
time (``dynamodb.hooks.around = ...``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.dynamodb.capacity import Capacity
from local.dynamodb.client import MemoryClient
from local.dynamodb.indexes import Index
from local.dynamodb.table import MemoryTable
from local.dynamodb.table_data import TableData, declared, not_found

Effect = Callable[[], Any]


@dataclass
class Hooks:
    """What a simulation may decide.

    around(operation, where, effect): called for every operation; must call ``effect`` and return its answer, or raise.
    It may let others go first, call it twice (as the SDK's own retry would: the second call of a transaction is
    recognized by its token) or drop the answer. ``where``: the table, ``table/index`` for a query of an index, the
    names joined by a comma for several tables. ``effect`` has taken the arguments already: they may change meanwhile.

    lag(where, kept): by how many of the table's last writes an eventually consistent read is behind; ``kept`` writes
    can be taken back at most (``history`` of the store).

    answered(table, keys): how many of so many keys BatchGetItem answers; the others are UnprocessedKeys.
    """

    around: Callable[[str, str, Effect], Any] | None = None
    lag: Callable[[str, int], int] | None = None
    answered: Callable[[str, int], int] | None = None


class _Meta:
    def __init__(self, client: MemoryClient) -> None:
        self.client = client


class MemoryDynamoDB:
    """The resource. history: how many of a table's last writes a read may lag behind. capacity: counts units."""

    def __init__(self, hooks: Hooks | None = None, capacity: Capacity | None = None, history: int = 0) -> None:
        self.hooks = hooks or Hooks()
        self.capacity = capacity
        self._history = history
        self._tables: dict[str, TableData] = {}
        self.meta = _Meta(MemoryClient(self))

    def Table(self, name: str) -> MemoryTable:
        """A table; as in boto3 it need not exist before it is used."""
        return MemoryTable(self, name)

    def create_table(self, **request: Any) -> MemoryTable:
        """Takes the request of ``CreateTable``."""
        self._tables[request["TableName"]] = declared(request, self._history)
        return self.Table(request["TableName"])

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        return self.meta.client.batch_get_item(**request)

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        return self.meta.client.batch_write_item(**request)

    # --- beyond DynamoDB ----------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Empty every table."""
        for data in self._tables.values():
            data.clear()

    def data(self, name: str, operation: str) -> TableData:
        """What a table holds. Raises ResourceNotFoundException."""
        found = self._tables.get(name)
        if found is None:
            raise not_found(operation)
        return found

    def run(self, operation: str, where: str, effect: Effect) -> Any:
        """Do an operation, through the hook."""
        if self.capacity is not None:
            self.capacity.calls[operation] += 1
        around = self.hooks.around
        return effect() if around is None else around(operation, where, effect)

    def lag(self, data: TableData, index: Index | None) -> int:
        """By how many writes an eventually consistent read is behind now."""
        if self.hooks.lag is None or not data.history:
            return 0
        where = data.name if index is None else f"{data.name}/{index.name}"
        return max(0, min(len(data.history), self.hooks.lag(where, len(data.history))))
