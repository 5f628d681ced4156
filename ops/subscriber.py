"""Subscribers as operators see them: everything that decides money, and no contact data.

The role operator-read may read these attributes and no others (``stacks.operators``).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ledger import tables
from ledger.subscriber import Subscriber, from_item

if TYPE_CHECKING:
    from ops.stage import OpenStage

_NAMES = {f"#{number}": name for number, name in enumerate(tables.SUBSCRIBER_FACTS)}
_SHOWN: dict[str, Any] = {"ProjectionExpression": ", ".join(_NAMES), "ExpressionAttributeNames": _NAMES}


def read_subscriber(stage: "OpenStage", customer: str) -> Subscriber | None:
    """The subscriber as it is now (strongly consistent); None where there is none."""
    key = {"customerIdentifier": customer}
    item = stage.table(tables.SUBSCRIBERS).get_item(Key=key, ConsistentRead=True, **_SHOWN).get("Item")
    return from_item(item) if item else None


def read_subscribers(stage: "OpenStage", customers: Iterable[str]) -> dict[str, Subscriber]:
    """These subscribers by billing key (strongly consistent), without those that are absent.

    One by one: the role's condition on attributes is about requests that name them, and BatchGetItem names them table
    by table.
    """
    found = {customer: read_subscriber(stage, customer) for customer in dict.fromkeys(customers)}
    return {customer: subscriber for customer, subscriber in found.items() if subscriber is not None}
