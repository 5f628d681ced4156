"""An in-memory DynamoDB with what our code uses of boto3's resource, and with hooks for a simulation.

    dynamodb = MemoryDynamoDB()
    create(dynamodb.meta.client, tables.STATE, tables.STATE.name)      # as in any DynamoDB
    dynamodb.Table("yawl-metering-state").get_item(Key=...)

An operation is atomic and sees all earlier ones, unless a hook lets a read lag. Hooks may be exchanged at any time
(``dynamodb.hooks.around = ...``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from local.dynamodb.capacity import Capacity
from local.dynamodb.client import MemoryClient
from local.dynamodb.indexes import Index
from local.dynamodb.table import MemoryTable
from local.dynamodb.table_data import TableData, declared, not_found

Result = TypeVar("Result")


@dataclass
class Hooks:
    """The decisions of a simulation.

    around(operation, where, effect): called for every operation. It calls ``effect`` and returns its answer, or raises.
    It may let others go first, call ``effect`` twice as the SDK's own retry would (a transaction recognizes the second
    call by its token), or drop the answer. ``where``: the table, ``table/index`` for a query of an index,
    several tables joined by a comma. ``effect`` has copied the arguments, so they may change meanwhile.

    lag(where, kept): by how many of the table's last writes an eventually consistent read is behind, at most ``kept``
    (the store's ``history``).

    answered(table, keys): how many of so many keys BatchGetItem answers; the others are UnprocessedKeys.
    """

    around: Callable[[str, str, Callable[[], Any]], Any] | None = None
    lag: Callable[[str, int], int] | None = None
    answered: Callable[[str, int], int] | None = None


@dataclass(frozen=True)
class _Meta:
    client: MemoryClient


class MemoryDynamoDB:
    """The resource. history: how many of a table's last writes a read may miss. capacity: counts units."""

    def __init__(self, hooks: Hooks | None = None, capacity: Capacity | None = None, history: int = 0) -> None:
        self.hooks = hooks or Hooks()
        self.capacity = capacity
        self._history = history
        self._tables: dict[str, TableData] = {}
        self.meta = _Meta(MemoryClient(self))

    def Table(self, name: str) -> MemoryTable:
        """A table; as in boto3 it need not exist yet."""
        return MemoryTable(self, name)

    def create_table(self, **request: Any) -> MemoryTable:
        """Takes the request of ``CreateTable``."""
        self._tables[request["TableName"]] = declared(request, self._history)
        return self.Table(request["TableName"])

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """See ``MemoryClient.batch_get_item``."""
        return self.meta.client.batch_get_item(**request)

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        """See ``MemoryClient.batch_write_item``."""
        return self.meta.client.batch_write_item(**request)

    # --- not of DynamoDB ----------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Empty every table."""
        for data in self._tables.values():
            data.clear()

    def data(self, name: str, operation: str) -> TableData:
        """The data of a table. Raises ResourceNotFoundException."""
        found = self._tables.get(name)
        if found is None:
            raise not_found(operation)
        return found

    def run(self, operation: str, where: str, effect: Callable[[], Result]) -> Result:
        """Does an operation, through the hook if there is one."""
        if self.capacity is not None:
            self.capacity.calls[operation] += 1
        if self.hooks.around is None:
            return effect()
        answer: Result = self.hooks.around(operation, where, effect)
        return answer

    def lag(self, data: TableData, index: Index | None) -> int:
        """By how many writes an eventually consistent read is behind now."""
        if self.hooks.lag is None or not data.history:
            return 0
        where = data.name if index is None else f"{data.name}/{index.name}"
        return max(0, min(len(data.history), self.hooks.lag(where, len(data.history))))
