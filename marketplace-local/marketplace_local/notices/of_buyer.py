"""The notices about a buyer that AWS Marketplace would have sent by SNS (legacy) or by EventBridge (licence)."""

from typing import Any

from marketplace_local import notices
from marketplace_local.catalogue import Buyer
from marketplace_local.clock import iso
from marketplace_local.notices import Agreement
from marketplace_local.rules.window import END_GRACE_SECONDS


def notices_of(buyer: Buyer, now: float) -> list[dict[str, Any]]:
    """``{at, channel, body}`` each, oldest first: of the starts and ends up to ``now`` (epoch seconds)."""
    sent = _by_sns(buyer) if buyer.customer_identifier else _by_eventbridge(buyer)
    return [
        {"at": iso(int(at)), "channel": channel, "body": body}
        for at, channel, body in sorted(sent, key=lambda notice: notice[0])
        if at <= now
    ]


Sent = list[tuple[float, str, dict[str, Any]]]


def _by_sns(buyer: Buyer) -> Sent:
    """User guide, SaaS notifications: the last message comes when AWS takes no final records any more."""
    customer, product = buyer.customer_identifier or "", buyer.product_code
    topic = "SNS aws-mp-subscription-notification"
    sent: Sent = []
    for period in buyer.periods:
        started = notices.subscription_notice(
            "subscribe-success", customer, product, offer_identifier=buyer.offer_id, free_trial=buyer.free_trial
        )
        sent.append((period.start, topic, started))
        if buyer.entitlements:
            held = notices.entitlement_notice(customer, product)
            sent.append((period.start, "SNS aws-mp-entitlement-notification", held))
        if period.end is not None:
            pending = notices.subscription_notice("unsubscribe-pending", customer, product)
            over = notices.subscription_notice("unsubscribe-success", customer, product)
            sent += [(period.end, topic, pending), (period.end + END_GRACE_SECONDS, topic, over)]
    return sent


def _by_eventbridge(buyer: Buyer) -> Sent:
    agreement = Agreement.of(buyer)
    sent: Sent = []
    for period in buyer.periods:
        events = [
            (period.start, notices.agreement_created(agreement, period.start)),
            (period.start, notices.license_updated(agreement, period.start)),
        ]
        if period.end is not None:
            events.append((period.end, notices.agreement_ended(agreement, period.end)))
            events.append((period.end, notices.license_deprovisioned(agreement, period.end)))
        sent += [(at, "EventBridge", event) for at, event in events]
    return sent
