"""May this customer's usage be recorded now? Pure.

``refused`` is final; ``retry_later`` asks the sender to keep the event, because notices lag behind the truth.
"""

from typing import Literal, NamedTuple

from ledger.subscriber import Period, Subscriber
from marketplace.hour import SECONDS

#: how far outside a period of activity an event may lie: clocks of engines and of Marketplace differ
TOLERANCE = 5 * 60
#: a sender's clock may be this far ahead
FUTURE_TOLERANCE = 5 * 60
#: events are kept 60 days, so no retry that is still acceptable can outlive its key
OLDEST = 30 * 24 * 3600


#: every reason that a sender can be given for an event or a void; ``docs/errors.md`` has a row for each
Reason = Literal[
    # it cannot be read
    "bad_event",
    "bad_id",
    "bad_quantity",
    "unknown_dimension",
    "user_required",
    # it is not to be recorded
    "in_future",
    "too_old",
    "before_activation",
    "not_subscribed",
    "id_reused",
    "voided",
    "not_yours",
    # it is not to be taken back
    "unknown_event",
    "hour_sealed",
    "not_voidable",
    # not yet
    "unknown_customer",
    "not_active_yet",
    "just_ended",
    "busy",
]


class Judgement(NamedTuple):
    """``accept``, or why not: a stable reason with what it means for the sender."""

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
#: not this event's fault: the moment's
BUSY = Judgement("retry_later", "busy", "this customer's usage cannot be recorded just now; send the event again")


def judge(occurred_at: float, subscriber: Subscriber | None, now: float) -> Judgement:
    """Whether usage of that moment is this customer's to pay, by what is known of the subscription now."""
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
        # a notice that opens a new period may be on its way, so the sender keeps the event for an hour
        if now - occurred_at >= SECONDS:
            return NOT_SUBSCRIBED
        return JUST_ENDED
    if any(_covers(period, occurred_at) for period in periods):
        return ACCEPT
    return BEFORE_ACTIVATION


def _accepts(subscriber: Subscriber, now: float) -> bool:
    """At most what the condition on creating a record takes (ledger.subscriber_condition), else that fails for ever."""
    if subscriber.active_periods[-1].end is None:
        return subscriber.status == "active"
    in_time = subscriber.accepts_until is not None and now < subscriber.accepts_until
    return in_time and subscriber.status in ("active", "pending_cancellation")


def _covers(period: Period, occurred_at: float) -> bool:
    until = None if period.end is None else period.end + TOLERANCE
    return occurred_at >= period.start - TOLERANCE and (until is None or occurred_at <= until)
