"""Where notices of AWS Marketplace come from.

SNS: AWS Marketplace Seller Guide, "Amazon SNS notifications for SaaS products". EventBridge: the same guide, "Amazon
EventBridge events for AWS Marketplace"; a seller gets either the Proposer's or the Manufacturer's copy of an
agreement's event, depending on who sold.
"""

from collections.abc import Sequence
from typing import Any, Literal

from marketplace.regions import NOTICES_ACCOUNT, NOTICES_REGION

SOURCE = "aws.agreement-marketplace"

#: EventBridge has no notice of its own for entitlements: this one stands for it
STARTS = ("License Updated - Manufacturer",)

#: by stem, without its role: the seller's copies, as the user guide lists them. Acceptor is the buyer's copy, which a
#: seller gets of what he buys himself. An advisory, a request to cancel, a billing adjustment and a spend threshold are
#: shown with the subscriber (marketplace.agreement_event)
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
#: integrators name these without a role; the guide does not print them
_SPEND = tuple(f"Spend Threshold {what}" for what in ("Reached", "Vet Succeeded", "Vet Failed"))

DETAIL_TYPES = (
    *(f"{what} - Manufacturer" for what in (*_MANUFACTURER, *_BOTH, *_SPEND)),
    *(f"{what} - Proposer" for what in (*_PROPOSER, *_BOTH, *_SPEND)),
    *_SPEND,
)
#: EventBridge takes patterns of 2,048 characters (Amazon EventBridge quotas), and so many accounts fit into ours
MOST_ACCOUNTS = 20


def detail_of_buyers(accounts: Sequence[str] | None) -> dict[str, Any] | None:
    """The event pattern's ``detail`` for the buyers of these AWS accounts; None, and no filter, for everybody's.

    Events that name no account this way (cancellation requests, billing adjustments) are not taken then. EventBridge
    takes no empty list: where nobody is listed the pattern asks for what no account is called.
    """
    return None if accounts is None else {"acceptor": {"accountId": list(accounts) or ["nobody"]}}


def notices_of(accounts: Sequence[str] | None) -> str:
    """The setting ``NOTICES_OF`` for the buyers of these AWS accounts; None is everybody (ledger.allowed_accounts)."""
    return "all" if accounts is None else ",".join(accounts)


def notice_topic(kind: Literal["subscription", "entitlement"], product_code: str) -> str:
    """The ARN of Marketplace's own topic for one product."""
    return f"arn:aws:sns:{NOTICES_REGION}:{NOTICES_ACCOUNT}:aws-mp-{kind}-notification-{product_code}"
