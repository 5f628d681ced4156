"""One recording transaction: build it, write it, read the reasons of a refusal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ledger.subscriber import Subscriber
from ledger.subscribers import accepts_usage
from ledger.tagged_usage import add_tagged
from ledger.transaction import Cancelled, Operation, Reason, write
from ledger.usage_events import EventItem, event_key, mark_key, stored_event
from runtime.telemetry import trace_id
from usage.fold_events import Counter, Folded, Mark, fold
from usage.route_hour import Route
from usage.stores import Stores
from usage.usage_event import UsageEvent
from usage.verdict import Verdict, repeat_of


@dataclass(frozen=True, kw_only=True)
class Part:
    """Events of one customer for one hour that fit one transaction, and the state that was read for them."""

    subscriber: Subscriber
    route: Route
    events: Sequence[UsageEvent]
    #: The users that are counted already.
    marks: set[Mark]
    #: The highest counts so far of ``max`` dimensions, and those under the buyer's other keys.
    highest: Mapping[Counter, Decimal | None]
    linked: Mapping[str, Mapping[Counter, Decimal | None]]
    record_exists: bool
    now: float


@dataclass
class Outcome:
    """What one write did.

    verdicts: of the events that are done; the others have to be tried again. marks: the users that turned out to be
    counted already. created: the record exists now.
    """

    verdicts: list[tuple[UsageEvent, Verdict]] = field(default_factory=list)
    marks: set[Mark] = field(default_factory=set)
    created: bool = False


#: Notes in the outcome what the failure of an operation's condition means.
_OnRefusal = Callable[[Reason, Outcome], None]


def write_part(part: Part, stores: Stores) -> Outcome:
    """Try to record a part. Raises Contended."""
    counts = (part.highest, *part.linked.values())
    seen = {counter: max(found.get(counter) or Decimal(0) for found in counts) for counter in part.highest}
    folded = fold(part.events, part.marks, seen)
    plan = _plan(part, folded, stores)
    outcome = Outcome()
    try:
        write(stores.client, [operation for operation, _ in plan])
    except Cancelled as cancelled:
        for reason, (_, on_refusal) in zip(cancelled.reasons, plan, strict=True):
            if reason.failed:
                on_refusal(reason, outcome)
        return outcome
    outcome.created = bool(folded.totals)
    for event in part.events:
        verdict = Verdict(
            event_id=event.id,
            verdict="recorded",
            hour=part.route.hour,
            late=part.route.late,
            counted=folded.counted[event.id],
        )
        outcome.verdicts.append((event, verdict))
    outcome.marks |= set(folded.marks)
    return outcome


def _plan(part: Part, folded: Folded, stores: Stores) -> list[tuple[Operation, _OnRefusal]]:
    events = stores.events
    customer = part.subscriber.customer_identifier
    plan: list[tuple[Operation, _OnRefusal]] = []
    for event in part.events:
        plan.append((events.put_if_new(_item(part, folded, event)), _is_repeat(event)))
        plan += [(events.absent(key, event_key(event.id)), _is_repeat(event)) for key in part.linked]
    for mark, event in folded.marks.items():
        plan.append((events.mark_if_new(customer, *mark, event.occurred_at), _is_counted(mark)))
        plan += [(events.absent(key, mark_key(*mark)), _is_counted(mark)) for key in part.linked]
    for counter, (highest, event) in folded.highest.items():
        seen = part.highest.get(counter)
        plan.append((events.raise_mark(customer, *counter, event.occurred_at, seen=seen, highest=highest), _try_again))
        plan += [
            (events.highest_is(key, *counter, found.get(counter)), _try_again) for key, found in part.linked.items()
        ]
    for (dimension, tags), units in folded.tagged.items():
        add = add_tagged(events.table_name, customer, part.route.hour, dimension, tags, units)
        plan.append((add, _try_again))
    if folded.totals:
        exists = part.record_exists
        add = stores.records.add(
            customer, part.route.hour, folded.totals, exists=exists, now=part.now, tagged=bool(folded.tagged)
        )
        plan.append((add, _try_again))
        if not exists:
            plan.append((accepts_usage(stores.subscribers_table, customer, part.now), _try_again))
    return plan


def _item(part: Part, folded: Folded, event: UsageEvent) -> EventItem:
    return EventItem(
        customer_identifier=part.subscriber.customer_identifier,
        event_id=event.id,
        content=event.content,
        period=event.period,
        counted=folded.counted[event.id],
        marked=event.dimension.aggregation != "sum" and folded.counted[event.id] > 0,
        recorded_at=part.now,
        occurred_at=event.occurred_at,
        billed_hour=part.route.hour,
        late=part.route.late,
        trace_id=trace_id(),
    )


def _is_repeat(event: UsageEvent) -> _OnRefusal:
    def note(reason: Reason, outcome: Outcome) -> None:
        if reason.item is not None:
            outcome.verdicts.append((event, repeat_of(event, stored_event(reason.item))))

    return note


def _is_counted(mark: Mark) -> _OnRefusal:
    def note(_reason: Reason, outcome: Outcome) -> None:
        outcome.marks.add(mark)

    return note


def _try_again(_reason: Reason, _outcome: Outcome) -> None:
    """The state that was read has changed: the next attempt reads, judges and routes anew."""
