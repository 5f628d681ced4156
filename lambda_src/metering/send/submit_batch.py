"""State 4, submit: send the lines of a batch that are still to be sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ledger.allocations import FrozenAllocations
from ledger.metering_record import Line, MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.pauses import Pauses
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from marketplace.usage_allocations import Allocation
from metering.run import Count, LineKey, Mode
from metering.send.plan_batches import usage_line
from metering.send.send_batch import HourLines, MarketplaceBusy, Sender
from runtime import telemetry
from runtime.clock import iso
from runtime.metric_names import MeteringMetric

logger = telemetry.logger("metering")


@dataclass(frozen=True, kw_only=True)
class Submitter:
    """Reads the lines of a batch as they are now, and hands those that are still to be sent to the sender."""

    records: MeteringRecords
    subscribers: Subscribers
    allocations: FrozenAllocations
    pauses: Pauses
    mode: Mode
    sender: Sender

    def for_lane(self, execution: str | None = None) -> "Submitter":
        """The same for the batches of one lane, which read the pauses together. A lane that begins reads them anew.

        execution: the name of the workflow's execution, for the verdicts.
        """
        pauses = self.pauses.recent(self.sender.settler.clock)
        return replace(self, pauses=pauses, sender=self.sender.of_run(execution))

    def submit(self, keys: Sequence[LineKey], run: str) -> None:
        """Send these lines. run: names the run, for the tally of its rejections.

        Raises MarketplaceBusy if Marketplace throttled or left lines unanswered or unprocessed, or if another run's
        call with some of them may be under way: submit the same lines again later. Raises ProductFault if nothing can
        be sent for the whole product. A dry run only checks the lines, and raises ParamValidationError if they are
        wrong.
        """
        batch, under_way = self._still_to_send(keys)
        if self.mode.name == "dry-run":
            self._check(batch)
        elif batch:
            self.sender.send(batch, run)
        if under_way:
            raise MarketplaceBusy(f"another run is sending {under_way} lines")

    def _still_to_send(self, keys: Sequence[LineKey]) -> tuple[list[HourLines], int]:
        """The lines to send, by record, and how many are left alone because another run's call may be under way."""
        wanted, now, paused = set(keys), self.sender.settler.clock(), self.pauses.read()
        found: list[tuple[MeteringRecord, list[Line]]] = []
        under_way = 0
        for record in self.records.get_many([(customer, hour) for customer, hour, _ in keys]):
            if not self.mode.plans(record.customer_identifier) or paused.holds(record.customer_identifier):
                continue
            lines = [
                line
                for name, line in record.lines.items()
                if (record.customer_identifier, record.hour, name) in wanted and not line.ended and now < line.deadline
            ]
            free = [line for line in lines if not line.is_under_way(now)]
            under_way += len(lines) - len(free)
            found.append((record, free))
        allocations = frozen_allocations(found, self.allocations, self.sender.settler.count)
        subscribers: dict[str, Subscriber | None] = {}
        batch: list[HourLines] = []
        for record, free in found:
            customer = record.customer_identifier
            usage = {
                line.dimension: usage_line(record, line, allocations[key])
                for line in free
                if (key := (customer, record.hour, line.dimension)) in allocations
            }
            if usage and customer not in subscribers:
                subscribers[customer] = self.subscribers.get(customer, consistent=True)
            if usage:
                batch.append(HourLines(record, usage, subscribers[customer]))
        return batch, under_way

    def _check(self, batch: Sequence[HourLines]) -> None:
        """A dry run makes the request and holds it against the service's model; the lines stay pending."""
        lines = [usage for part in batch for usage in part.lines.values()]
        if lines:
            self.sender.meter.check(lines)
            logger.info("would be sent", lines=len(lines))


def frozen_allocations(
    hours: Iterable[tuple[MeteringRecord, Sequence[Line]]], store: FrozenAllocations, count: Count
) -> dict[LineKey, tuple[Allocation, ...]]:
    """The allocations of these records' lines; of a plain line, an empty tuple.

    A line whose parts are missing, damaged or do not add up to it is left out: an earlier attempt may be on file with
    what was frozen, and other content would be a conflict. It stays pending, counted and alarmed.
    """
    keys = {(r.customer_identifier, r.hour, line.dimension): line for r, lines in hours for line in lines}
    split = {key: line.allocations.parts for key, line in keys.items() if line.allocations.parts}
    stored = store.get_many(split) if split else {}
    found: dict[LineKey, tuple[Allocation, ...]] = {}
    for key, line in keys.items():
        allocations = stored.get(key, ())
        if key not in split or _add_up(allocations, line):
            found[key] = allocations
            continue
        customer, hour, dimension = key
        logger.error("allocations missing, line not sent", customer=customer, hour=iso(hour), dimension=dimension)
        count(MeteringMetric.ALLOCATIONS_MISSING, 1)
    return found


def _add_up(allocations: Sequence[Allocation], line: Line) -> bool:
    total = sum((allocation.quantity for allocation in allocations), Decimal(0))
    return total == line.quantity and sum(bool(a.tags) for a in allocations) == line.allocations.sets
