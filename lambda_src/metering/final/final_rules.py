"""What final metering of an ended period does next. Pure.

Any other order can lose the last hour: final metering first refuses usage (by a status on which creating a record is
conditioned), then looks for the records, then seals and sends them. A restarted execution finds ``final_metering``
written by itself and goes on. After the grace Marketplace no longer takes the buyer's usage; so everything is sent
within it, and lines that cannot be sent end by name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ledger.cancellation import EndedPeriod, accepts_until, ended_period, grace_ends
from ledger.metering_record import MeteringRecord
from ledger.reading import RecordKey
from ledger.subscriber import Subscriber
from marketplace.hour import SECONDS, hour_of
from metering.seal.seal_rules import line_timestamp
from metering.send.plan_batches import is_due, is_on_hold, is_under_way

#: The next step of final metering.
#: send: seal and submit these hours. wait: look again at a time. refuse: write ``final_metering``. end: write
#: ``cancelled``. done: nothing is left to do for this period.
StepName = Literal["send", "wait", "refuse", "end", "done"]

#: Seconds between two tries of lines that were not answered.
AGAIN = 60
#: Seconds between two looks, after the grace, at an hour that cannot be sealed yet; its deadline is the last.
WATCH = 15 * 60
#: Seconds after an end within which the key of the agreement that follows is waited for: the hourly search finds it,
#: and the next one finds it where that one failed.
SUCCESSOR_WITHIN = 3 * SECONDS
#: Seconds before a period's end: a month of one customer's records is a page of a Query or two.
LOOK_BACK = 31 * 24 * SECONDS


@dataclass(frozen=True, kw_only=True)
class Step:
    """What final metering does next.

    hours: to seal and send. unsendable: to seal only, since they begin after the grace. until: when to look again
    (epoch seconds).
    """

    name: StepName
    hours: tuple[RecordKey, ...] = ()
    unsendable: tuple[RecordKey, ...] = ()
    until: float | None = None


def first_hour(end: int) -> int:
    """The first hour whose record belongs to final metering of a period.

    Hours of more than a day ago cannot be sent any more, but one that no run has sealed yet still changes the balance.
    If no run happened for longer than ``LOOK_BACK``, an alarm has been on for as long.
    """
    return hour_of(end) - LOOK_BACK


def next_step(
    subscriber: Subscriber | None,
    end: int,
    unsettled: Sequence[MeteringRecord],
    *,
    unreadable: bool = False,
    now: float,
    sent: bool,
) -> Step:
    """What to do now for the period that ended at ``end``.

    unsettled: the customer's records from ``first_hour`` on that are not sealed or have a line that has not ended.
    unreadable: whether some records cannot be read. sent: whether hours were sent since the last wait.
    """
    period = ended_period(subscriber, end)
    if subscriber is None or period is None:
        return Step(name="done")
    if now < accepts_until(end):
        return _before_refusing(subscriber, end, unsettled, now=now, sent=sent)
    if not period.is_last:
        return _after_resubscription(subscriber, period, unsettled, now=now, sent=sent)
    if subscriber.status == "cancelled":
        return Step(name="done")
    if subscriber.status != "final_metering":
        return Step(name="refuse")
    return _after_refusing(subscriber, end, unsettled, unreadable=unreadable, now=now, sent=sent)


def _before_refusing(
    subscriber: Subscriber, end: int, unsettled: Sequence[MeteringRecord], *, now: float, sent: bool
) -> Step:
    """Closed hours are sent at once. The running hour is not: usage may still be added to it."""
    closed = _keys(r for r in unsettled if r.hour + SECONDS <= now and unanswered(r, subscriber, now))
    if closed and not sent:
        return Step(name="send", hours=closed)
    return Step(name="wait", until=accepts_until(end))


def _after_resubscription(
    subscriber: Subscriber, period: EndedPeriod, unsettled: Sequence[MeteringRecord], *, now: float, sent: bool
) -> Step:
    """Sends the hours that usage of the ended period may lie in. After the grace the hourly runs send what is left."""
    due = _keys(
        r
        for r in unsettled
        if period.next_start is not None and r.hour <= period.next_start and _sendable(r, subscriber, now)
    )
    if due and not sent:
        return Step(name="send", hours=due)
    if due and now < grace_ends(period.end):
        return Step(name="wait", until=now + AGAIN)
    return Step(name="done")


def _after_refusing(
    subscriber: Subscriber, end: int, unsettled: Sequence[MeteringRecord], *, unreadable: bool, now: float, sent: bool
) -> Step:
    """Nothing opens a record any more: these are all the records that there will be."""
    ahead = [r for r in unsettled if begins(r, subscriber) > now]
    due = _keys(r for r in unsettled if _sendable(r, subscriber, now))
    unsendable = _keys(r for r in ahead if r.state != "sealed" and begins(r, subscriber) >= grace_ends(end))
    if (due or unsendable) and not sent:
        return Step(name="send", hours=due, unsendable=unsendable)
    if now < grace_ends(end):
        later = [begins(r, subscriber) for r in ahead if begins(r, subscriber) < grace_ends(end)]
        if due or unsendable:
            return Step(name="wait", until=now + AGAIN)
        if later:
            return Step(name="wait", until=min(later))
    if unreadable or any(r.state != "sealed" for r in unsettled):
        return Step(name="wait", until=now + WATCH)
    if awaits_successor(subscriber, end, now):
        return Step(name="wait", until=now + WATCH)
    return Step(name="end")


def awaits_successor(subscriber: Subscriber, end: int, now: float) -> bool:
    """Whether the end waits because another agreement follows whose key is not known yet: what is left over moves to
    that key, and would otherwise end with this one."""
    return subscriber.chain.awaits_successor and now < end + SUCCESSOR_WITHIN


def unanswered(record: MeteringRecord, subscriber: Subscriber, now: float) -> bool:
    """Whether the hour is not sealed yet, or has a line for which another try may bring an answer.

    A line that another run may be sending is unanswered too: if that run crashed, only the grace is left to send it.
    """
    if record.state != "sealed":
        return True
    if is_under_way(record, now):
        return True
    return bool(record.identity) and any(
        is_due(line, subscriber, now) and not is_on_hold(record, line, subscriber, now)
        for line in record.lines.values()
    )


def begins(record: MeteringRecord, subscriber: Subscriber) -> int:
    """The Timestamp that a record's lines have or will have (epoch seconds). Marketplace takes none in the future."""
    if record.sent_timestamp is not None:
        return record.sent_timestamp
    return line_timestamp(record.hour, subscriber.active_periods)


def cannot_be_sent(record: MeteringRecord, end: int, now: float) -> bool:
    """Whether a sealed hour begins only after the grace, so that Marketplace will never take its lines."""
    return record.sent_timestamp is not None and record.sent_timestamp >= max(grace_ends(end), now)


def _sendable(record: MeteringRecord, subscriber: Subscriber, now: float) -> bool:
    return begins(record, subscriber) <= now and unanswered(record, subscriber, now)


def _keys(records: Iterable[MeteringRecord]) -> tuple[RecordKey, ...]:
    return tuple((record.customer_identifier, record.hour) for record in records)
