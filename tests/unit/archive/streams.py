"""Changes of streams, as Lambda delivers them."""

from typing import Any

from ledger.attribute_values import to_attributes
from ledger.tables import Table


def change(
    table: Table,
    item: dict[str, Any],
    number: int = 1,
    *,
    name: str = "INSERT",
    at: float = 1_794_733_260.0,
    suffix: str = "",
    old: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A change that left the item so, on 2026-11-15 at 09:01 UTC."""
    keys = {key.name: item[key.name] for key in (table.hash, table.range) if key}
    found: dict[str, Any] = {
        "eventID": f"id-{number}",
        "eventName": name,
        "eventSourceARN": f"arn:aws:dynamodb:us-east-1:111122223333:table/{table.name}{suffix}/stream/2026-11-01T00:00",
        "dynamodb": {
            "ApproximateCreationDateTime": at,
            "Keys": to_attributes(keys),
            "SequenceNumber": f"{number}00000000000000000001",
        },
    }
    if name != "REMOVE":
        found["dynamodb"]["NewImage"] = to_attributes(item)
    if old is not None:
        found["dynamodb"]["OldImage"] = to_attributes(old)
    return found
