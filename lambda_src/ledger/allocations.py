"""The split of sealed lines by tags, in ``yawl-usage-events``: the seal writes it, and nothing changes it afterwards.

A line may have more allocations than an item takes (400 KB), so they are stored in parts; the line says how many.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ledger.reading import many
from ledger.tables import SCHEMA
from ledger.transaction import Operation
from ledger.usage_events import EVENT_LIFETIME
from marketplace.usage_allocations import Allocation, bucket_size, tag_set

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

#: Bytes of a part as a request counts them; an item takes fewer (its names are shorter), and may have 400 KB.
LARGEST_PART = 350_000

#: Names a line: customer, hour, dimension.
LineOf = tuple[str, int, str]


def allocations_key(hour: int, dimension: str, part: int) -> str:
    """The sort key of one part of a line's allocations in ``yawl-usage-events``."""
    return f"allocations#{hour}#{dimension}#{part}"


class FrozenAllocations:
    """The allocations in ``yawl-usage-events``."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

    def put(self, line: LineOf, allocations: Sequence[Allocation]) -> list[Operation]:
        """The operations that store a line's allocations, one per part, for the seal's transaction. The seal's
        condition is theirs too."""
        customer_identifier, hour, dimension = line
        return [
            {
                "Put": {
                    "TableName": self._table_name,
                    "Item": {
                        "customerIdentifier": customer_identifier,
                        "eventId": allocations_key(hour, dimension, number),
                        "schema": SCHEMA,
                        "allocations": [{"quantity": a.quantity, "tags": dict(a.tags)} for a in part],
                        "expiresAt": hour + EVENT_LIFETIME,
                    },
                }
            }
            for number, part in enumerate(_parts(allocations))
        ]

    def get_many(self, parts: Mapping[LineOf, int]) -> dict[LineOf, tuple[Allocation, ...]]:
        """Allocations of lines (strongly consistent), in the order in which the seal stored them.

        parts: how many each line has. A line with a part that is missing or cannot be read is left out.
        """
        keys = {
            (customer, allocations_key(hour, dimension, number)): (customer, hour, dimension)
            for (customer, hour, dimension), count in parts.items()
            for number in range(count)
        }
        items = dict(self._read(keys))
        found: dict[LineOf, tuple[Allocation, ...]] = {}
        for line, count in parts.items():
            customer, hour, dimension = line
            try:
                stored = [items[customer, allocations_key(hour, dimension, number)] for number in range(count)]
                found[line] = tuple(
                    Allocation(tag_set(row["tags"]), Decimal(row["quantity"]))
                    for item in stored
                    for row in item["allocations"]
                )
            except (AttributeError, ArithmeticError, LookupError, TypeError, ValueError):
                continue
        return found

    def _read(self, keys: Iterable[tuple[str, str]]) -> Iterable[tuple[tuple[str, str], Mapping[str, Any]]]:
        named = ({"customerIdentifier": customer, "eventId": event_id} for customer, event_id in keys)
        for item in many(self._dynamodb, self._table_name, named):
            yield (str(item["customerIdentifier"]), str(item["eventId"])), item


def _parts(allocations: Iterable[Allocation]) -> list[list[Allocation]]:
    parts: list[list[Allocation]] = []
    size = LARGEST_PART
    for allocation in allocations:
        wanted = bucket_size(allocation.tags)
        if size + wanted > LARGEST_PART:
            parts.append([])
            size = 0
        parts[-1].append(allocation)
        size += wanted
    return parts
