"""Which moments people are told of, and in which words. Pure.

A mail to the vendor names the buyer by its billing key and holds no contact data: it goes through a topic, and people
send it on. ``GET /subscribers/{id}`` has the rest.
"""

from dataclasses import dataclass
from typing import Final, Literal

from ledger.subscriber import Subscriber
from runtime import clock

Moment = Literal["registered", "unconfirmed", "handover_refused", "ended"]
#: By the names of the events on the stage's bus, and of the messages that this room sends itself.
MOMENTS: Final[dict[str, Moment]] = {
    "SubscriberRegistered": "registered",
    "RegistrationUnconfirmed": "unconfirmed",
    "HandoverRefused": "handover_refused",
    "SubscriptionEnded": "ended",
}
#: The events among them that the bus brings.
FROM_THE_BUS: Final = ("SubscriberRegistered", "SubscriptionEnded")
#: What buyers are told of as well.
BUYERS: Final = ("registered", "unconfirmed", "ended")


@dataclass(frozen=True)
class Mail:
    """A mail. subject: ASCII, shorter than 100 characters where it goes to a topic (SNS API reference, Publish)."""

    subject: str
    text: str


def to_vendor(moment: Moment, customer: str, found: Subscriber | None, *, title: str, detail: str = "") -> Mail:
    """The mail to the vendor's people. found: None where the buyer is not stored. detail: more about a refusal."""
    subject, happened, look = _VENDOR[moment]
    facts = {"Customer": customer, "Product": title or (found and found.product_code), "Refused": detail}
    if found is not None:
        held = ", ".join(f"{each.dimension}: {each.value}" for each in found.entitlements)
        facts |= {
            "Status": found.status,
            "Holds": held,
            "Free trial": "yes" if found.free_trial else "",
            "Registered": found.registered_at,
            "Linked account": found.linked_account,
        }
    lines = "\n".join(f"{name}: {value}" for name, value in facts.items() if value)
    where = f"GET /subscribers/{customer} shows the contact. ops customer {customer} shows what was used and billed."
    return Mail(subject.format(customer=customer[:40]), f"{happened}\n\n{lines}\n\n{look} {where}\n")


_VENDOR: Final[dict[Moment, tuple[str, str, str]]] = {
    "registered": (
        "AWS Marketplace: {customer} has registered",
        "A buyer of AWS Marketplace has completed its registration.",
        "The buyer may use the product once its status is active.",
    ),
    "unconfirmed": (
        "AWS Marketplace: {customer} is not confirmed",
        "A buyer has registered, and AWS Marketplace has not confirmed its subscription in the time that is usual.",
        "The buyer waits and was told so. Look at the agreement in the AWS Marketplace Management Portal, and at the"
        " notices of this stage (ops status).",
    ),
    "handover_refused": (
        "AWS Marketplace: {customer} was refused on the way into the app",
        "The app presented a hand-over that is not valid or was used before, or a link to a second account.",
        "A buyer may not get into the app. docs/errors.md says what each refusal means.",
    ),
    "ended": (
        "AWS Marketplace: {customer} has ended its subscription",
        "A buyer's subscription has ended.",
        "End the buyer's access. Its last hours are metered by themselves.",
    ),
}


def is_unconfirmed(found: Subscriber, *, confirm_within: int, now: float) -> bool:
    """Whether a registered buyer has waited for AWS Marketplace for longer than ``confirm_within`` seconds."""
    if found.status != "pending" or found.registered_at is None or found.superseded_by is not None:
        return False
    return clock.from_iso(found.registered_at) + confirm_within <= now
