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
from reconcile.calls.hour import Books
from reconcile.calls.rules import LOOK_AFTER, NEAR, Outcome, judge_unconfirmed
from reconcile.calls.seen import Slot, Trail
from reconcile.out_of_time import OutOfTime
from runtime import telemetry
from runtime.failure import described

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


def confirm(books: Books, findings: Findings, wanted: Collection[Unconfirmed], now: float) -> Counter[str]:
    """Confirm what CloudTrail shows, and note a finding for what it cannot show. Returns lines by what they became.

    Where the time ends before the calls are read, what was seen is confirmed, and nothing is called lost.
    """
    trail = Trail(books.product_codes)
    complete = True
    try:
        trail.add(books.read(each.stretch for each in wanted), frozenset(each.slot for each in wanted))
    except OutOfTime:
        complete = False
    became: Counter[str] = Counter()
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
        if outcome.finding and findings.found(outcome.finding, now):
            became[outcome.finding.kind] += 1
            logger.warning("finding", customer=each.slot[0], kind=outcome.finding.kind, hour=outcome.finding.period)
        if outcome.confirmed and _stored(books, each, outcome, now):
            became[outcome.confirmed] += 1
    return became


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
