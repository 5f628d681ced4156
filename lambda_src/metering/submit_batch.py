"""State 4, submit: one batch of frozen lines to BatchMeterUsage, each attempt journalled first, each answer settled.

A crash anywhere leaves lines that are sent again unchanged. 4xx, throttling and "unprocessed" are answers (nothing was
done); 5xx, a timeout and a crash are not: the attempt stays on the line.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ledger.allocations import FrozenAllocations
from ledger.attempt import new_attempt
from ledger.metering_record import Line, MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.pending_page import RecordKey
from ledger.run_tally import RunTally
from ledger.settlement import Settlement
from ledger.subscribers import Subscribers
from marketplace.faults import Fault, classify
from marketplace.meter_usage import BatchAnswer, UsageLine, UsageMeter
from metering.count import Count, nothing
from metering.keys import LineKey
from metering.mode import Mode
from metering.pace import Pace
from metering.settle_line import LineSettler
from metering.settle_rules import SUCCESS
from metering.thaw_allocations import thaw
from metering.usage_line import usage_line
from runtime import telemetry
from runtime.clock import Clock
from runtime.metric_names import MeteringMetric

logger = telemetry.logger("metering")


#: so many lines rejected for one reason in a run, and none accepted: it is not the lines that are wrong
ALIKE_REJECTIONS = 50


class MarketplaceBusy(Exception):
    """Throttled, not answered, or lines left unprocessed: the same batch is submitted again after a while."""


class ProductFault(Exception):
    """Nothing can be sent for the whole product until a person mends it; every line stays pending."""


@dataclass(frozen=True)
class Sent:
    """A line on its way: its record, itself, and what Marketplace gets."""

    record: MeteringRecord
    line: Line
    usage: UsageLine

    @property
    def key(self) -> LineKey:
        return self.record.customer_identifier, self.record.hour, self.line.dimension


@dataclass(frozen=True, kw_only=True)
class Submitter:
    """What submitting needs. ``count``: adds to a metric."""

    records: MeteringRecords
    settlement: Settlement
    subscribers: Subscribers
    allocations: FrozenAllocations
    meter: UsageMeter
    pace: Pace
    clock: Clock
    mode: Mode
    tally: RunTally
    count: Count = nothing

    def submit(self, keys: Sequence[LineKey], run: str) -> None:
        """Send what of these lines is still to be sent. Raises MarketplaceBusy or ProductFault.

        run: names the run, for the sum of its rejections.
        """
        batch = Batch(self, run)
        to_send, under_way = self._still_open(keys)
        if self.mode.name == "dry-run":
            self._try(to_send)
        elif to_send:
            # read before the call: a notice that arrives meanwhile must not be overlooked
            batch.changed = {
                customer: subscriber.status_changed_at
                for customer in {sent.record.customer_identifier for sent in to_send}
                if (subscriber := self.subscribers.get(customer, consistent=True)) is not None
            }
            batch.send(to_send)
        if under_way:
            raise MarketplaceBusy(f"{under_way} lines are being sent by somebody else")

    @property
    def settler(self) -> LineSettler:
        return LineSettler(self.settlement, self.clock, self.count)

    def _still_open(self, keys: Sequence[LineKey]) -> tuple[list[Sent], int]:
        """The lines to send, and how many are left alone because another's call with them may be under way."""
        wanted, now = set(keys), self.clock()
        lines = [
            (record, line)
            for record in self.records.get_many([(customer, hour) for customer, hour, _ in keys])
            for line in record.lines.values()
            if (record.customer_identifier, record.hour, line.dimension) in wanted
            and not line.ended
            and now < line.deadline
            and self.mode.plans(record.customer_identifier)
        ]
        free = [(record, line) for record, line in lines if not line.is_under_way(now)]
        frozen = thaw(free, self.allocations, self.count)
        found = [
            Sent(record, line, usage_line(record, line, frozen[key]))
            for record, line in free
            if (key := (record.customer_identifier, record.hour, line.dimension)) in frozen
        ]
        return found, len(lines) - len(free)

    def _try(self, lines: Sequence[Sent]) -> None:
        """All but the call: the request is made and held against the service's model, and the lines stay pending."""
        if lines:
            self.meter.check([sent.usage for sent in lines])
            logger.info("would be sent", lines=len(lines))


