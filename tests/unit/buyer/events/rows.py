"""Rows of the subscribers' table, and changes of them as the stream delivers and the queue carries them."""

from typing import Any

from buyer.events.event import Event
from buyer.events.of_subscriber import events_of
from ledger.attribute_values import to_attributes
from ledger.subscriber import Subscriber, from_item
from ledger.subscriber_change import SubscriberChange, from_message, to_message
from tests.unit.buyer.events.published import validated

START, END = 1_794_700_000, 1_794_734_400
Row = dict[str, Any]


def row(status: str = "active", **more: Any) -> Row:
    """A row; ``version`` 1 unless given."""
    basis = {"customerIdentifier": "l-1", "integration": "license", "productCode": "prod-1", "version": 1}
    return {**basis, "subscriptionStatus": status, "updatedAt": "2026-11-15T08:00:00Z", **more}


def active(**more: Any) -> Row:
    """Active since ``START``."""
    return row("active", activePeriods=[{"start": START}], **more)


def ended(status: str, **more: Any) -> Row:
    """Its period ended at ``END``."""
    periods = [{"start": START, "end": END}]
    return row(status, activePeriods=periods, acceptsUntil=END + 45 * 60, **more)


def streamed(old: Row | None, new: Row | None) -> Row:
    """The change of the stream (``StreamRecord``)."""
    images = {name: to_attributes(image) for name, image in (("OldImage", old), ("NewImage", new)) if image}
    keys = to_attributes({"customerIdentifier": (new or old or {})["customerIdentifier"]})
    return {"ApproximateCreationDateTime": END + 60, "SequenceNumber": "111", "Keys": keys, **images}


def change(old: Row | None, new: Row) -> SubscriberChange:
    """The change after its way through the queue."""
    message = to_message(streamed(old, new))
    assert message is not None
    return from_message(message)


def told(old: Row | None, new: Row, *others: Row) -> list[Row]:
    """The events of a change, each valid by its schema. others: rows of other customers."""
    known = {other["customerIdentifier"]: from_item(other) for other in others}

    def successor(key: str) -> Subscriber | None:
        return known.get(key)

    events: tuple[Event, ...] = events_of(change(old, new), product_code="prod-only", successor=successor)
    return [validated(event) for event in events]


def names(documents: list[Row]) -> list[str]:
    """The types, in order."""
    return [document["type"] for document in documents]
