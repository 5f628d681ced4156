"""A change of a subscriber as one function of the stage hands it to another, by a queue.

The subscribers' stream has two readers already, the archive and final metering's start, and DynamoDB throttles a third
(Developer Guide, "Change data capture for DynamoDB Streams": at most two processes should read a shard). So the second
reader passes each change on. The message holds facts only: instead of the contact data it says whether there is any.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from ledger.attribute_values import from_attributes
from ledger.subscriber import Subscriber, from_item
from ledger.tables import SUBSCRIBER_FACTS

#: What travels: facts, without the notices of the whole life, whose number has no bound.
_CARRIED = (
    *(name for name in SUBSCRIBER_FACTS if name != "lifecycleNotices"),
    *("linkedAccount", "succeededBy", "initialAgreementId", "agreementStatus", "contractStart", "contractEnd"),
)
_REGISTERED = "registered"
#: What a completed registration stores: its time, and in rows from before that the e-mail address.
_WITH_REGISTRATION = frozenset({"registeredAt", "email"})


class SubscriberChange(NamedTuple):
    """A subscriber before (None: it was not stored) and after one write. registered: whether this write brought its
    first contact data. changed_at: epoch seconds."""

    old: Subscriber | None
    new: Subscriber
    registered: bool
    changed_at: float


def to_message(change: Mapping[str, Any]) -> str | None:
    """The message of a change of the stream (``StreamRecord``); None where the item was removed."""
    if not change.get("NewImage"):
        return None
    images = {"old": _image(change.get("OldImage")), "new": _image(change["NewImage"])}
    changed_at = float(change["ApproximateCreationDateTime"])
    return json.dumps({"changedAt": changed_at, **images}, ensure_ascii=False, separators=(",", ":"))


def from_message(text: str) -> SubscriberChange:
    """The change of a message."""
    message = json.loads(text)
    old, new = message["old"], from_attributes(message["new"])
    was = from_attributes(old) if old is not None else {}
    return SubscriberChange(
        old=from_item(was) if was else None,
        new=from_item(new),
        registered=bool(new.get(_REGISTERED)) and not was.get(_REGISTERED),
        changed_at=message["changedAt"],
    )


def _image(image: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not image:
        return None
    kept = {name: image[name] for name in _CARRIED if name in image}
    return kept | {_REGISTERED: {"BOOL": True}} if _WITH_REGISTRATION & image.keys() else kept
