"""The allocations that are frozen with an hour's lines: read what was tagged, split each line, store the split."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ledger.allocations import Allocated, FrozenAllocations
from ledger.metering_record import Line, MeteringRecord
from ledger.quantity import text
from ledger.tagged_usage import TaggedUsage
from ledger.transaction import Operation
from marketplace.usage_allocations import allocations_size
from metering.allocate_rules import allocate, largest_of
from metering.count import Count
from runtime import telemetry
from runtime.clock import iso
from runtime.metric_names import MeteringMetric

logger = telemetry.logger("metering")


@dataclass(frozen=True)
class Allocator:
    """Tables that allocating needs; it only reads."""

    tagged_usage: TaggedUsage
    allocations: FrozenAllocations

    def allocate(self, record: MeteringRecord, lines: Sequence[Line]) -> tuple[list[Line], list[Operation]]:
        """The lines with what they say of their allocations, and the operations that store these with the seal.

        record: as it was read before this call, see ``TaggedUsage.of_hour``.
        """
        if not record.tagged:
            return list(lines), []
        tagged = self.tagged_usage.of_hour(record.customer_identifier, record.hour)
        largest = largest_of({line.dimension: line.quantity for line in lines if line.dimension in tagged})
        allocated: list[Line] = []
        operations: list[Operation] = []
        for line in lines:
            split = allocate(
                line.quantity,
                scale=line.scale,
                decimals=line.decimals,
                tagged=tagged.get(line.dimension, {}),
                largest=largest.get(line.dimension, 0),
            )
            key = (record.customer_identifier, record.hour, line.dimension)
            puts = self.allocations.put(key, split.allocations)
            said = Allocated(
                parts=len(puts),
                size=allocations_size(split.allocations),
                sets=sum(bool(allocation.tags) for allocation in split.allocations),
                folded_sets=split.folded_sets,
                folded_units=split.folded_units,
            )
            allocated.append(replace(line, allocated=said))
            operations += puts
        return allocated, operations


def report_folded(record: MeteringRecord, lines: Sequence[Line], count: Count) -> None:
    """Say which lines had too many sets of tags: they are billed in full, but what was folded is shown without tags."""
    for line in lines:
        if not line.allocated.folded_sets:
            continue
        logger.warning(
            "tag sets folded",
            customer=record.customer_identifier,
            hour=iso(record.hour),
            dimension=line.dimension,
            sets=line.allocated.folded_sets,
            quantity=text(line.allocated.folded_units),
        )
        count(MeteringMetric.TAG_SETS_FOLDED, line.allocated.folded_sets)
