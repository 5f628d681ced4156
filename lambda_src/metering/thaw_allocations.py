"""The frozen allocations of lines that are about to be sent: the same in every attempt, or the line is not sent."""

from collections.abc import Sequence
from decimal import Decimal

from ledger.allocations import FrozenAllocations
from ledger.metering_record import Line, MeteringRecord
from marketplace.usage_allocations import Allocation
from metering.count import Count
from metering.keys import LineKey
from runtime import telemetry
from runtime.clock import iso
from runtime.metric_names import MeteringMetric

logger = telemetry.logger("metering")


def thaw(
    lines: Sequence[tuple[MeteringRecord, Line]], store: FrozenAllocations, count: Count
) -> dict[LineKey, tuple[Allocation, ...]]:
    """Allocations by line; none for a plain line.

    A line whose parts are missing, damaged or do not add up to it is left out: an earlier attempt may be on file with
    what was frozen, and other content would be a conflict. It stays pending, counted and alarmed.
    """
    keys = {(record.customer_identifier, record.hour, line.dimension): line for record, line in lines}
    stored = store.get_many({key: line.allocated.parts for key, line in keys.items() if line.allocated.parts})
    found: dict[LineKey, tuple[Allocation, ...]] = {}
    for key, line in keys.items():
        allocations = stored.get(key, ())
        if not line.allocated.parts or _add_up(allocations, line):
            found[key] = allocations
            continue
        customer, hour, dimension = key
        logger.error("allocations missing, line not sent", customer=customer, hour=iso(hour), dimension=dimension)
        count(MeteringMetric.ALLOCATIONS_MISSING, 1)
    return found


def _add_up(allocations: Sequence[Allocation], line: Line) -> bool:
    total = sum((allocation.quantity for allocation in allocations), Decimal(0))
    return total == line.quantity and sum(bool(a.tags) for a in allocations) == line.allocated.sets
