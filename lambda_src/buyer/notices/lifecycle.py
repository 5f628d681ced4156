"""A subscription's life, derived from the set of all its starts, ends and failures. Pure.

Notices arrive late, twice and in any order, so the order of arrival decides nothing: ``derive`` reads the whole set in
time order. It compares whole seconds, because EventBridge's times have no finer ones. At equal times the end is read
first, so the subscription stays active; then the notice's id decides. Every order of arrival gives the same periods.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ledger.cancellation import FINAL, accepts_until
from ledger.subscriber import LifecycleEntry, Period, Subscriber, SubscriptionStatus
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
        """The event time in whole seconds since the epoch."""
        return self.at_ms // 1000

    @property
    def order(self) -> tuple[int, bool, str]:
        """The sort key that puts notices in time order: at equal seconds a start comes last, then the id decides."""
        return self.second, self.kind == "start", self.id


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """The life that a set of notices describes. Times are epoch seconds.

    status: ``pending`` (not active yet), ``failed`` (never active), ``active`` or ``pending_cancellation``.
    status_changed_at: time of the notice that set the status. accepts_until: from then on usage is refused; None while
    active. action: of the latest notice.
    """

    status: SubscriptionStatus = "pending"
    periods: tuple[Period, ...] = ()
    status_changed_at: int | None = None
    accepts_until: int | None = None
    action: str | None = None


def derive(notices: Iterable[LifecycleNotice]) -> Lifecycle:
    """The life of a set of notices.

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
    return read(subscriber.lifecycle_notices if subscriber else {})


def read(notices: Mapping[str, LifecycleEntry]) -> tuple[LifecycleNotice, ...]:
    """Stored notices, by their ids."""
    return tuple(
        LifecycleNotice(key, entry.kind, round(clock.from_iso(entry.at) * 1000), entry.action)
        for key, entry in notices.items()
    )


def settled_status(life: Lifecycle, current: Subscriber | None) -> tuple[SubscriptionStatus, int | None]:
    """The status to store, and since when: the notices' status, unless another writer's status holds for this period.

    ``final_metering`` and ``cancelled`` stay as long as the ended period is the last one. ``expired`` (the contract is
    gone) stays while the licence is merely updated.
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
