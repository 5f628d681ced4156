"""Units of an hour by their tags, in ``yawl-usage-events``: one item per customer, hour, dimension and set of tags.

They are separate items, because the open record must not grow with the number of sets: each addition would cost its
whole size, and at 400 KB it would take no more usage. The transaction that adds to the record adds to them as well.
"""

import hashlib
import json
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from ledger.item_update import ItemUpdate
from ledger.reading import every_page
from ledger.tables import SCHEMA
from ledger.transaction import Operation
from ledger.usage_events import EVENT_LIFETIME
from marketplace.usage_allocations import TagSet, tag_set

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

TAGS = "tags#"


def tags_key(hour: int, dimension: str, tags: TagSet) -> str:
    """The key of a set of tags. The set is hashed, since five tags are longer than a key may be."""
    canonical = json.dumps(tags, separators=(",", ":"))
    return f"{TAGS}{hour}#{dimension}#{hashlib.sha256(canonical.encode()).hexdigest()[:32]}"


def add_tagged(
    table_name: str, customer_identifier: str, hour: int, dimension: str, tags: TagSet, counted: Decimal
) -> Operation:
    """The operation that adds recorded units to a set of tags. It needs no condition of its own: that of the record, in
    the same transaction, says that the hour is open."""
    change = ItemUpdate(
        table_name, {"customerIdentifier": customer_identifier, "eventId": tags_key(hour, dimension, tags)}
    )
    change.set({"tags": dict(tags), "dimension": dimension, "schema": SCHEMA, "expiresAt": hour + EVENT_LIFETIME})
    return change.add({"counted": counted}).operation()


class TaggedUsage:
    """Reads the units by tags."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def of_hour(self, customer_identifier: str, hour: int) -> dict[str, dict[TagSet, Decimal]]:
        """Recorded units by dimension and set of tags, all pages, strongly consistent.

        Read it after the record: it then holds everything recorded before that read, and whatever is recorded later
        raises the record's version in the same transaction, so that the seal of the version that was read fails.
        """
        rows = every_page(
            self._table.query,
            KeyConditionExpression="customerIdentifier = :customer AND begins_with(eventId, :tags)",
            ExpressionAttributeValues={":customer": customer_identifier, ":tags": f"{TAGS}{hour}#"},
            ConsistentRead=True,
        )
        found: dict[str, dict[TagSet, Decimal]] = defaultdict(dict)
        for row in rows:
            found[row["dimension"]][tag_set(row["tags"])] = row["counted"]
        return dict(found)
