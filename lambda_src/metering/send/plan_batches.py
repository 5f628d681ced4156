"""State 3, plan batches: which lines of these hours go to Marketplace now, in which order and in which request."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.metering_record import Line, MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.pauses import NOBODY, Paused
from ledger.reading import RecordKey
from ledger.subscriber import Subscriber, has_ended_since
from ledger.subscribers import Subscribers
from marketplace.billing_identity import BillingIdentity
from marketplace.hour import ALONE_BELOW, is_month_end
from marketplace.meter_usage import MAX_BYTES, MAX_RECORDS, UsageLine, record_size
from marketplace.usage_allocations import Allocation
from metering.run import LineKey, Mode
from metering.sizes import PAGE_BATCHES
from runtime import telemetry
from runtime.clock import iso
from runtime.failure import described

#: Seconds after which a line whose buyer was not subscribed is tried again.
RECHECK = 4 * 3600
#: Seconds before its deadline from which such a line is tried once more. They are longer than an hour, so that at least
#: one run falls into them.
LAST_CHANCE = 75 * 60

logger = telemetry.logger("metering")


def plan_batches(
    keys: Sequence[RecordKey],
    records: MeteringRecords,
    subscribers: Subscribers,
    now: float,
    mode: Mode,
    *,
    paused: Paused = NOBODY,
    known_bad: bool = True,
) -> tuple[list[list[LineKey]], bool]:
    """Batches of line keys, most urgent first, and whether some lines are left for a later pass.

    known_bad=False leaves out lines that were rejected before (the workflow passes it until the last page of hours):
    each travels alone, and thousands of them must not go before the good lines of a later page. Planned, they are last.

    Reads records and subscribers strongly consistent. A line that the mode does not send is held: it stays pending. So
    does one of a paused customer. One that another run may be sending now is left for a later pass. A record that
    cannot be read stays pending, named in the log and alarmed by its age; it does not hold up the others.
    """
    found: list[Candidate] = []
    under_way = False
    planned_for = [
        record
        for record in records.get_many(keys)
        if mode.plans(record.customer_identifier) and not paused.holds(record.customer_identifier)
    ]
    customers: dict[str, Subscriber | None] = {
        subscriber.customer_identifier: subscriber
        for subscriber in subscribers.get_many(record.customer_identifier for record in planned_for)
    }
    for record in planned_for:
        customer = record.customer_identifier
        try:
            if customer not in customers:
                customers[customer] = subscribers.get(customer, consistent=True)
            found += candidates(record, customers[customer], now)
            under_way |= is_under_way(record, now)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            logger.error("hour not planned", customer=customer, hour=iso(record.hour), **described(error))
    wanted = [candidate for candidate in found if known_bad or not candidate.known_bad]
    planned = batches(wanted)
    return planned[:PAGE_BATCHES], under_way or len(wanted) < len(found) or len(planned) > PAGE_BATCHES


# --- rules: pure ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """A line that may be sent now. alone: it must not share a request. known_bad: it was rejected before."""

    key: LineKey
    batch_key: str
    size: int
    alone: bool
    known_bad: bool
    order: tuple[object, ...]


def is_due(line: Line, subscriber: Subscriber | None, now: float) -> bool:
    """Whether a line is sent now: not ended, in time, not under way, and with a reason to expect another answer."""
    if line.ended or now >= line.deadline or line.is_under_way(now):
        return False
    if line.verdict != "not_subscribed" or line.at is None:
        return True
    if subscriber is not None and subscriber.status_changed_at != line.status_changed_at:
        return True
    in_last_chance = now >= line.deadline - LAST_CHANCE and line.at < line.deadline - LAST_CHANCE
    return in_last_chance or now - line.at >= RECHECK


def is_on_hold(record: MeteringRecord, line: Line, subscriber: Subscriber | None, now: float) -> bool:
    """Whether a line of an unusual hour still waits for a person. None of an ended period does: Marketplace takes its
    usage for an hour only."""
    has_ended = subscriber is not None and has_ended_since(subscriber.active_periods, record.hour)
    return line.is_on_hold(now) and not has_ended


def is_under_way(record: MeteringRecord, now: float) -> bool:
    """Whether another run may be sending a line of the record now."""
    return any(not line.ended and line.is_under_way(now) for line in record.lines.values())


def usage_line(record: MeteringRecord, line: Line, allocations: tuple[Allocation, ...] = ()) -> UsageLine:
    """A line as Marketplace gets it: built from what was frozen and nothing else, so the same for every attempt.

    allocations: those frozen with the line; planning does without them. Raises ValueError for a record that is not
    sealed, KeyError for one that was sealed without an identity.
    """
    if record.sent_timestamp is None:
        raise ValueError("only a sealed record's lines are sent")
    return UsageLine(
        identity=BillingIdentity.from_frozen(record.identity),
        dimension=line.dimension,
        timestamp=record.sent_timestamp,
        quantity=line.quantity,
        decimals=line.decimals,
        allocations=allocations,
    )


def candidates(record: MeteringRecord, subscriber: Subscriber | None, now: float) -> list[Candidate]:
    """The lines of a record that are due."""
    if record.state != "sealed" or not record.identity:
        return []
    is_ending = subscriber is not None and subscriber.accepts_until is not None
    found = []
    for line in record.lines.values():
        if not is_due(line, subscriber, now) or is_on_hold(record, line, subscriber, now):
            continue
        usage = usage_line(record, line)
        bad = line.verdict == "rejected"
        # Good lines go before known bad ones, new ones before tried ones; then those of a cancelled customer, those
        # that the month's end closes, those tried longest ago (a pass cannot take every line that travels alone, so
        # they take turns), and the oldest.
        urgency = (not is_ending, not is_month_end(record.hour))
        order = (bad, line.verdict is not None, *urgency, line.at or 0.0, record.hour)
        alone = bad or line.deadline - now < ALONE_BELOW
        key = (record.customer_identifier, record.hour, line.dimension)
        size = record_size(usage) + line.allocations.size
        found.append(Candidate(key, usage.identity.batch_key, size, alone, bad, order))
    return found


def batches(found: Iterable[Candidate]) -> list[list[LineKey]]:
    """Pack lines, most urgent first, into requests of one product and identity shape within Marketplace's limits."""
    packed: list[list[LineKey]] = []
    open_batches: dict[str, tuple[list[LineKey], int]] = {}
    for candidate in sorted(found, key=lambda candidate: (candidate.order, candidate.key)):
        if candidate.alone:
            packed.append([candidate.key])
            continue
        batch, size = open_batches.get(candidate.batch_key, ([], 0))
        if not batch or len(batch) == MAX_RECORDS or size + candidate.size >= MAX_BYTES:
            batch, size = [], 0
            packed.append(batch)
        batch.append(candidate.key)
        open_batches[candidate.batch_key] = (batch, size + candidate.size)
    return packed
