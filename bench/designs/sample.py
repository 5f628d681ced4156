"""The AWS sample's design (aws-marketplace-serverless-saas-integration): one row per event.

Index ``PendingMeteringRecordsIndex`` over ``metering_pending`` alone, projection ALL. The hourly job reads one page of
it and sends one message per customer; the consumer makes one call per customer with the time of sending as timestamp,
and then takes the mark off every row.
"""

from collections.abc import Sequence
from typing import Any

from ledger.tables import Index, Key, Table
from usage.usage_event import UsageEvent

TABLE = Table(
    name="sample-metering-records",
    hash=Key("customerIdentifier"),
    range=Key("create_timestamp", "N"),
    indexes=(Index(name="PendingMeteringRecordsIndex", hash=Key("metering_pending"), projection="ALL"),),
)


def record(table: Any, events: Sequence[UsageEvent], first: int, **more: Any) -> dict[str, Any]:
    """Write one PutItem per event, and return the last answer. first: the key of the first (its README asks for unique
    ones)."""
    answer: dict[str, Any] = {}
    for number, event in enumerate(events):
        answer = table.put_item(
            Item={
                "customerIdentifier": event.customer_identifier,
                "create_timestamp": first + number,
                "dimension_usage": [{"dimension": event.dimension.name, "value": int(event.quantity)}],
                "metering_pending": "true",
            },
            **more,
        )
    return answer


def batches(rows: Sequence[Any]) -> list[list[tuple[str, str, int]]]:
    """The calls of the consumer for one page of rows: one per customer."""
    by_customer: dict[str, dict[str, int]] = {}
    for row in rows:
        totals = by_customer.setdefault(row["customerIdentifier"], {})
        for usage in row["dimension_usage"]:
            totals[usage["dimension"]] = totals.get(usage["dimension"], 0) + int(usage["value"])
    return [[(customer, name, units) for name, units in totals.items()] for customer, totals in by_customer.items()]


def mark_submitted(table: Any, customer: str, created: int, response: str, **more: Any) -> Any:
    """Mark a row as sent, with the response, by one UpdateItem."""
    return table.update_item(
        Key={"customerIdentifier": customer, "create_timestamp": created},
        UpdateExpression="SET metering_failed = :failed, metering_response = :response REMOVE metering_pending",
        ExpressionAttributeValues={":failed": False, ":response": response},
        **more,
    )