@dataclass
class Batch:
    """One batch on its way, halved as often as it takes. ``changed``: statusChangedAt of its customers before it."""

    by: Submitter
    run: str
    changed: Mapping[str, int | None] = field(default_factory=dict)

    def send(self, lines: Sequence[Sent]) -> None:
        now = self.by.clock()
        attempt = new_attempt(now)
        # halving takes its time, and one line past its deadline would have all of them rejected
        lines = self._journalled([sent for sent in lines if now < sent.line.deadline], attempt)
        if not lines:
            return
        self.by.pace.wait()
        self.by.count(MeteringMetric.MARKETPLACE_CALLS, 1)
        try:
            answer = self.by.meter.meter_usage([sent.usage for sent in lines])
        except Exception as error:
            # classify raises TypeError for what is not AWS's: a bug of ours, and the attempt stays unanswered
            self._failed(lines, attempt, classify(error))
        else:
            self._answered(lines, attempt, answer)

    def _journalled(self, lines: Sequence[Sent], attempt: str) -> Sequence[Sent]:
        """The lines on which the attempt was noted, with their record as that left it.

        One that has ended meanwhile is left out.
        """
        noted: dict[LineKey, MeteringRecord] = {}
        for record, usages in _by_record(lines):
            together = self.by.settlement.journal(record, list(usages), attempt)
            for dimension in usages:
                # alone, where one of them stands in the others' way
                after = together or self.by.settlement.journal(record, [dimension], attempt)
                if after is not None:
                    noted[record.customer_identifier, record.hour, dimension] = after
        return [replace(sent, record=noted[sent.key]) for sent in lines if sent.key in noted]

    def _failed(self, lines: Sequence[Sent], attempt: str, fault: Fault) -> None:
        logger.warning("call failed", code=fault.code, scope=fault.scope, lines=len(lines), known=fault.known)
        of_records = fault.scope in ("record", "request")
        if of_records and len(lines) == 1:
            self._rejected(lines[0], attempt, fault)
            return
        for record, dimensions in _by_record(lines):
            if fault.answered:
                self.by.settlement.answered(record, list(dimensions), attempt)
            else:
                self.by.settlement.unanswered(record, list(dimensions), attempt)
        if fault.scope == "product":
            self.by.count(MeteringMetric.PRODUCT_FAULTS, 1)
            raise ProductFault(fault.code)
        if not of_records:
            raise MarketplaceBusy(fault.code)
        # one bad record has all rejected: halve until it is alone
        middle = len(lines) // 2
        self.send(lines[:middle])
        self.send(lines[middle:])

    def _rejected(self, sent: Sent, attempt: str, fault: Fault) -> None:
        self.by.settler.verdict(sent.record, sent.line, "rejected", attempt=attempt, detail=fault.code)
        alike = self.by.tally.rejected(self.run, fault.code, self.by.clock())
        if alike >= ALIKE_REJECTIONS:
            self.by.count(MeteringMetric.PRODUCT_FAULTS, 1)
            raise ProductFault(f"{alike} lines were rejected for one reason and none accepted: {fault.code}")

    def _answered(self, lines: Sequence[Sent], attempt: str, answer: BatchAnswer) -> None:
        unanswered = 0
        for record, usages in _by_record(lines):
            results = {name: answer.results[usage] for name, usage in usages.items() if usage in answer.results}
            seen = self.changed.get(record.customer_identifier)
            settled = self.by.settler.answers(record, results, attempt, seen)
            unprocessed = [name for name, usage in usages.items() if usage in answer.unprocessed]
            if unprocessed:
                self.by.settlement.answered(record, unprocessed, attempt)
            unknown = [name for name in usages if name not in settled and name not in unprocessed]
            if unknown:
                self.by.settlement.unanswered(record, unknown, attempt)
            unanswered += len(unknown)
        if any(result.status == SUCCESS for result in answer.results.values()):
            self.by.tally.accepted(self.run, self.by.clock())
        self._watch_ids(result.metering_record_id for result in answer.results.values())
        if answer.unprocessed or unanswered:
            raise MarketplaceBusy(f"{len(answer.unprocessed)} lines unprocessed, {unanswered} not answered")

    def _watch_ids(self, ids: Iterable[str | None]) -> None:
        given = [metering_record_id for metering_record_id in ids if metering_record_id]
        shared = len(given) - len(set(given))
        if shared:
            logger.error("lines were answered with one MeteringRecordId", lines=shared)
            self.by.count(MeteringMetric.SHARED_RECORD_IDS, shared)


def _by_record(lines: Sequence[Sent]) -> list[tuple[MeteringRecord, dict[str, UsageLine]]]:
    """The records of these lines, as last read or written, each with its lines' dimensions and what is sent of them."""
    usages: dict[RecordKey, dict[str, UsageLine]] = defaultdict(dict)
    records: dict[RecordKey, MeteringRecord] = {}
    for sent in lines:
        key = (sent.record.customer_identifier, sent.record.hour)
        records[key] = sent.record
        usages[key][sent.line.dimension] = sent.usage
    return [(records[key], own) for key, own in usages.items()]
