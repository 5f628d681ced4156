"""The allocations that are frozen with an hour's lines: read what was tagged, split each line, store the split."""

from collections.abc import Sequence
from dataclasses import replace

from ledger.allocations import FrozenAllocations
from ledger.metering_record import AllocationSummary, Line, MeteringRecord
from ledger.tagged_usage import TaggedUsage
from ledger.transaction import Operation
from marketplace.usage_allocations import allocations_size
from metering.seal.allocate_rules import allocate, largest_of


def allocate_hour(
    record: MeteringRecord, lines: Sequence[Line], tagged_usage: TaggedUsage, allocations: FrozenAllocations
) -> tuple[list[Line], list[Operation]]:
    """The lines with a summary of their allocations, and the operations that store the allocations with the seal.

    record: read before this call, see ``TaggedUsage.of_hour``.
    """
    tagged = tagged_usage.of_hour(record.customer_identifier, record.hour)
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
        puts = allocations.put((record.customer_identifier, record.hour, line.dimension), split.allocations)
        summary = AllocationSummary(
            parts=len(puts),
            size=allocations_size(split.allocations),
            sets=sum(bool(allocation.tags) for allocation in split.allocations),
            folded_sets=split.folded_sets,
            folded_units=split.folded_units,
        )
        allocated.append(replace(line, allocations=summary))
        operations += puts
    return allocated, operations
