"""Send one batch to BatchMeterUsage: each attempt is stored before the call, each answer is settled after it.

A crash anywhere leaves lines that are sent again unchanged. 4xx, throttling and "unprocessed" are answers that say that
nothing was done. 5xx, a timeout and a crash are no answers: the attempt stays on the line.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple

from ledger.conservation import conserved
from ledger.line_verdict import LineVerdict
from ledger.metering_record import MeteringRecord, new_attempt
from ledger.run_tally import RunTally
from ledger.subscriber import Subscriber
from marketplace.faults import Fault, classify, for_a_case
from marketplace.meter_usage import BatchAnswer, UsageLine, UsageMeter
from metering.run import confined_to_hour
from metering.send.pace import Pace
from metering.send.stops import Stops
from metering.settle.settle_lines import SUCCESS, LineSettler
from runtime import telemetry
from runtime.clock import iso
from runtime.metric_names import MeteringMetric

logger = telemetry.logger("metering")

#: If a run has so many lines rejected for one reason and none accepted, the product is at fault and not the lines.
ALIKE_REJECTIONS = 50


class MarketplaceBusy(Exception):
    """Throttled, not answered, or lines left unprocessed: the same batch is submitted again after a while."""


class ProductFault(Exception):
    """Nothing can be sent for a whole product until a person mends it; every line of it stays pending."""


class HourLines(NamedTuple):
    """The lines of one record in a batch, with what Marketplace gets, by dimension.

    record: as last read or written. subscriber: as read before the call, so that a notice which arrives during it is
    not overlooked.
    """

    record: MeteringRecord
    lines: Mapping[str, UsageLine]
    subscriber: Subscriber | None

    def only(self, dimensions: Sequence[str]) -> "HourLines":
        """The same record with the lines of these dimensions only."""
        return self._replace(lines={name: self.lines[name] for name in dimensions})

    def check(self) -> None:
        """Check that the lines to send are the ones that were frozen. Raises NotConserved if one is not."""
        for name, usage in self.lines.items():
            frozen = (self.record.sent_timestamp, self.record.lines[name].quantity)
            conserved(f"Timestamp and quantity of {name}", frozen, (usage.timestamp, usage.quantity))


Batch = Sequence[HourLines]


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Makes the calls. tally: counts rejections across all batches of a run. stops: what follows from a fault of a
    whole product."""

    settler: LineSettler
    meter: UsageMeter
    pace: Pace
    tally: RunTally
    stops: Stops

    def send(self, batch: Batch, run: str) -> None:
        """Send a batch; where one bad line has all of them rejected, send its halves, until that line is alone.

        Raises MarketplaceBusy if Marketplace throttled, did not answer or left lines unprocessed. Raises ProductFault
        if it refused the stage's only product, or ``ALIKE_REJECTIONS`` of its lines for one reason. Of several products
        such a one only rests, and its lines stay pending.
        """
        product = _product_of(batch)
        if self.stops.rests(product, self.settler.clock()):
            return
        try:
            self._send(batch, run)
        except ProductFault as fault:
            if self.stops.ends_the_run:
                raise
            self.stops.stop(run, product, str(fault), self.settler.clock())

    def _send(self, batch: Batch, run: str) -> None:
        now = self.settler.clock()
        attempt = new_attempt(now)
        # Halving takes time, and one line past its deadline would have the whole batch rejected.
        batch = self._store_attempt(_in_time(batch, now), attempt)
        if not batch:
            return
        _log(batch, run, attempt)
        self.pace.wait()
        self.settler.count(MeteringMetric.MARKETPLACE_CALLS, 1)
        try:
            answer = self.meter.meter_usage([usage for part in batch for usage in part.lines.values()])
        except Exception as error:
            # An error that is not AWS's makes classify raise TypeError: our own bug leaves the attempt unanswered.
            fault = classify(error)
            logger.warning(
                "call failed",
                code=fault.code,
                scope=fault.scope,
                known=fault.known,
                lines=_size(batch),
                aws=for_a_case(error),
            )
            self._settle_fault(batch, run, attempt, fault)
        else:
            self._settle_answer(batch, run, attempt, answer)

    def _store_attempt(self, batch: Batch, attempt: str) -> Batch:
        """The lines on which the attempt was stored, with their record as that left it; not those that have ended."""
        store = self.settler.settlement.store_attempt
        stored: list[HourLines] = []
        for part in batch:
            with self._confined_to_hour(part):
                part.check()
                names = list(part.lines)
                after = store(part.record, names, attempt)
                if after is None:
                    # One of the lines has ended: the others get the attempt one by one.
                    names = []
                    for name in part.lines:
                        if (record := store(part.record, [name], attempt)) is not None:
                            names.append(name)
                            after = record
                if after is not None:
                    stored.append(part.only(names)._replace(record=after))
        return stored

    def _confined_to_hour(self, part: HourLines) -> AbstractContextManager[None]:
        return confined_to_hour(part.record.customer_identifier, part.record.hour, self.settler.count)

    def _settle_fault(self, batch: Batch, run: str, attempt: str, fault: Fault) -> None:
        of_records = fault.scope in ("record", "request")
        if of_records and _size(batch) == 1:
            self._reject(batch[0], run, attempt, fault)
            return
        settlement = self.settler.settlement
        for part in batch:
            with self._confined_to_hour(part):
                if fault.answered:
                    settlement.withdraw_attempt(part.record, list(part.lines), attempt)
                else:
                    settlement.mark_over(part.record, list(part.lines), attempt)
        if fault.scope == "product":
            self._stop_run(fault.code)
        if not of_records:
            raise MarketplaceBusy(fault.code)
        # One bad record has all of them rejected: halve until it is alone.
        for half in _halves(batch):
            self._send(half, run)

    def _reject(self, part: HourLines, run: str, attempt: str, fault: Fault) -> None:
        (dimension,) = part.lines
        with self._confined_to_hour(part):
            self.settler.settle(part.record, dimension, LineVerdict(verdict="rejected", detail=fault.code), attempt)
        alike = self.tally.rejected(run, _product_of([part]), fault.code, self.settler.clock())
        if alike >= ALIKE_REJECTIONS:
            self._stop_run(f"{alike} lines were rejected for one reason and none accepted: {fault.code}")

    def _stop_run(self, reason: str) -> None:
        self.settler.count(MeteringMetric.PRODUCT_FAULTS, 1)
        raise ProductFault(reason)

    def _settle_answer(self, batch: Batch, run: str, attempt: str, answer: BatchAnswer) -> None:
        settlement = self.settler.settlement
        unanswered = 0
        for part in batch:
            record, lines, subscriber = part
            with self._confined_to_hour(part):
                answered = self.settler.settle_answers(
                    record,
                    {name: answer.results[usage] for name, usage in lines.items() if usage in answer.results},
                    attempt,
                    status_changed_at=subscriber.status_changed_at if subscriber else None,
                    advised_since=subscriber.advised_since if subscriber else None,
                )
                unprocessed = [name for name, usage in lines.items() if usage in answer.unprocessed]
                if unprocessed:
                    settlement.withdraw_attempt(record, unprocessed, attempt)
                omitted = [name for name in lines if name not in answered and name not in unprocessed]
                if omitted:
                    settlement.mark_over(record, omitted, attempt)
                unanswered += len(omitted)
        if any(result.status == SUCCESS for result in answer.results.values()):
            self.tally.accepted(run, _product_of(batch), self.settler.clock())
        self._check_ids(answer)
        if answer.unprocessed or unanswered:
            raise MarketplaceBusy(f"{len(answer.unprocessed)} lines unprocessed, {unanswered} not answered")

    def _check_ids(self, answer: BatchAnswer) -> None:
        """Counts lines that Marketplace answered with the MeteringRecordId of another line."""
        given = [result.metering_record_id for result in answer.results.values() if result.metering_record_id]
        shared = len(given) - len(set(given))
        if shared:
            logger.error("lines were answered with one MeteringRecordId", lines=shared)
            self.settler.count(MeteringMetric.SHARED_RECORD_IDS, shared)


