"""Whose lines are not sent for the moment, because an operator said so: the key ``#paused`` of ``yawl-metering-state``.

A pause stops planning and sending. Recording and sealing go on, and no deadline moves: a line that is still paused at
its deadline ends ``expired``, by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ledger.item_update import ItemUpdate
from ledger.reading import every_page
from ledger.tables import PAUSED, SCHEMA
from ledger.transaction import Operation
from runtime.clock import Clock, from_iso, iso

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

KEY = PAUSED
#: The item that pauses every customer.
STAGE = "#stage"


class Pause(NamedTuple):
    """Since when (epoch seconds), by whom and why."""

    at: float
    by: str
    why: str


@dataclass(frozen=True)
class Paused:
    """All pauses, by billing key or ``STAGE``."""

    pauses: Mapping[str, Pause] = field(default_factory=dict)

    def holds(self, customer_identifier: str) -> bool:
        """Whether this customer's lines are not sent."""
        return STAGE in self.pauses or customer_identifier in self.pauses

    def seconds(self, now: float) -> float:
        """For how long the oldest pause has stood; 0 where there is none."""
        return max((now - pause.at for pause in self.pauses.values()), default=0.0)


#: Seconds for which what was read of the pauses holds. A call that is under way then ends within the rest of a minute.
RECENT = 30.0
#: Nobody is paused.
NOBODY = Paused()


class Pauses:
    """The pauses in ``yawl-metering-state``."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def read(self) -> Paused:
        """All of them, strongly consistent."""
        items = every_page(
            self._table.query,
            KeyConditionExpression="customerIdentifier = :paused",
            ExpressionAttributeValues={":paused": KEY},
            ConsistentRead=True,
        )
        return Paused(
            {str(i["item"]): Pause(from_iso(i["pausedAt"]), i["by"], i["why"]) for i in items if "pausedAt" in i}
        )

    def recent(self, clock: Clock) -> "RecentPauses":
        """The same for work that asks often, and stops within a minute of a pause all the same."""
        return RecentPauses(self._table, clock)

    def pause(self, whom: str, pause: Pause) -> Operation:
        """The operation that pauses a billing key or ``STAGE``, if it is not paused."""
        change = ItemUpdate(self._table.name, {"customerIdentifier": KEY, "item": whom})
        change.set({"pausedAt": iso(pause.at), "by": pause.by, "why": pause.why, "schema": SCHEMA})
        return change.when(change.absent("pausedAt")).operation()

    def resume(self, whom: str, pause: Pause) -> Operation:
        """The operation that ends a pause, if it is the one that was read."""
        return {
            "Delete": {
                "TableName": self._table.name,
                "Key": {"customerIdentifier": KEY, "item": whom},
                "ConditionExpression": "pausedAt = :at",
                "ExpressionAttributeValues": {":at": iso(pause.at)},
            }
        }


class RecentPauses(Pauses):
    """The pauses, read at first and then again once they are ``RECENT`` seconds old."""

    def __init__(self, table: "Table", clock: Clock) -> None:
        super().__init__(table)
        self._clock = clock
        self._read = NOBODY
        self._at: float | None = None

    def read(self) -> Paused:
        """All of them, as they were half a minute ago at most. A clock that was set back makes them old, too."""
        now = self._clock()
        if self._at is None or not 0 <= now - self._at < RECENT:
            self._read, self._at = super().read(), now
        return self._read
