"""State 4, submit: one batch of frozen lines to BatchMeterUsage, each attempt journalled first, each answer settled.

A crash anywhere leaves lines that are sent again unchanged. 4xx, throttling and "unprocessed" are answers (nothing was
done); 5xx, a timeout and a crash are not: the attempt stays on the line.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ledger.allocations import FrozenAllocations
from ledger.metering_record import Line, MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.settlement import Settlement
from ledger.subscribers import Subscribers
from marketplace.faults import Fault, classify
from marketplace.meter_usage import BatchAnswer, UsageLine, UsageMeter
from metering.count import Count, nothing
from metering.keys import LineKey
from metering.pace import Pace
from metering.settle_line import LineSettler
from metering.thaw_allocations import thaw
from metering.usage_line import usage_line
from runtime import telemetry
from runtime.clock import Clock
from runtime.metric_names import MeteringMetric

logger = telemetry.logger("metering")


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
    """What submitting needs. ``mode``: the stage's meteringMode. ``count``: adds to a metric."""

    records: MeteringRecords
    settlement: Settlement
    subscribers: Subscribers
    allocations: FrozenAllocations
    meter: UsageMeter
    pace: Pace
    clock: Clock
    mode: str
    test_buyers: frozenset[str] = frozenset()
    count: Count = nothing

    def submit(self, keys: Sequence[LineKey]) -> None:
        """Send what of these lines is still to be sent. Raises MarketplaceBusy or ProductFault."""
        to_send = []
        for sent in self._still_open(keys):
            if self._may_send(sent.record.customer_identifier):
                to_send.append(sent)
            else:
                self._settler.verdict(sent.record, sent.line, "not_sent", only_if_never_attempted=True)
        if not to_send:
            return
        # read before the call: a notice that arrives meanwhile must not be overlooked
        changed = {
            customer: subscriber.status_changed_at
            for customer in {sent.record.customer_identifier for sent in to_send}
            if (subscriber := self.subscribers.get(customer, consistent=True)) is not None
        }
        self._send(to_send, changed)

    @property
    def _settler(self) -> LineSettler:
        return LineSettler(self.settlement, self.clock, self.count)

    def _still_open(self, keys: Sequence[LineKey]) -> list[Sent]:
        wanted, now = set(keys), self.clock()
        lines = [
            (record, line)
            for record in self.records.get_many([(customer, hour) for customer, hour, _ in keys])
            for line in record.lines.values()
            if (record.customer_identifier, record.hour, line.dimension) in wanted
            and not line.ended
            and now < line.deadline
        ]
        frozen = thaw(lines, self.allocations, self.count)
        return [
            Sent(record, line, usage_line(record, line, frozen[key]))
            for record, line in lines
            if (key := (record.customer_identifier, record.hour, line.dimension)) in frozen
        ]

    def _may_send(self, customer_identifier: str) -> bool:
        return self.mode == "live" or (self.mode == "test-buyers" and customer_identifier in self.test_buyers)

    def _send(self, lines: Sequence[Sent], changed: Mapping[str, int | None]) -> None:
        attempt = uuid.uuid4().hex
        lines = self._journalled(lines, attempt)
        if not lines:
            return
        self.pace.wait()
        self.count(MeteringMetric.MARKETPLACE_CALLS, 1)
        try:
            answer = self.meter.meter_usage([sent.usage for sent in lines])
        except Exception as error:
            # classify raises TypeError for what is not AWS's: a bug of ours, and the attempt stays unanswered
            self._failed(lines, changed, attempt, classify(error))
        else:
            self._answered(lines, changed, attempt, answer)

    def _journalled(self, lines: Sequence[Sent], attempt: str) -> Sequence[Sent]:
        """Note the attempt on each line; the lines on which that was done. One that has ended meanwhile is left out."""
        noted: set[LineKey] = set()
        for record, dimensions in _by_record(lines):
            together = self.settlement.journal(record, dimensions, attempt)
            for dimension in dimensions:
                # alone, where one of them stands in the others' way
                if together or self.settlement.journal(record, [dimension], attempt):
                    noted.add((record.customer_identifier, record.hour, dimension))
        return [sent for sent in lines if sent.key in noted]

    def _failed(self, lines: Sequence[Sent], changed: Mapping[str, int | None], attempt: str, fault: Fault) -> None:
        logger.warning("call failed", code=fault.code, scope=fault.scope, lines=len(lines), known=fault.known)
        of_records = fault.scope in ("record", "request")
        if of_records and len(lines) == 1:
            self._settler.verdict(lines[0].record, lines[0].line, "rejected", attempt=attempt, detail=fault.code)
            return
        if fault.answered:
            self._clear(lines, attempt)
        if fault.scope == "product":
            self.count(MeteringMetric.PRODUCT_FAULTS, 1)
            raise ProductFault(fault.code)
        if not of_records:
            raise MarketplaceBusy(fault.code)
        # one bad record has all rejected: halve until it is alone
        middle = len(lines) // 2
        self._send(lines[:middle], changed)
        self._send(lines[middle:], changed)

    def _answered(
        self, lines: Sequence[Sent], changed: Mapping[str, int | None], attempt: str, answer: BatchAnswer
    ) -> None:
        unanswered = 0
        for sent in lines:
            result = answer.results.get(sent.usage)
            if result is None:
                unanswered += sent.usage not in answer.unprocessed
                continue
            seen = changed.get(sent.record.customer_identifier)
            verdict = self._settler.answer(sent.record, sent.line, result, attempt, seen)
            unanswered += verdict is None
        self._watch_ids(result.metering_record_id for result in answer.results.values())
        self._clear([sent for sent in lines if sent.usage in answer.unprocessed], attempt)
        if answer.unprocessed or unanswered:
            raise MarketplaceBusy(f"{len(answer.unprocessed)} lines unprocessed, {unanswered} not answered")

    def _clear(self, lines: Sequence[Sent], attempt: str) -> None:
        for record, dimensions in _by_record(lines):
            self.settlement.answered(record, dimensions, attempt)

    def _watch_ids(self, ids: Iterable[str | None]) -> None:
        given = [metering_record_id for metering_record_id in ids if metering_record_id]
        shared = len(given) - len(set(given))
        if shared:
            logger.error("lines were answered with one MeteringRecordId", lines=shared)
            self.count(MeteringMetric.SHARED_RECORD_IDS, shared)


def _by_record(lines: Sequence[Sent]) -> list[tuple[MeteringRecord, list[str]]]:
    dimensions: dict[tuple[str, int], list[str]] = defaultdict(list)
    records: dict[tuple[str, int], MeteringRecord] = {}
    for sent in lines:
        key = (sent.record.customer_identifier, sent.record.hour)
        records[key] = sent.record
        dimensions[key].append(sent.line.dimension)
    return [(records[key], names) for key, names in dimensions.items()]
