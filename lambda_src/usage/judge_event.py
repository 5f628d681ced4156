"""Whether a customer's usage may be recorded now. Pure.

``refused`` is final. ``retry_later`` asks the sender to keep the event, because notices arrive late.
"""

from typing import Literal, NamedTuple

from ledger.subscriber import Period, Subscriber
from marketplace.hour import SECONDS

#: Seconds by which an event may lie outside a period of activity: engines' clocks and Marketplace's differ.
TOLERANCE = 5 * 60
#: Seconds by which a sender's clock may be ahead.
FUTURE_TOLERANCE = 5 * 60
#: Seconds after which usage is refused as too old; events are kept 60 days, so the id of every event that may still be
#: repeated is stored.
OLDEST = 30 * 24 * 3600


#: Every reason that a sender can get for an event or a void; ``docs/errors.md`` has a row for each.
Reason = Literal[
    # The event cannot be read.
    "bad_event",
    "bad_id",
    "bad_quantity",
    "unknown_dimension",
    "user_required",
    # The event is not recorded.
    "in_future",
    "too_old",
    "before_activation",
    "not_subscribed",
    "id_reused",
    "voided",
    "not_yours",
    # The event is not taken back.
    "unknown_event",
    "hour_sealed",
    "not_voidable",
    # The event cannot be recorded yet.
    "unknown_customer",
    "not_active_yet",
    "just_ended",
    "busy",
]


class Judgement(NamedTuple):
    """``accept``, or a stable reason against it and a sentence for the sender."""

    kind: Literal["accept", "refused", "retry_later"]
    reason: Reason | Literal[""] = ""
    message: str = ""


ACCEPT = Judgement("accept")
IN_FUTURE = Judgement("refused", "in_future", "occurredAt is more than 5 minutes ahead; check the sender's clock")
TOO_OLD = Judgement("refused", "too_old", "occurredAt is more than 30 days ago and can no longer be billed")
UNKNOWN_CUSTOMER = Judgement(
    "retry_later", "unknown_customer", "no such customer yet; keep the event and send it again"
)
NOT_ACTIVE_YET = Judgement("retry_later", "not_active_yet", "the subscription is not active yet; send the event again")
NOT_SUBSCRIBED = Judgement("refused", "not_subscribed", "the subscription has ended")
JUST_ENDED = Judgement("retry_later", "just_ended", "the subscription has just ended; send the event again")
BEFORE_ACTIVATION = Judgement("refused", "before_activation", "occurredAt is outside every period of the subscription")
#: The event is not at fault.
BUSY = Judgement("retry_later", "busy", "this customer's usage cannot be recorded at the moment; send the event again")


def judge(occurred_at: float, subscriber: Subscriber | None, now: float) -> Judgement:
    """Whether this customer pays for usage of that moment (epoch seconds), by the subscription as stored now."""
    if occurred_at > now + FUTURE_TOLERANCE:
        return IN_FUTURE
    if occurred_at < now - OLDEST:
        return TOO_OLD
    if subscriber is None:
        return UNKNOWN_CUSTOMER
    periods = subscriber.active_periods
    if not periods:
        return NOT_ACTIVE_YET
    last = periods[-1]
    if not _accepts(subscriber, now) or (last.end is not None and occurred_at > last.end + TOLERANCE):
        # A notice that opens a new period may be on its way, so the sender keeps the event for an hour.
        if now - occurred_at >= SECONDS:
            return NOT_SUBSCRIBED
        return JUST_ENDED
    if any(_covers(period, occurred_at) for period in periods):
        return ACCEPT
    since = subscriber.chain.since
    if since is not None and since - TOLERANCE <= occurred_at < periods[0].start:
        # Usage under the buyer's key before this one, reported late.
        return ACCEPT
    return BEFORE_ACTIVATION


def _accepts(subscriber: Subscriber, now: float) -> bool:
    """Must never accept more than ``ledger.subscribers.accepts_usage``, or the transaction would fail for
    ever."""
    if subscriber.active_periods[-1].end is None:
        return subscriber.status == "active"
    in_time = subscriber.accepts_until is not None and now < subscriber.accepts_until
    return in_time and subscriber.status in ("active", "pending_cancellation")


def _covers(period: Period, occurred_at: float) -> bool:
    until = None if period.end is None else period.end + TOLERANCE
    return occurred_at >= period.start - TOLERANCE and (until is None or occurred_at <= until)
