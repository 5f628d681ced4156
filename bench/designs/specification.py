"""The specification's design: one row per customer and hour, to whose list every event appends one element.

Index ``PendingMeteringRecordsIndex`` over ``meteringPending`` and ``timestamp``, projection ALL. The hourly job reads
one page of at most 1,000 pending rows, adds up per customer and dimension, sends 100 records a call with the time of
sending as timestamp, and marks the rows it believes to have sent.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ledger.tables import HOUR, Index, Key, Table
from usage.usage_event import UsageEvent

TABLE = Table(
    name="spec-metering-records",
    hash=Key("customerIdentifier"),
    range=HOUR,
    indexes=(Index(name="PendingMeteringRecordsIndex", hash=Key("meteringPending"), range=HOUR, projection="ALL"),),
)
PAGE = 1000
BATCH = 100


def record(table: Any, events: Sequence[UsageEvent], hour: int, now: datetime, **more: Any) -> dict[str, Any]:
    """Write one UpdateItem per event, and return the last answer. A repeat is counted again."""
    answer: dict[str, Any] = {}
    for event in events:
        answer = table.update_item(
            Key={"customerIdentifier": event.customer_identifier, "timestamp": hour},
            UpdateExpression=(
                "SET dimensionUsage = list_append(if_not_exists(dimensionUsage, :empty_list), :usage),"
                " meteringPending = :pending, createdAt = if_not_exists(createdAt, :now)"
            ),
            ExpressionAttributeValues={
                ":empty_list": [],
                ":usage": [{"dimension": event.dimension.name, "value": int(event.quantity)}],
                ":pending": "true",
                ":now": now.isoformat(),
            },
            **more,
        )
    return answer


def batches(rows: Sequence[Any]) -> list[list[tuple[str, str, int]]]:
    """The calls of the hourly job for one page of rows: (customer, dimension, quantity) of each record."""
    totals: dict[tuple[str, str], int] = {}
    for row in rows[:PAGE]:
        for usage in row["dimensionUsage"]:
            key = row["customerIdentifier"], usage["dimension"]
            totals[key] = totals.get(key, 0) + int(usage["value"])
    lines = [(customer, dimension, quantity) for (customer, dimension), quantity in totals.items()]
    return [lines[start : start + BATCH] for start in range(0, len(lines), BATCH)]


def mark_submitted(table: Any, customer: str, hour: int, response: str, **more: Any) -> Any:
    """The row as the job means to mark it (its own key, not the time of sending, which would miss the row)."""
    return table.update_item(
        Key={"customerIdentifier": customer, "timestamp": hour},
        UpdateExpression="SET meteringPending = :pending, meteringFailed = :failed, meteringResponse = :response",
        ExpressionAttributeValues={":pending": "false", ":failed": False, ":response": response},
        **more,
    )


def clock() -> datetime:
    """The time now, as a datetime in UTC."""
    return datetime.now(UTC)
