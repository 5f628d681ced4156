"""A sealed record's line as Marketplace gets it: built from what is frozen and nothing else."""

from ledger.metering_record import Line, MeteringRecord
from marketplace.meter_usage import UsageLine
from marketplace.usage_allocations import Allocation
from metering.identity import thawed_identity


def usage_line(record: MeteringRecord, line: Line, allocations: tuple[Allocation, ...] = ()) -> UsageLine:
    """The same for every attempt. Raises ValueError for a record that is not sealed.

    allocations: what was frozen with the line; planning does without.
    """
    if record.timestamp is None:
        raise ValueError("only a sealed record's lines are sent")
    return UsageLine(
        identity=thawed_identity(record.identity),
        dimension=line.dimension,
        timestamp=record.timestamp,
        quantity=line.quantity,
        decimals=line.decimals,
        allocations=allocations,
    )