def _product_of(batch: Batch) -> str:
    """The code of the product that all lines of a batch are of."""
    return next(usage.identity.product_code for part in batch for usage in part.lines.values())


def _size(batch: Batch) -> int:
    return sum(len(part.lines) for part in batch)


def _in_time(batch: Batch, now: float) -> Batch:
    """The lines that are before their deadline."""
    kept = [part.only([n for n in part.lines if now < part.record.lines[n].deadline]) for part in batch]
    return [part for part in kept if part.lines]


def _halves(batch: Batch) -> tuple[Batch, Batch]:
    """Two batches with half of the lines each, in their order."""
    middle = _size(batch) // 2
    first: list[HourLines] = []
    second: list[HourLines] = []
    for part in batch:
        names = list(part.lines)
        before, after = names[: middle - _size(first)], names[middle - _size(first) :]
        first += [part.only(before)] if before else []
        second += [part.only(after)] if after else []
    return first, second


def _log(batch: Batch, run: str, attempt: str) -> None:
    logger.debug(
        "batch",
        run=run,
        attempt=attempt,
        lines=_size(batch),
        customers=len({part.record.customer_identifier for part in batch}),
        hours=sorted({iso(part.record.hour) for part in batch}),
        dimensions=sorted({name for part in batch for name in part.lines}),
    )
