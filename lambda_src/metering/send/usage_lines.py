"""A sealed record's lines as Marketplace gets them: built from what was frozen and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from ledger.allocations import FrozenAllocations
from ledger.metering_record import Line, MeteringRecord
from marketplace.billing_identity import BillingIdentity
from marketplace.meter_usage import UsageLine
from marketplace.usage_allocations import Allocation
from metering.run import Count, LineKey
from runtime import telemetry
from runtime.clock import iso
from runtime.metric_names import MeteringMetric

logger = telemetry.logger("metering")


def usage_line(record: MeteringRecord, line: Line, allocations: tuple[Allocation, ...] = ()) -> UsageLine:
    """The same for every attempt. allocations: those frozen with the line; planning does without them.

    Raises ValueError for a record that is not sealed, KeyError for one that was sealed without an identity.
    """
    if record.timestamp is None:
        raise ValueError("only a sealed record's lines are sent")
    return UsageLine(
        identity=identity_from(record.identity),
        dimension=line.dimension,
        timestamp=record.timestamp,
        quantity=line.quantity,
        decimals=line.decimals,
        allocations=allocations,
    )


def identity_from(frozen: Mapping[str, str]) -> BillingIdentity:
    """The identity of a sealed record. Raises KeyError for a record that was sealed without one and is never sent."""
    return BillingIdentity(
        integration="license" if frozen["integration"] == "license" else "legacy",
        product_code=frozen["productCode"],
        customer_identifier=frozen.get("customerIdentifier"),
        license_arn=frozen.get("licenseArn"),
        account_id=frozen.get("customerAWSAccountId"),
    )


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
