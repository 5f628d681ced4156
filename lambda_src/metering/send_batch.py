"""One batch on its way to BatchMeterUsage: each attempt journalled before the call, each answer settled after it.

A crash anywhere leaves lines that are sent again unchanged. 4xx, throttling and "unprocessed" are answers (nothing was
done); 5xx, a timeout and a crash are not: the attempt stays on the line.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ledger.attempt import new_attempt
from ledger.metering_record import Line, MeteringRecord
from ledger.pending_page import RecordKey
from ledger.run_tally import RunTally
from ledger.settlement import Settlement
from ledger.subscriber import Subscriber
from marketplace.faults import Fault, classify
from marketplace.meter_usage import BatchAnswer, UsageLine, UsageMeter
from metering.count import Count
from metering.keys import LineKey
from metering.pace import Pace
from metering.settle_line import LineSettler
from metering.settle_rules import SUCCESS
from runtime import telemetry
from runtime.clock import Clock, iso
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
class Sender:
    """What sending needs. ``count``: adds to a metric."""

    settlement: Settlement
    meter: UsageMeter
    pace: Pace
    clock: Clock
    tally: RunTally
    count: Count

    @property
    def settler(self) -> LineSettler:
        return LineSettler(self.settlement, self.clock, self.count)


@dataclass
class Batch:
    """One batch on its way, halved as often as it takes. ``customers``: as they were before it."""

    by: Sender
    run: str
    customers: Mapping[str, Subscriber] = field(default_factory=dict)

    def send(self, lines: Sequence[Sent]) -> None:
        now = self.by.clock()
        attempt = new_attempt(now)
        # halving takes its time, and one line past its deadline would have all of them rejected
        lines = self._journalled([sent for sent in lines if now < sent.line.deadline], attempt)
        if not lines:
            return
        logger.debug(
            "batch",
            run=self.run,
            attempt=attempt,
            lines=len(lines),
            customers=len({sent.record.customer_identifier for sent in lines}),
            hours=sorted({iso(sent.record.hour) for sent in lines}),
            dimensions=sorted({sent.line.dimension for sent in lines}),
        )
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
            seen = self.customers.get(record.customer_identifier)
            changed, advised = (seen.status_changed_at, seen.advised_since) if seen else (None, None)
            settled = self.by.settler.answers(record, results, attempt, changed, advised)
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
