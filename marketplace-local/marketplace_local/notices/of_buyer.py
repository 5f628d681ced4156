"""The notices about a buyer that AWS Marketplace would have sent by SNS (legacy) or by EventBridge (licence)."""

from dataclasses import replace
from typing import Any, Literal, cast

from marketplace_local import notices
from marketplace_local.catalogue import Buyer
from marketplace_local.clock import iso
from marketplace_local.notices import Agreement, EndStatus
from marketplace_local.rules.window import END_GRACE_SECONDS


def notices_of(buyer: Buyer, now: float) -> list[dict[str, Any]]:
    """``{at, channel, body}`` each, oldest first: of the starts and ends up to ``now`` (epoch seconds)."""
    sent = _by_sns(buyer) if buyer.customer_identifier else _by_eventbridge(buyer)
    return [
        {"at": iso(int(at)), "channel": channel, "body": body}
        for at, channel, body in sorted(sent, key=lambda notice: notice[0])
        if at <= now and not is_lost(buyer, body)
    ]


def is_lost(buyer: Buyer, body: dict[str, Any]) -> bool:
    """Whether a notice never arrives, by the buyer's ``loses``."""
    return any(str(body.get("detail-type", body.get("action", ""))).startswith(name) for name in buyer.loses)


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
    """A licence that follows another one names the renewed agreement; a replacement does not (user guide: RENEW only).
    Agreements that followed with the same licence begin and end inside of a period."""
    agreement = Agreement.of(buyer)
    sent: Sent = []
    for number, past in enumerate(buyer.past):
        ended = replace(agreement, agreement_id=past.id, offer_id=past.offer_id)
        following = buyer.past[number + 1].id if number + 1 < len(buyer.past) else buyer.agreement_id
        begun = replace(agreement, agreement_id=following)
        at, how = past.end or past.start, cast("EndStatus", past.status)
        previous = past.id if how == "RENEWED" else None
        intent: Literal["RENEW", "REPLACE"] = "RENEW" if how == "RENEWED" else "REPLACE"
        created = notices.agreement_created(begun, at, intent=intent, previous_agreement_id=previous)
        sent += [
            (at, "EventBridge", created),
            (at, "EventBridge", notices.agreement_ended(ended, at, how)),
            (at, "EventBridge", notices.license_updated(begun, at)),
        ]
    first = replace(agreement, agreement_id=buyer.past[0].id) if buyer.past else agreement
    previous = buyer.previous_agreement_id if buyer.intent == "RENEW" and not buyer.past else None
    intent_of_first = "NEW" if buyer.past else buyer.intent
    for number, period in enumerate(buyer.periods):
        opened = agreement if number else first
        created = notices.agreement_created(
            opened, period.start, intent="NEW" if number else intent_of_first, previous_agreement_id=previous
        )
        events = [(period.start, created), (period.start, notices.license_updated(opened, period.start))]
        if period.end is not None:
            is_last = period is buyer.periods[-1]
            how = cast("EndStatus", buyer.end_status if is_last else "CANCELLED")
            events.append((period.end, notices.agreement_ended(agreement, period.end, how)))
            events.append((period.end, notices.license_deprovisioned(agreement, period.end)))
        sent += [(at, "EventBridge", event) for at, event in events]
    return sent
