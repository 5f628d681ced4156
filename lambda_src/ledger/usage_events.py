"""Usage events, and the marks of distinct users and highest counts, in ``yawl-usage-events``.

Each accepted event has one item (``event#<id>``), which is its idempotency key and its audit trail. Each user has one
mark per dimension and month (``mark#…``); the mark of a ``max`` dimension holds the highest count.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.item_update import ItemUpdate
from ledger.reading import many
from ledger.tables import SCHEMA
from ledger.transaction import Operation
from marketplace.hour import next_month_start
from runtime.clock import iso

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

DAY = 24 * 3600
#: Events live longer than any acceptable retry (``too_old`` refuses usage older than 30 days).
EVENT_LIFETIME = 60 * DAY


def event_key(event_id: str) -> str:
    """The sort key of a recorded event."""
    return f"event#{event_id}"


def mark_key(dimension: str, period: str, user: str = "") -> str:
    """The key of a user's mark in a period or, without a user, of the highest count; the user is stored as a hash."""
    digest = hashlib.sha256(user.encode()).hexdigest()[:32] if user else "highest"
    return f"mark#{dimension}#{period}#{digest}"


@dataclass(frozen=True, kw_only=True)
class EventItem:
    """What is stored of an event. content: everything in which a repeat must equal the first."""

    customer_identifier: str
    event_id: str
    content: Mapping[str, Any]
    #: The month (UTC) to whose counter the event was added.
    period: str
    #: Recorded units that were added to the hour; 0 for a user already counted.
    counted: Decimal
    #: The event brought a user's mark or raised a highest count, by which later events were counted.
    marked: bool = False
    recorded_at: float
    occurred_at: float
    billed_hour: int
    late: bool
    trace_id: str | None = None


class StoredEvent(NamedTuple):
    """A recorded event: its content, the hour that bills it, and whether it was voided."""

    content: Mapping[str, Any]
    billed_hour: int
    counted: Decimal
    late: bool
    period: str
    marked: bool = False
    voided: bool = False


def stored_event(item: Mapping[str, Any]) -> StoredEvent:
    """A recorded event from its table item (boto3 resource types)."""
    return StoredEvent(
        item["content"],
        int(item["billedHour"]),
        item["counted"],
        bool(item["late"]),
        item["period"],
        bool(item.get("marked", False)),
        "voidedAt" in item,
    )


class UsageEvents:
    """The table ``yawl-usage-events``."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table = dynamodb.Table(table_name)
        self.table_name = table_name

    def get_many(self, customer_identifier: str, event_ids: Iterable[str]) -> dict[str, StoredEvent]:
        """Which of these events are recorded (strongly consistent), by id; at most 100 ids."""
        ids = dict.fromkeys(event_ids)
        keys = ({"customerIdentifier": customer_identifier, "eventId": event_key(i)} for i in ids)
        items = many(self._dynamodb, self.table_name, keys)
        return {str(item["eventId"]).removeprefix("event#"): stored_event(item) for item in items}

    def highest(self, customer_identifier: str, dimension: str, period: str) -> Decimal | None:
        """The highest count so far of a ``max`` dimension (strongly consistent); None where none was reported."""
        key = {"customerIdentifier": customer_identifier, "eventId": mark_key(dimension, period)}
        item = self._table.get_item(Key=key, ConsistentRead=True).get("Item")
        return item["highest"] if item else None  # type: ignore[return-value]  # a number in the table

    def put_if_new(self, event: EventItem) -> Operation:
        """The operation that stores an event unless its id is taken; the reason of a failure has the stored item."""
        item: dict[str, Any] = {
            "customerIdentifier": event.customer_identifier,
            "eventId": event_key(event.event_id),
            "schema": SCHEMA,
            "content": dict(event.content),
            "period": event.period,
            "counted": event.counted,
            "occurredAt": iso(event.occurred_at),
            "recordedAt": iso(event.recorded_at),
            "billedHour": event.billed_hour,
            "late": event.late,
            "expiresAt": int(max(event.recorded_at, event.occurred_at)) + EVENT_LIFETIME,
        }
        if event.marked:
            item["marked"] = True
        if event.trace_id:
            item["traceId"] = event.trace_id
        return self._put(item)

    def void(
        self, customer_identifier: str, event_id: str, *, source: str, at: float, trace_id: str | None
    ) -> Operation:
        """The operation that notes that an event is voided, by which source and when, unless that was done before. The
        item stays, so that the id can never be recorded again."""
        change = ItemUpdate(
            self.table_name, {"customerIdentifier": customer_identifier, "eventId": event_key(event_id)}
        )
        change.when(change.exists("eventId"), change.absent("voidedAt"))
        change.set({"voidedAt": iso(at), "voidedBy": source} | ({"voidTraceId": trace_id} if trace_id else {}))
        return change.operation()

    def mark_if_new(self, customer_identifier: str, dimension: str, period: str, user: str, at: float) -> Operation:
        """The operation that stores the mark of a user in a period unless it exists."""
        return self._put(
            {
                "customerIdentifier": customer_identifier,
                "eventId": mark_key(dimension, period, user),
                "schema": SCHEMA,
                "expiresAt": next_month_start(at) + EVENT_LIFETIME,
            }
        )

    def raise_mark(
        self,
        customer_identifier: str,
        dimension: str,
        period: str,
        at: float,
        *,
        seen: Decimal | None,
        highest: Decimal,
    ) -> Operation:
        """The operation that raises the highest count of a ``max`` dimension, if it is still the one ``seen``."""
        change = ItemUpdate(
            self.table_name, {"customerIdentifier": customer_identifier, "eventId": mark_key(dimension, period)}
        )
        change.set({"highest": highest, "expiresAt": next_month_start(at) + EVENT_LIFETIME, "schema": SCHEMA})
        return change.when(change.absent("highest") if seen is None else change.equals("highest", seen)).operation()

    def highest_is(self, customer_identifier: str, dimension: str, period: str, seen: Decimal | None) -> Operation:
        """The condition that the highest count under another of the buyer's keys is still the one ``seen``."""
        check: dict[str, Any] = {
            "TableName": self.table_name,
            "Key": {"customerIdentifier": customer_identifier, "eventId": mark_key(dimension, period)},
            "ConditionExpression": "attribute_not_exists(highest)" if seen is None else "highest = :seen",
        }
        if seen is not None:
            check["ExpressionAttributeValues"] = {":seen": seen}
        return {"ConditionCheck": check}

    def absent(self, customer_identifier: str, key: str) -> Operation:
        """The condition that an event or a mark is not stored under another of the buyer's keys."""
        return {
            "ConditionCheck": {
                "TableName": self.table_name,
                "Key": {"customerIdentifier": customer_identifier, "eventId": key},
                "ConditionExpression": "attribute_not_exists(eventId)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def _put(self, item: dict[str, Any]) -> Operation:
        return {
            "Put": {
                "TableName": self.table_name,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(eventId)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }
