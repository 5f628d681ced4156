"""Record a batch of one customer's events: each exactly once, in one transaction with the hour that bills it.

Correctness rests on the conditions alone: put-if-new for events and marks, the record's state, the subscriber when a
record is created. Whatever they refuse is read again, judged again and routed again; contention is retried with jitter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ledger.subscriber import Subscriber
from ledger.transaction import MAX_OPERATIONS, Contended
from runtime import telemetry
from runtime.clock import Clock, iso
from runtime.pause import Pause, full_jitter
from usage.fold_batch import Counter, Mark, chunks
from usage.judge_event import judge
from usage.route_hour import Route, route
from usage.stores import Stores
from usage.usage_event import UsageEvent
from usage.verdict import Verdict, repeat_of
from usage.write_chunk import Chunk, write_chunk

logger = telemetry.logger("usage")

ATTEMPTS = 25


@dataclass
class _Open:
    """Events still without a verdict, and what earlier attempts have learned."""

    events: list[UsageEvent]
    marks: set[Mark] = field(default_factory=set)
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def answer(self, event: UsageEvent, verdict: Verdict) -> None:
        self.verdicts[event.id] = verdict
        self.events = [other for other in self.events if other.id != event.id]


def record_customer(
    customer_identifier: str,
    events: Sequence[UsageEvent],
    stores: Stores,
    clock: Clock,
    pause: Pause = full_jitter,
) -> list[Verdict]:
    """Record events of one customer; one verdict per event, in their order.

    Raises Contended if others write to this customer's hour all the time; what was recorded stays recorded, and a
    repeat of the request finds it.
    """
    first_of_id: dict[str, UsageEvent] = {}
    for event in events:
        first_of_id.setdefault(event.id, event)
    todo = _Open(list(first_of_id.values()))
    for attempt in range(ATTEMPTS):
        try:
            _attempt(customer_identifier, todo, stores, clock())
        except Contended:
            if attempt == ATTEMPTS - 1:
                raise
            pause(attempt)
        if not todo.events:
            break
    else:
        raise Contended("the record kept changing")
    # other content under an id of the batch is judged by what the first has left behind: reused, if that was recorded
    others = [event for event in events if event.content != first_of_id[event.id].content]
    later = iter(record_customer(customer_identifier, others, stores, clock, pause) if others else ())
    return [
        _verdict_of(event, first, todo.verdicts[event.id]) if event.content == first.content else next(later)
        for event in events
        for first in (first_of_id[event.id],)
    ]


def _verdict_of(event: UsageEvent, first: UsageEvent, verdict: Verdict) -> Verdict:
    if event is first or verdict.verdict not in ("recorded", "duplicate"):
        return verdict
    return Verdict(event_id=event.id, verdict="duplicate", hour=verdict.hour, late=verdict.late)


def _attempt(customer_identifier: str, todo: _Open, stores: Stores, now: float) -> None:
    subscriber = stores.subscribers.get(customer_identifier, consistent=True)
    _judge(customer_identifier, todo, stores, subscriber, now)
    if subscriber is None or not todo.events:
        return
    states: dict[int, str | None] = {}

    def state(hour: int) -> str | None:
        if hour not in states:
            states[hour] = stores.records.state(customer_identifier, hour)
        return states[hour]

    activation = subscriber.latest_activation or 0
    by_hour: dict[Route, list[UsageEvent]] = {}
    for event in sorted(todo.events, key=lambda e: e.occurred_at):
        target = route(event.occurred_at, now, activation, lambda hour: state(hour) in ("closing", "sealed"))
        by_hour.setdefault(target, []).append(event)
    per_id = 2 if subscriber.previous_identifier else 1
    for target, events in by_hour.items():
        logger.debug(
            "routed",
            customer=customer_identifier,
            hour=iso(target.hour),
            late=target.late,
            state=state(target.hour),
            events=len(events),
        )
        # two operations are the record's and the subscriber's
        for part in chunks(events, operations=MAX_OPERATIONS - 2, per_id=per_id):
            chunk = Chunk(
                subscriber=subscriber,
                route=target,
                events=part,
                known_marks=todo.marks,
                highest=_highest(stores, customer_identifier, part),
                previous_highest=_highest(stores, subscriber.previous_identifier, part),
                record_exists=state(target.hour) is not None,
                now=now,
            )
            outcome = write_chunk(chunk, stores)
            for event, verdict in outcome.verdicts:
                todo.answer(event, verdict)
            todo.marks |= outcome.marks
            if outcome.created:
                states[target.hour] = "open"


def _judge(customer_identifier: str, todo: _Open, stores: Stores, subscriber: Subscriber | None, now: float) -> None:
    """Give a verdict to what may not be recorded; what was recorded before stays recorded, whatever the time is now."""
    judged = [(event, judge(event.occurred_at, subscriber, now)) for event in todo.events]
    barred = [(event, judgement) for event, judgement in judged if judgement.kind != "accept"]
    if not barred:
        return
    ids = [event.id for event, _ in barred]
    stored = stores.events.get_many(customer_identifier, ids)
    if subscriber is not None and subscriber.previous_identifier:
        stored = stores.events.get_many(subscriber.previous_identifier, ids) | stored
    for event, judgement in barred:
        if event.id in stored:
            todo.answer(event, repeat_of(event, stored[event.id]))
        else:
            todo.answer(event, Verdict.of(judgement, event.id))


def _highest(
    stores: Stores, customer_identifier: str | None, events: Sequence[UsageEvent]
) -> dict[Counter, Decimal | None]:
    """The highest counts so far of the ``max`` dimensions among these events, under one billing key."""
    if customer_identifier is None:
        return {}
    counters = {(e.dimension.name, e.period) for e in events if e.dimension.aggregation == "max"}
    return {counter: stores.events.highest(customer_identifier, *counter) for counter in counters}
