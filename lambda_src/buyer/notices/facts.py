"""The facts that a notice carries about its subscriber: product, licence, agreement, account, offer, trial. Pure."""

from decimal import Decimal
from typing import Any

from ledger.subscriber import Standing, Subscriber
from marketplace.billing_identity import is_sendable
from marketplace.notice import WARNINGS, Notice
from runtime import clock


def facts(current: Subscriber | None, notice: Notice) -> dict[str, Any]:
    """The attributes that the notice knows better than the stored ones; for an unknown subscriber those of a new row.

    Every notice adds facts, whatever its age. ``factsAt`` is the time of their newest source, so a late notice fills
    gaps and overrides nothing. A licence's form that an API gave stays.
    """
    item = current.item if current else {}
    newer = current is None or notice.at >= float(current.facts_at)
    stated: dict[str, Any] = {
        "productCode": notice.product_code,
        "customerAWSAccountId": notice.account_id,
        "agreementId": notice.agreement_id,
        "offerId": notice.offer_id,
        "freeTrial": notice.free_trial,
    }
    values = {name: value for name, value in stated.items() if value is not None and (newer or name not in item)}
    if notice.license_arn is not None and not is_sendable(item.get("licenseArn")):
        values["licenseArn"] = notice.license_arn
    if newer and values:
        values["factsAt"] = Decimal(notice.at_ms) / 1000
    if current is None:
        values |= {"integration": "legacy" if notice.source == "sns" else "license", "subscriptionStatus": "pending"}
    return values


def standing(current: Subscriber | None, notice: Notice) -> dict[str, Any]:
    """``agreementStanding`` with the notice's state of its topic; empty if the notice has no topic.

    The newest state of each topic stays, in whatever order the notices arrive. Within one second (EventBridge's times
    have no finer ones) a warning wins over its end, then the notice's id decides.
    """
    if notice.topic is None or notice.state is None:
        return {}
    stored = current.agreement_standing if current else {}
    stated = Standing(notice.state, clock.iso(notice.at_ms // 1000), notice.id)
    newest = max(stated, stored.get(notice.topic, stated), key=lambda entry: _newness(notice.topic, entry))
    states = {**stored, notice.topic: newest}
    return {
        "agreementStanding": {t: {"state": s.state, "at": s.at, "noticeId": s.notice_id} for t, s in states.items()}
    }


def _newness(topic: str | None, entry: Standing) -> tuple[float, bool, str]:
    return clock.from_iso(entry.at), (topic, entry.state) in WARNINGS, entry.notice_id


def newest_notice(current: Subscriber | None, at_ms: int) -> Decimal:
    """``lastNoticeAt`` after a notice of that event time (milliseconds): entitlements must be fetched after it."""
    stored = Decimal(str(current.last_notice_at or 0)) if current else Decimal(0)
    return max(stored, Decimal(at_ms) / 1000)
