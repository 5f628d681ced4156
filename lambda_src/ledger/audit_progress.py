"""How far an audit has come, in ``yawl-audit``: ``progress#<depth>`` of the subject ``#stage``."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.findings import STAGE
from ledger.item_update import ItemUpdate
from ledger.tables import SCHEMA
from ledger.transaction import update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where an audit goes on.

    following: the next period, in epoch seconds of its start. cursor: where in that period's customers it goes on;
    empty at their beginning. facts: what is known of the customers before that. completed_at: when nothing was left to
    do for the last time (epoch seconds).
    """

    following: int
    completed_at: int
    cursor: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


class AuditProgress:
    """The progress of one audit."""

    def __init__(self, table: "Table", depth: str) -> None:
        self._table = table
        self._key = {"subject": STAGE, "item": f"progress#{depth}"}

    def read(self, first: int, now: float) -> Progress:
        """The stored progress; an audit that runs for the first time begins with the period ``first``."""
        item: Any = self._table.get_item(Key=self._key, ConsistentRead=True).get("Item")
        if item is None:
            begun = Progress(following=first, completed_at=int(now))
            self.store(begun)
            return begun
        return Progress(
            following=int(item["following"]),
            completed_at=int(item["completedAt"]),
            cursor=dict(item.get("cursor", {})),
            facts=dict(item.get("facts", {})),
        )

    def store(self, progress: Progress) -> None:
        """Replace the progress. Only one copy of an audit runs at a time."""
        change = ItemUpdate(self._table.name, self._key)
        change.set({"following": progress.following, "completedAt": progress.completed_at, "schema": SCHEMA})
        change.set({"cursor": progress.cursor, "facts": progress.facts})
        update(self._table, **change.request())
