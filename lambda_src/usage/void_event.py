"""Take an event back: exactly once, while the hour that bills it can still change.

One transaction notes the event as voided, takes its units off the hour's counter and off its set of tags, and raises
the record's version, so that a sealer that has read the record loses. Correctness rests on its conditions alone: the
record is open, which no closed record ever is again, and the event is stored and not yet voided.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from ledger.subscriber import Subscriber
from ledger.tagged_usage import add_tagged
from ledger.transaction import Cancelled, Contended, Operation, write
from ledger.usage_events import StoredEvent
from marketplace.usage_allocations import tag_set
from runtime.clock import Clock
from runtime.pause import Pause, full_jitter
from runtime.telemetry import trace_id
from usage.judge_event import ACCEPT, NOT_ACTIVE_YET, UNKNOWN_CUSTOMER, Judgement
from usage.reporters import NOT_YOURS, Rights
from usage.stores import Stores
from usage.usage_event import Void
from usage.verdict import Verdict

TRIES = 25

_UNKNOWN = Judgement("refused", "unknown_event", "no event of this id is recorded, so there is nothing to take back")
_MARKED = Judgement(
    "refused",
    "not_voidable",
    "other events were counted by this one (a user of the month, a highest count), so it cannot be taken back",
)
_SEALED = Judgement(
    "refused", "hour_sealed", "the hour that bills this event is closed; ask the operator for an adjustment"
)


class Found(NamedTuple):
    """A stored event, and its billing key: another one of the buyer's, if it was recorded under that."""

    key: str
    event: StoredEvent


def judge_void(event: StoredEvent | None, subscriber: Subscriber | None) -> Judgement:
    """Whether this event may be taken back, if its hour is open. Pure.

    The events of a customer that is not active yet may wait, so their voids wait too. An event that brought a user's
    mark or a highest count decided how later events were counted; without it they would have to be counted anew, some
    of them in hours that are billed.
    """
    if event is not None:
        return _MARKED if event.marked else ACCEPT
    if subscriber is None:
        return UNKNOWN_CUSTOMER
    return _UNKNOWN if subscriber.active_periods else NOT_ACTIVE_YET


def void_event(
    void: Void,
    rights: Rights,
    stores: Stores,
    clock: Clock,
    pause: Pause = full_jitter,
    also: Sequence[Operation] = (),
) -> Verdict:
    """The verdict: ``voided``; ``duplicate`` where that was done before; ``refused`` or ``retry_later``.

    also: operations that are written in the same transaction; they have no condition that can fail. Raises Contended if
    other writers keep changing this customer's hour.
    """
    for number in range(TRIES):
        subscriber = stores.subscribers.get(void.customer_identifier, consistent=True)
        found = find(void, subscriber, stores, clock())
        judgement = judge_void(found.event if found else None, subscriber)
        if found is None:
            return _not_done(void, judgement)
        content = found.event.content
        if not rights.may_report(void.customer_identifier, source=content["source"], dimension=content["dimension"]):
            return _not_done(void, NOT_YOURS)
        if found.event.voided:
            return _done(void, "duplicate", found.event)
        if judgement is not ACCEPT:
            return _not_done(void, judgement)
        try:
            write(stores.client, [*_operations(void, found, stores, clock()), *also])
        except Cancelled as cancelled:
            if not cancelled.reasons[0].failed:
                return _not_done(void, _SEALED)
            # Another void has taken it back: the next attempt finds that.
        except Contended:
            if number < TRIES - 1:
                pause(number)
        else:
            return _done(void, "voided", found.event)
    raise Contended("the record kept changing")


def find(void: Void, subscriber: Subscriber | None, stores: Stores, now: float) -> Found | None:
    """The event that a void names, under the customer's key or another one of its buyer's; None where none is
    stored."""
    linked = subscriber.chain.linked_keys(now) if subscriber is not None else ()
    for key in (void.customer_identifier, *linked):
        stored = stores.events.get_many(key, [void.id])
        if void.id in stored:
            return Found(key, stored[void.id])
    return None


def _operations(void: Void, found: Found, stores: Stores, now: float) -> list[Operation]:
    """The transaction, with the event's note first. An event that counted nothing does not touch the hour, whose state
    then does not matter."""
    key, event = found
    note = stores.events.void(key, void.id, source=void.source, at=now, trace_id=trace_id())
    if not event.counted:
        return [note]
    dimension, tags = event.content["dimension"], event.content.get("tags")
    take_off = stores.records.add(
        key, event.billed_hour, {(dimension, event.period): -event.counted}, exists=True, now=now
    )
    if not tags:
        return [note, take_off]
    return [
        note,
        take_off,
        add_tagged(stores.events.table_name, key, event.billed_hour, dimension, tag_set(tags), -event.counted),
    ]


def _done(void: Void, verdict: Literal["voided", "duplicate"], event: StoredEvent) -> Verdict:
    return Verdict(
        event_id=void.id,
        verdict=verdict,
        hour=event.billed_hour,
        late=event.late,
        counted=event.counted if verdict == "voided" else None,
        dimension=event.content["dimension"],
    )


def _not_done(void: Void, judgement: Judgement) -> Verdict:
    return Verdict.of(judgement, void.id)
