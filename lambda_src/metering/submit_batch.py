"""State 4, submit: what is still to be sent of a batch of frozen lines goes to ``metering.send_batch``."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.allocations import FrozenAllocations
from ledger.metering_records import MeteringRecords
from ledger.run_tally import RunTally
from ledger.settlement import Settlement
from ledger.subscribers import Subscribers
from marketplace.meter_usage import UsageMeter
from metering.count import Count, nothing
from metering.keys import LineKey
from metering.mode import Mode
from metering.pace import Pace
from metering.send_batch import Batch, MarketplaceBusy, Sender, Sent
from metering.thaw_allocations import thaw
from metering.usage_line import usage_line
from runtime import telemetry
from runtime.clock import Clock

logger = telemetry.logger("metering")


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
        batch = Batch(self.sender, run)
        to_send, under_way = self._still_open(keys)
        if self.mode.name == "dry-run":
            self._try(to_send)
        elif to_send:
            # read before the call: a notice that arrives meanwhile must not be overlooked
            batch.customers = {
                customer: subscriber
                for customer in {sent.record.customer_identifier for sent in to_send}
                if (subscriber := self.subscribers.get(customer, consistent=True)) is not None
            }
            batch.send(to_send)
        if under_way:
            raise MarketplaceBusy(f"{under_way} lines are being sent by somebody else")

    @property
    def sender(self) -> Sender:
        return Sender(
            settlement=self.settlement,
            meter=self.meter,
            pace=self.pace,
            clock=self.clock,
            tally=self.tally,
            count=self.count,
        )

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
