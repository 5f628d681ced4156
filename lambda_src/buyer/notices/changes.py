"""What one notice changes on one subscriber. Pure; ``ledger.subscribers`` writes it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from buyer.notices import lifecycle
from buyer.notices.agreement_facts import agreement_facts
from buyer.notices.facts import facts, newest_notice, standing
from buyer.notices.lifecycle import LifecycleNotice
from ledger.subscriber import LifecycleEntry, Subscriber
from ledger.subscribers import Change
from marketplace.notice import LIFE, Notice
from runtime import clock


def changes(current: Subscriber | None, notice: Notice) -> Change:
    """The change that a notice makes; an empty one if it holds nothing new, as when it is delivered again.

    current: None creates the row, which the registration completes. Only SNS notices, which are about the customer,
    change the status of a legacy subscriber: one of the customer's licences or agreements may end because another one
    followed. (A search speaks for SNS where it has read all of the customer's agreements.)
    """
    values = {**facts(current, notice), **agreement_facts(current, notice), **standing(current, notice)}
    changes_status = current is None or current.integration == "license" or _is_of_customer(notice)
    if current is not None and current.chain.bills_until is not None and notice.source != "operator":
        # A migration has said when this key's hours end. Its notices may still end it earlier, and start nothing.
        changes_status = changes_status and notice.kind != "start"
    applied = {entry.id for entry in lifecycle.stored(current)}
    if not changes_status or notice.kind not in LIFE or notice.id in applied:
        return Change(values)
    life = _life(current, notice)
    return Change({**values, **life.set}, life.remove)


def _is_of_customer(notice: Notice) -> bool:
    """Whether a notice is about a legacy customer as a whole, and not about one of its agreements."""
    return notice.source in ("sns", "operator") or (
        notice.source == "search" and notice.customer_identifier is not None
    )


def _life(current: Subscriber | None, notice: Notice) -> Change:
    entry = LifecycleNotice(notice.id, _kind(notice), _moment(notice), notice.action)
    earlier = current.lifecycle_notices if current else {}
    notices = {**earlier, notice.id: LifecycleEntry(entry.kind, clock.iso(entry.at_ms / 1000), notice.action)}
    # A failed offer changes nothing that the buyer holds, so it makes no fetch necessary.
    newest = newest_notice(current, 0 if notice.kind == "fail" else notice.at_ms)
    return lived(current, notices, last_notice_at=newest)


def lived(
    current: Subscriber | None, notices: Mapping[str, LifecycleEntry], *, last_notice_at: Decimal | None
) -> Change:
    """The change that makes ``notices`` the whole life of a subscriber: status, periods and what follows from them."""
    life = lifecycle.derive(lifecycle.read(notices))
    status, changed_at = lifecycle.settled_status(life, current)
    values: dict[str, Any] = {
        "lifecycleNotices": {
            notice_id: {"kind": kind, "at": at, "action": action} for notice_id, (kind, at, action) in notices.items()
        },
        "subscriptionStatus": status,
        "subscriptionAction": life.action,
        "activePeriods": [
            {"start": period.start} | ({"end": period.end} if period.end is not None else {}) for period in life.periods
        ],
        "lastNoticeAt": last_notice_at or None,
        "statusChangedAt": changed_at,
        "acceptsUntil": life.accepts_until,
    }
    absent = frozenset(name for name, value in values.items() if value is None)
    return Change({name: value for name, value in values.items() if value is not None}, absent)


def _moment(notice: Notice) -> int:
    """The notice's time in milliseconds. EventBridge cuts it to a second, so a start may be as late as that second's
    end; Marketplace refuses usage stamped before the activation for good (InvalidLicenseException), with the whole
    first hour."""
    is_cut = notice.source in ("eventbridge", "search") and notice.at_ms % 1000 == 0
    return notice.at_ms + 999 if is_cut and notice.kind == "start" else notice.at_ms


def _kind(notice: Notice) -> lifecycle.LifecycleKind:
    if notice.kind == "start" or notice.kind == "end" or notice.kind == "fail":
        return notice.kind
    raise ValueError("only starts, ends and failures make a life")
