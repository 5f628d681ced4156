"""Closed months in ``yawl-audit``: each customer's part under its own key, and a heading that says that it is complete.

The heading comes last, and once: a month without it is not closed, whatever parts an interrupted close has left.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ledger import tables
from ledger.invoice import Row, Sums
from ledger.reading import every_page
from ledger.tables import SCHEMA
from ledger.transaction import Cancelled, Operation, write
from ops.change import STAGE_SUBJECT
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import iso

#: Of one item's rows; an item has at most 400 KB (DynamoDB quotas).
LONGEST = 300_000
#: Of operations of one transaction, which has at most 4 MB.
AT_ONCE = 10


class Heading(NamedTuple):
    """What is stored of a closed month as a whole. close: names its parts. digest: of all rows, in order."""

    month: str
    close: str
    closed_at: str
    digest: str
    customers: int
    currency: str
    prices: Mapping[str, str]


def encode(rows: Iterable[Row]) -> str:
    """The rows of one customer as they are stored."""
    lines = [[row.day, row.dimension, row.sums.plain()] for row in rows]
    return json.dumps(lines, separators=(",", ":"))


def decode(customer: str, stored: str) -> list[Row]:
    """The inverse of ``encode``."""
    return [Row(customer, day, name, Sums.from_plain(sums)) for day, name, sums in json.loads(stored)]


def digest(parts: Iterable[tuple[str, str]]) -> str:
    """Of all customers' encoded rows, in the customers' order."""
    made = hashlib.sha256()
    for customer, stored in parts:
        made.update(f"{customer}\n{stored}\n".encode())
    return made.hexdigest()


def heading(stage: OpenStage, month: str) -> Heading | None:
    """The heading of a closed month; None while it is not closed."""
    # A role of operators queries the audit trail, and may do nothing else that reads it.
    found = stage.table(tables.AUDIT).query(
        KeyConditionExpression="subject = :subject AND #item = :item",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":subject": STAGE_SUBJECT, ":item": f"closed#{month}#"},
        ConsistentRead=True,
    )["Items"]
    if not found:
        return None
    item: Any = found[0]
    return Heading(
        month,
        item["close"],
        item["closedAt"],
        item["digest"],
        int(item["customers"]),
        item["currency"],
        dict(item["prices"]),
    )


def store(
    stage: OpenStage,
    entry: Operation,
    month: str,
    parts: Sequence[tuple[str, str]],
    prices: Mapping[str, str],
) -> Heading:
    """Store a month: its parts, then the heading with the audit entry. Raises Refused where somebody closed it
    meanwhile."""
    close = str(entry["Put"]["Item"]["item"]).rpartition("#")[2]
    made = Heading(
        month,
        close,
        iso(int(stage.now())),
        digest(parts),
        len(parts),
        stage.settings.currency,
        prices,
    )
    batch: list[Operation] = []
    for customer, encoded in stage.watch(parts, "customers"):
        for number, start in enumerate(range(0, len(encoded), LONGEST)):
            item = {"subject": customer, "item": f"closed#{month}#{close}#{number:03d}"}
            batch.append(_put(stage, {**item, "rows": encoded[start : start + LONGEST], "schema": SCHEMA}))
            if len(batch) == AT_ONCE:
                write(stage.dynamodb.meta.client, batch)
                batch = []
    if batch:
        write(stage.dynamodb.meta.client, batch)
    whole: dict[str, Any] = {
        "subject": STAGE_SUBJECT,
        "item": f"closed#{month}#",
        "schema": SCHEMA,
        "close": close,
        "closedAt": made.closed_at,
        "digest": made.digest,
        "customers": made.customers,
        "currency": made.currency,
        "prices": dict(prices),
    }
    try:
        write(stage.dynamodb.meta.client, [_put(stage, whole), entry])
    except Cancelled:
        raise Refused(f"somebody closed {month} meanwhile: ops close {month} shows it") from None
    return made


def stored_parts(stage: OpenStage, heading: Heading, customers: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The encoded rows of these customers' closed month; nothing of those who had none.

    They are read by key, since a role of operators scans no table.
    """
    for customer in customers:
        items = every_page(
            stage.table(tables.AUDIT).query,
            KeyConditionExpression="subject = :subject AND begins_with(#item, :close)",
            ExpressionAttributeNames={"#item": "item"},
            ExpressionAttributeValues={":subject": customer, ":close": f"closed#{heading.month}#{heading.close}#"},
            ConsistentRead=True,
        )
        encoded = "".join(str(item["rows"]) for item in items)
        if encoded:
            yield customer, encoded


def _put(stage: OpenStage, item: Mapping[str, Any]) -> Operation:
    return {
        "Put": {
            "TableName": stage.table_name(tables.AUDIT),
            "Item": dict(item),
            "ConditionExpression": "attribute_not_exists(subject)",
        }
    }
