"""One event for the vendor's app, and its form. Pure.

``docs/events.md`` says what each means, ``docs/events`` holds the schemas. An event holds no contact data, no token and
no secret, so a consumer may log it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

#: The ``source`` of the events on the bus, and the version of all their schemas. A change that a consumer may notice,
#: other than a new attribute, is another version.
SOURCE = "yawl.marketplace"
VERSION = "1"

EventName = Literal[
    "SubscriberRegistered",
    "SubscriptionActivated",
    "SubscriptionChanged",
    "SubscriptionEnding",
    "SubscriptionEnded",
    "AccessRevoked",
    "EntitlementChanged",
    "AllowanceThresholdReached",
    "AdvisoryIssued",
]


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event of one customer.

    what: names the event among all of its customer and name: the version of the row that made it, or the threshold that
    was reached. The same change always makes the same ``id``, however often it is delivered, so a consumer can tell a
    repeat. sequence: the version of the row, which only rises. at: when it happened (ISO).
    """

    name: EventName
    customer_identifier: str
    product_code: str
    linked_account: str | None
    what: str
    sequence: int
    at: str
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What names the event, to its consumers too."""
        return f"{self.customer_identifier}:{self.what}:{self.name}"

    def to_json(self) -> str:
        """The event as its consumers get it: the detail on the bus, the body of a message and of a webhook."""
        document: dict[str, Any] = {
            "id": self.id,
            "version": VERSION,
            "type": self.name,
            "at": self.at,
            "sequence": self.sequence,
            "customerIdentifier": self.customer_identifier,
            "productCode": self.product_code,
        }
        if self.linked_account is not None:
            document["linkedAccount"] = self.linked_account
        document["data"] = self.data
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
