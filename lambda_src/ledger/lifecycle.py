"""A subscription's life, derived from the set of all its starts, ends and failures. Pure.

Notices arrive late, twice and in any order, so nothing is decided by arrival: the set is put into time order and read
from the beginning. Order compares whole seconds, because EventBridge's times have no finer ones; at equal times active
wins (the end is read first), then the notice's id decides. So every order of arrival gives the same periods.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ledger.leaving import FINAL, accepts_until
from ledger.subscriber import Period, Subscriber, SubscriptionStatus
from runtime import clock

LifecycleKind = Literal["start", "end", "fail"]


@dataclass(frozen=True)
class LifecycleNotice:
    """A start, an end or a failure. ``at_ms``: event time, milliseconds since the epoch."""

    id: str
    kind: LifecycleKind
    at_ms: int
    action: str = ""

    @property
    def second(self) -> int:
        return self.at_ms // 1000

    @property
    def order(self) -> tuple[int, bool, str]:
        return self.second, self.kind == "start", self.id


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """What a set of notices says. Times are epoch seconds.

    status: ``pending`` (not active yet), ``failed`` (never active), ``active`` or ``pending_cancellation``.
    status_changed_at: time of the notice that set it. accepts_until: usage is refused from then on; None while active.
    """

    status: SubscriptionStatus = "pending"
    periods: tuple[Period, ...] = ()
    status_changed_at: int | None = None
    accepts_until: int | None = None
    action: str | None = None


def derive(notices: Iterable[LifecycleNotice]) -> Lifecycle:
    """The life that a set of notices describes.

    A start opens a period if none is open, at its time rounded up to a whole second (Marketplace refuses usage stamped
    before the activation). The first end closes it; later ends of it, and an end without a start, change nothing.
    """
    ordered = sorted(set(notices), key=lambda notice: notice.order)
    periods: list[Period] = []
    status: SubscriptionStatus = "pending"
    changed_at: int | None = None
    for notice in ordered:
        is_open = bool(periods) and periods[-1].end is None
        if notice.kind == "start" and not is_open:
            periods.append(Period(-(-notice.at_ms // 1000)))
            status, changed_at = "active", notice.second
        elif notice.kind == "end" and is_open:
            periods[-1] = Period(periods[-1].start, notice.second)
            status, changed_at = "pending_cancellation", notice.second
        elif notice.kind == "fail" and not periods:
            status, changed_at = "failed", notice.second
    end = periods[-1].end if periods else None
    return Lifecycle(
        status=status,
        periods=tuple(periods),
        status_changed_at=changed_at,
        accepts_until=accepts_until(end) if end is not None else None,
        action=ordered[-1].action if ordered else None,
    )


def stored(subscriber: Subscriber | None) -> tuple[LifecycleNotice, ...]:
    """The notices that a subscriber's item holds (``lifecycleNotices``)."""
    notices: Mapping[str, Any] = subscriber.item.get("lifecycleNotices", {}) if subscriber else {}
    return tuple(
        LifecycleNotice(key, entry["kind"], round(clock.from_iso(entry["at"]) * 1000), entry.get("action", ""))
        for key, entry in notices.items()
    )


def settled_status(life: Lifecycle, current: Subscriber | None) -> tuple[SubscriptionStatus, int | None]:
    """The status to store, and since when: what the notices say, unless another writer's word holds for this period.

    ``final_metering`` and ``cancelled`` stand as long as the ended period is the last; ``expired`` (the contract is
    gone) stands while the licence is merely updated.
    """
    if current is None or not current.active_periods or not life.periods:
        return life.status, life.status_changed_at
    before, last = current.active_periods[-1], life.periods[-1]
    same_period = before.start == last.start or (before.end is not None and before.end == last.end)
    if life.status == "pending_cancellation" and current.status in FINAL and same_period:
        return current.status, current.status_changed_at
    if life.status == "active" and current.status == "expired" and before.end is None:
        return current.status, current.status_changed_at
    return life.status, life.status_changed_at
