"""Which lines are sent now, in which order, in which company. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.metering_record import Line, MeteringRecord
from ledger.subscriber import Subscriber
from marketplace.deadlines import ALONE_BELOW, is_month_end
from marketplace.meter_usage import MAX_BYTES, MAX_RECORDS, record_size
from metering.keys import LineKey
from metering.usage_line import usage_line

#: a line whose buyer was not subscribed is tried again this often, and once in the last of these before its deadline;
#: that one is longer than the hour between two runs, or no run might fall into it
RECHECK = 4 * 3600
LAST_CHANCE = 75 * 60


@dataclass(frozen=True)
class Candidate:
    """One line that may be sent now. ``alone``: it must not share a request. ``known_bad``: it was rejected before."""

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


def is_under_way(record: MeteringRecord, now: float) -> bool:
    """Whether somebody else may be sending a line of it just now."""
    return any(not line.ended and line.is_under_way(now) for line in record.lines.values())


def candidates(record: MeteringRecord, subscriber: Subscriber | None, now: float) -> list[Candidate]:
    """The lines of a record that are due."""
    if record.state != "sealed" or not record.identity:
        return []
    leaving = subscriber is not None and subscriber.accepts_until is not None
    found = []
    for line in record.lines.values():
        if not is_due(line, subscriber, now):
            continue
        sent = usage_line(record, line)
        bad = line.verdict == "rejected"
        # good lines before known-bad ones; then who leaves, what the month's end closes, what was tried longest ago (a
        # pass has not room for every line that travels alone: they take turns), and the oldest
        urgent = (not leaving, not is_month_end(record.hour))
        order = (bad, line.verdict is not None, *urgent, line.at or 0.0, record.hour)
        alone = bad or line.deadline - now < ALONE_BELOW
        key = (record.customer_identifier, record.hour, line.dimension)
        size = record_size(sent) + line.allocated.size
        found.append(Candidate(key, sent.identity.batch_key, size, alone, bad, order))
    return found


def batches(found: Iterable[Candidate]) -> list[list[LineKey]]:
    """Pack lines, most urgent first, into requests of one product and identity shape within Marketplace's limits."""
    packed: list[list[LineKey]] = []
    open_batches: dict[str, tuple[list[LineKey], int]] = {}
    for candidate in _sorted(found):
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


def _sorted(found: Iterable[Candidate]) -> Sequence[Candidate]:
    return sorted(found, key=lambda candidate: (candidate.order, candidate.key))
