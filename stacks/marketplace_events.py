"""Where notices of AWS Marketplace come from.

SNS: AWS Marketplace Seller Guide, "Amazon SNS notifications for SaaS products". EventBridge: the same guide, "Amazon
EventBridge events for AWS Marketplace"; a seller gets either the Proposer's or the Manufacturer's copy of an
agreement's event, depending on who sold.
"""

from typing import Literal

from marketplace.regions import NOTICES_ACCOUNT, NOTICES_REGION

SOURCE = "aws.agreement-marketplace"

#: EventBridge has no notice of its own for entitlements: this one stands for it
STARTS = ("License Updated - Manufacturer",)

DETAIL_TYPES = (
    *STARTS,
    "License Deprovisioned - Manufacturer",
    *(
        f"Purchase Agreement {what} - {role}"
        for what in ("Created", "Amended", "Ended")
        for role in ("Proposer", "Manufacturer")
    ),
)


def notice_topic(kind: Literal["subscription", "entitlement"], product_code: str) -> str:
    """The ARN of Marketplace's own topic for one product."""
    return f"arn:aws:sns:{NOTICES_REGION}:{NOTICES_ACCOUNT}:aws-mp-{kind}-notification-{product_code}"
