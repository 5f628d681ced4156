"""Looks in CloudTrail for the lines that Marketplace may have billed, and confirms them as ``on_file`` or ``lost``."""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from ledger import line_resolution
from ledger.findings import Findings
from ledger.line_resolution import NotResolvable
from ledger.metering_record import Line, MeteringRecord
from ledger.transaction import Cancelled, Contended, Operation
from marketplace.metering_calls import KEPT_DAYS
from reconcile.calls.hour import Books, merged
from reconcile.calls.rules import LOOK_AFTER, NEAR, Outcome, judge_unconfirmed
from reconcile.calls.seen import Slot, Trail
from runtime import telemetry
from runtime.failure import described
from runtime.out_of_time import OutOfTime

logger = telemetry.logger("reconcile")

#: A line with an open finding is looked for once a day, for so long after its verdict: CloudTrail adds nothing later.
LOOK_AGAIN = 24 * 3600
LOOK_UNTIL = 7 * 24 * 3600
#: CloudTrail has no older calls; an hour less, because reading takes time.
OLDEST = KEPT_DAYS * 24 * 3600 - 3600


class Unconfirmed(NamedTuple):
    """A line that Marketplace may have billed, with its record as it was read."""

    record: MeteringRecord
    line: Line

    @property
    def slot(self) -> Slot:
        """Its slot."""
        return self.record.customer_identifier, self.line.dimension, self.record.hour

    @property
    def stretch(self) -> tuple[float, float]:
        """When the call that billed it was made: no line is sent after its verdict has ended it."""
        return self.record.hour - NEAR, (self.line.at or 0) + NEAR


def unconfirmed(books: Books, now: float, rested: Callable[[Slot], bool]) -> list[Unconfirmed]:
    """The lines of the failed index to look for now. rested: whether a line that was looked for is due again."""
    records = books.records.get_many(books.records.failed_keys(int(now)))
    lines = (Unconfirmed(record, line) for record in records for line in record.lines.values() if line.unconfirmed)
    return [each for each in lines if now - (each.line.at or now) >= LOOK_AFTER and rested(each.slot)]


def confirm(
    books: Books, findings: Findings, wanted: Collection[Unconfirmed], now: float, after: float = 0.0
) -> tuple[Counter[str], float]:
    """Confirm what CloudTrail shows, and note a finding for what it cannot show. Returns lines by what they became, and
    the end of the last stretch that was read if the time has ended; 0 if all are read.

    Lines whose calls lie in one stretch of time are looked for together, the oldest stretch first, but those that end
    after ``after`` before the others: so none waits for another that takes more than the time of each look. Where the
    time ends amidst a stretch, what was seen is confirmed, and nothing of it is called lost.
    """
    became: Counter[str] = Counter()
    stretches = merged(each.stretch for each in wanted)
    stretches.sort(key=lambda stretch: (stretch[1] <= after, stretch))
    for start, end in stretches:
        some = [each for each in wanted if start <= each.stretch[0] <= end]
        first = (start, end) == stretches[0]
        complete = _confirm(books, findings, some, now, became, cut_is_final=first)
        # A stretch that was cut has the whole time of the next look; if it had that of this one, others come first.
        if complete or first:
            after = end
        if not complete:
            return became, after
    return became, 0.0


def _confirm(
    books: Books,
    findings: Findings,
    wanted: Collection[Unconfirmed],
    now: float,
    became: Counter[str],
    *,
    cut_is_final: bool,
) -> bool:
    """The lines of one stretch; whether it was read to its end. cut_is_final: whether a line may be called unverifiable
    where it was not."""
    trail = Trail(books.product_codes)
    complete = True
    try:
        trail.add(books.read(each.stretch for each in wanted), frozenset(each.slot for each in wanted))
    except OutOfTime:
        complete = False
    for each in wanted:
        outcome = judge_unconfirmed(
            each.slot,
            each.line,
            trail.slots.get(each.slot),
            now=now,
            complete=complete and now - each.record.hour <= OLDEST,
            gap=trail.has_gap(*each.stretch),
            callers=books.callers,
        )
        # The finding first: a crash in between repeats both.
        final = complete or cut_is_final or outcome.confirmed
        if outcome.finding and final and findings.found(outcome.finding, now):
            became[outcome.finding.kind] += 1
            logger.warning("finding", customer=each.slot[0], kind=outcome.finding.kind, hour=outcome.finding.period)
        if outcome.confirmed and _stored(books, each, outcome, now):
            became[outcome.confirmed] += 1
    return complete


def _stored(books: Books, each: Unconfirmed, outcome: Outcome, now: float) -> bool:
    """Whether the line is confirmed so. Another writer may have been faster: the next look reads anew."""
    try:
        books.records.write(_operation(books, each, outcome, now))
    except (Cancelled, Contended, NotResolvable) as error:
        logger.info("line was not confirmed", customer=each.slot[0], **described(error))
        return False
    customer, dimension, hour = each.slot
    named: dict[str, Any] = {
        "customer": customer,
        "dimension": dimension,
        "hour": hour,
        "quantity": str(each.line.quantity),
    }
    logger.info("line confirmed", **named, verdict=each.line.verdict, confirmed=outcome.confirmed)
    return True


def _operation(books: Books, each: Unconfirmed, outcome: Outcome, now: float) -> Operation:
    table, record, dimension = books.records.table_name, each.record, each.line.dimension
    if outcome.confirmed == "on_file":
        return line_resolution.confirm_on_file(
            table, record, dimension, now=now, metering_record_id=outcome.metering_record_id
        )
    return line_resolution.confirm_lost(table, record, dimension, now=now, complete_until=each.stretch[1])
