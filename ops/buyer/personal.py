"""Where the tables hold personal data of one buyer: the contact, and the hashes of its users.

No operator's role may read the contact, so these commands need an administrator's credentials.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ledger import tables
from ledger.reading import every_page
from ledger.usage_events import DAY
from marketplace.hour import next_month_start
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import from_iso

CONTACT = ("email", "company", "name", "language")
#: Usage of more than 30 days is refused (``usage.judge_event``), so that no event that comes still is compared with one
#: as old as this, or counted by a mark of a month that ended so long ago.
DECIDES_NOTHING_AFTER = 31 * DAY


def subscriber_of(stage: OpenStage, customer: str) -> Mapping[str, Any]:
    """The subscriber's whole item. Raises Refused where there is none."""
    key = {"customerIdentifier": customer}
    item = stage.table(tables.SUBSCRIBERS).get_item(Key=key, ConsistentRead=True).get("Item")
    if item is None:
        raise Refused(f"no buyer is stored as {customer}: look for its billing key with ops customer")
    return item


def hashed_events(stage: OpenStage, customer: str) -> Iterator[Mapping[str, Any]]:
    """The customer's events that name a user by a hash."""
    for item in _usage(stage, customer, "event#"):
        if "userHash" in item["content"]:
            yield item


def marks(stage: OpenStage, customer: str) -> Iterator[Mapping[str, Any]]:
    """The marks of the customer's users; the highest count of a dimension is no user's."""
    for item in _usage(stage, customer, "mark#"):
        if not str(item["eventId"]).endswith("#highest"):
            yield item


def month_of_mark(item: Mapping[str, Any]) -> tuple[str, str]:
    """The dimension and month of a mark: ``mark#<dimension>#<month>#<hash>``."""
    dimension, month, _ = str(item["eventId"]).removeprefix("mark#").rsplit("#", 2)
    return dimension, month


def decides_nothing(item: Mapping[str, Any], now: float) -> bool:
    """Whether no usage that may still come depends on the hash in an event or a mark."""
    if str(item["eventId"]).startswith("event#"):
        until = max(from_iso(item["occurredAt"]), from_iso(item["recordedAt"]))
    else:
        _, month = month_of_mark(item)
        until = next_month_start(datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC).timestamp())
    return until + DECIDES_NOTHING_AFTER <= now


def _usage(stage: OpenStage, customer: str, begins: str) -> Iterator[Mapping[str, Any]]:
    return every_page(
        stage.table(tables.USAGE_EVENTS).query,
        KeyConditionExpression="customerIdentifier = :customer AND begins_with(eventId, :begins)",
        ExpressionAttributeValues={":customer": customer, ":begins": begins},
    )
