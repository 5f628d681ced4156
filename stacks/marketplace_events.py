"""Where AWS Marketplace's notices come from.

SNS: AWS Marketplace Seller Guide, "Amazon SNS notifications for SaaS products". EventBridge: the same guide, "Amazon
EventBridge events for AWS Marketplace"; a seller gets either the Proposer's or the Manufacturer's copy of an
agreement's event, depending on who sold.
"""

from typing import Any, Literal

from marketplace.regions import NOTICES_ACCOUNT, NOTICES_REGION
from stacks.stage import Stage

SOURCE = "aws.agreement-marketplace"

TopicKind = Literal["subscription", "entitlement"]

#: EventBridge has no notice of its own for entitlements; this one stands for it.
STARTS = ("License Updated - Manufacturer",)

#: The seller's copies, without their role, as the user guide lists them. Acceptor is the buyer's copy, which a seller
#: gets of its own purchases. We show an advisory, a request to cancel, a billing adjustment and a spend threshold with
#: the subscriber (marketplace.agreement_event).
_BOTH = (
    *(f"Purchase Agreement {what}" for what in ("Created", "Amended", "Ended", "Billing Adjustment Completed")),
    *(f"Agreement Cancellation Request {what}" for what in ("Pending Approval", "Approved", "Rejected", "Cancelled")),
)
_PROPOSER = ("Agreement Cancellation Request Validation Failed", "Purchase Agreement Billing Adjustment Failed")
_MANUFACTURER = (
    "License Updated",
    "License Deprovisioned",
    *(f"Purchase Agreement Advisory {what}" for what in ("Issued", "Resolved")),
)
#: Integrators name these without a role; the guide does not list them.
_SPEND = tuple(f"Spend Threshold {what}" for what in ("Reached", "Vet Succeeded", "Vet Failed"))

DETAIL_TYPES = (
    *(f"{what} - Manufacturer" for what in (*_MANUFACTURER, *_BOTH, *_SPEND)),
    *(f"{what} - Proposer" for what in (*_PROPOSER, *_BOTH, *_SPEND)),
    *_SPEND,
)


def detail_of_buyers(stage: Stage) -> dict[str, Any] | None:
    """The event pattern's ``detail`` for the buyers whose notices the stage applies; None for no filter.

    A pattern cannot match a billing key, so with ``testBuyers`` all events come, and the functions choose. A filter
    leaves out events that name no account this way (cancellation requests, billing adjustments). EventBridge takes no
    empty list: without accounts, the pattern asks for one that cannot exist.
    """
    if stage.takes_all_notices or stage.test_buyers:
        return None
    return {"acceptor": {"accountId": list(stage.test_accounts) or ["nobody"]}}


def notices_of(stage: Stage) -> str:
    """The value of the setting ``NOTICES_OF``, see ``buyer.allowed_buyers``."""
    return "all" if stage.takes_all_notices else ",".join((*stage.test_accounts, *stage.test_buyers))


def notice_topic(kind: TopicKind, product_code: str) -> str:
    """The ARN of Marketplace's own topic for one product."""
    return f"arn:aws:sns:{NOTICES_REGION}:{NOTICES_ACCOUNT}:aws-mp-{kind}-notification-{product_code}"
