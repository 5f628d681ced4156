"""Record events of one customer: each exactly once, in one transaction with the hour that bills it.

Correctness rests on the transaction's conditions alone: an event or a mark is new, the hour's record is open, the
subscriber is active when a record is created. After a refusal the events are read, judged and routed again; contention
is retried with jitter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ledger.subscriber import Subscriber
from ledger.transaction import MAX_OPERATIONS, Contended
from ledger.usage_events import StoredEvent
from runtime import telemetry
from runtime.clock import Clock, iso
from runtime.pause import Pause, full_jitter
from usage.fold_events import Counter, Mark, parts
from usage.judge_event import judge
from usage.route_hour import Route, route
from usage.stores import Stores
from usage.usage_event import UsageEvent
from usage.verdict import Verdict, repeat_of
from usage.write_part import Part, write_part

logger = telemetry.logger("usage")

TRIES = 25


@dataclass
class _Progress:
    """How far recording has come.

    events: those without a verdict yet. marks: the users that are counted already, as far as attempts found out.
    passed_on, passed_to: events whose hour the buyer's other key bills, and that key (a migration).
    """

    events: list[UsageEvent]
    marks: set[Mark] = field(default_factory=set)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    passed_on: list[UsageEvent] = field(default_factory=list)
    passed_to: str = ""

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

    Raises Contended if other writers keep changing this customer's hour; what was recorded stays recorded, and a
    repeat of the request finds it.
    """
    first_of_id: dict[str, UsageEvent] = {}
    for event in events:
        first_of_id.setdefault(event.id, event)
    verdicts = _record(customer_identifier, list(first_of_id.values()), stores, clock, pause)
    # An id that occurs again with other content: the first was judged, now the others are judged against it.
    others = [event for event in events if event.content != first_of_id[event.id].content]
    later = iter(record_customer(customer_identifier, others, stores, clock, pause) if others else ())
    answers = []
    for event in events:
        first = first_of_id[event.id]
        same = event.content == first.content
        answers.append(_verdict_of(event, first, verdicts[event.id]) if same else next(later))
    return answers


def _record(
    customer_identifier: str, events: list[UsageEvent], stores: Stores, clock: Clock, pause: Pause, *, asked: str = ""
) -> dict[str, Verdict]:
    """Verdicts by id, of events whose ids differ. asked: the buyer's other key, which has passed these events on."""
    progress = _Progress(events)
    for number in range(TRIES):
        try:
            _attempt(customer_identifier, progress, stores, clock())
        except Contended:
            if number == TRIES - 1:
                raise
            pause(number)
        else:
            _pass_on(customer_identifier, progress, stores, clock, pause, asked)
        if not progress.events:
            return progress.verdicts
    raise Contended("the record kept changing")


def _pass_on(
    customer_identifier: str, progress: _Progress, stores: Stores, clock: Clock, pause: Pause, asked: str
) -> None:
    """Record under the buyer's other key what that one bills. Raises Contended."""
    events, other = progress.passed_on, progress.passed_to
    if not events:
        return
    if other == asked:
        raise Contended("two keys of one buyer pass its usage to each other")
    verdicts = _record(other, events, stores, clock, pause, asked=customer_identifier)
    for event in events:
        progress.answer(event, verdicts[event.id])


def _verdict_of(event: UsageEvent, first: UsageEvent, verdict: Verdict) -> Verdict:
    if event is first or verdict.verdict not in ("recorded", "duplicate"):
        return verdict
    return Verdict(event_id=event.id, verdict="duplicate", hour=verdict.hour, late=verdict.late)


def _attempt(customer_identifier: str, progress: _Progress, stores: Stores, now: float) -> None:
    subscriber = stores.subscribers.get(customer_identifier, consistent=True)
    states: dict[int, str | None] = {}

    def state(hour: int) -> str | None:
        if hour not in states:
            states[hour] = stores.records.state(customer_identifier, hour)
        return states[hour]

    def target_of(event: UsageEvent, first: float) -> Route:
        return route(event.occurred_at, now, first, lambda hour: state(hour) in ("closing", "sealed"))

    progress.passed_on, progress.passed_to = [], ""
    if subscriber is not None and (other := other_key(subscriber, now)) is not None:
        first = subscriber.first_hour_from
        others = [e for e in progress.events if not subscriber.chain.bills(target_of(e, first).hour)]
        if subscriber.chain.bills_from is not None and now < subscriber.chain.bills_from:
            others = list(progress.events)
        progress.passed_on, progress.passed_to = others, other
    mine = [event for event in progress.events if event not in progress.passed_on]
    _judge(customer_identifier, progress, mine, stores, subscriber, now)
    mine = [event for event in mine if event.id not in progress.verdicts]
    if subscriber is None or not mine:
        return
    by_hour: dict[Route, list[UsageEvent]] = {}
    for event in sorted(mine, key=lambda e: e.occurred_at):
        by_hour.setdefault(target_of(event, subscriber.first_hour_from), []).append(event)
    linked = subscriber.chain.linked_keys(now)
    for target, events in by_hour.items():
        logger.debug(
            "routed",
            customer=customer_identifier,
            hour=iso(target.hour),
            late=target.late,
            state=state(target.hour),
            events=len(events),
        )
        # Two operations of the transaction are the record's and the subscriber's.
        for fitting in parts(events, operations=MAX_OPERATIONS - 2, per_id=1 + len(linked)):
            part = Part(
                subscriber=subscriber,
                route=target,
                events=fitting,
                marks=progress.marks,
                highest=_highest(stores, customer_identifier, fitting),
                linked={key: _highest(stores, key, fitting) for key in linked},
                record_exists=state(target.hour) is not None,
                now=now,
            )
            outcome = write_part(part, stores)
            for event, verdict in outcome.verdicts:
                progress.answer(event, verdict)
            progress.marks |= outcome.marks
            if outcome.created:
                states[target.hour] = "open"


def other_key(subscriber: Subscriber, now: float) -> str | None:
    """The buyer's other key, which bills the hours of a migration that this key does not; None where there is none.
    Pure. Before the first hour that is its own, a key passes everything to the key before it."""
    chain = subscriber.chain
    if chain.bills_from is not None and now < chain.bills_from:
        return subscriber.previous_identifier
    return chain.succeeded_by if chain.bills_until is not None else None


def _judge(
    customer_identifier: str,
    progress: _Progress,
    events: Sequence[UsageEvent],
    stores: Stores,
    subscriber: Subscriber | None,
    now: float,
) -> None:
    """Answer the events that may not be recorded now. One that was recorded earlier stays recorded all the same."""
    judged = [(event, judge(event.occurred_at, subscriber, now)) for event in events]
    barred = [(event, judgement) for event, judgement in judged if judgement.kind != "accept"]
    if not barred:
        return
    ids = [event.id for event, _ in barred]
    stored: dict[str, StoredEvent] = {}
    for key in (*(subscriber.chain.linked_keys(now) if subscriber is not None else ()), customer_identifier):
        stored |= stores.events.get_many(key, ids)
    for event, judgement in barred:
        if event.id in stored:
            progress.answer(event, repeat_of(event, stored[event.id]))
        else:
            progress.answer(event, Verdict.of(judgement, event.id))


def _highest(stores: Stores, customer_identifier: str, events: Sequence[UsageEvent]) -> dict[Counter, Decimal | None]:
    """The highest counts so far of the ``max`` dimensions among these events, under one billing key."""
    counters = {(e.dimension.name, e.period) for e in events if e.dimension.aggregation == "max"}
    return {counter: stores.events.highest(customer_identifier, *counter) for counter in counters}
