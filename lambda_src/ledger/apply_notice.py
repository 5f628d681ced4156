"""What one notice changes on one subscriber. Pure; ``ledger.subscribers`` writes it."""

from typing import Any

from ledger import lifecycle
from ledger.lifecycle import LifecycleNotice
from ledger.notice_facts import facts, newest_notice, standing
from ledger.subscriber import Subscriber
from ledger.subscribers import Change
from marketplace.notice import LIFE, Notice
from runtime import clock


def changes(current: Subscriber | None, notice: Notice) -> Change:
    """The change that a notice makes; an empty one if it says nothing new, as when it is delivered again.

    current: None creates the row (registration completes it). Facts are merged from every notice, whatever its age.
    A legacy subscriber's life follows SNS alone, which is about the customer: a licence or an agreement of his may end
    because another one followed.
    """
    values = {**facts(current, notice), **standing(current, notice)}
    known = {entry.id for entry in lifecycle.stored(current)}
    leads = notice.source == "sns" or current is None or current.integration == "license"
    if not leads or notice.kind not in LIFE or notice.id in known:
        return Change(values)
    life = _life(current, notice)
    return Change({**values, **life.set}, life.remove)


def _life(current: Subscriber | None, notice: Notice) -> Change:
    entry = LifecycleNotice(notice.id, _kind(notice), _moment(notice), notice.action)
    life = lifecycle.derive([*lifecycle.stored(current), entry])
    status, changed_at = lifecycle.settled_status(life, current)
    kept = dict(current.item.get("lifecycleNotices", {})) if current else {}
    values: dict[str, Any] = {
        "lifecycleNotices": kept
        | {notice.id: {"kind": notice.kind, "at": clock.iso(entry.at_ms / 1000), "action": notice.action}},
        "subscriptionStatus": status,
        "subscriptionAction": life.action,
        "activePeriods": [
            {"start": period.start} | ({"end": period.end} if period.end is not None else {}) for period in life.periods
        ],
        # a failed offer changes nothing that is held, and leads to no fetch
        "lastNoticeAt": newest_notice(current, 0 if notice.kind == "fail" else notice.at_ms) or None,
        "statusChangedAt": changed_at,
        "acceptsUntil": life.accepts_until,
    }
    absent = frozenset(name for name, value in values.items() if value is None)
    return Change({name: value for name, value in values.items() if value is not None}, absent)


def _moment(notice: Notice) -> int:
    """Its time in milliseconds. EventBridge cuts it to a second: a start may be as late as that second's end, and usage
    stamped before the activation is refused for good (InvalidLicenseException), with the whole first hour."""
    is_cut = notice.source == "eventbridge" and notice.at_ms % 1000 == 0
    return notice.at_ms + 999 if is_cut and notice.kind == "start" else notice.at_ms


def _kind(notice: Notice) -> lifecycle.LifecycleKind:
    if notice.kind == "start" or notice.kind == "end" or notice.kind == "fail":
        return notice.kind
    raise ValueError("only starts, ends and failures make a life")
