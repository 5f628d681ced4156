"""How a line's units are split among the tags that they were reported with. Pure: exact decimals, no clock, no tables.

The allocations of a line add up exactly to its quantity, or Marketplace refuses it (botocore model,
InvalidUsageAllocationsException). What the line does not bill (the allowance, and what the balance keeps) is taken from
the untagged units first, then from the largest sets. What does not fill a billed unit goes to the untagged bucket.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from marketplace.quantity import floor
from marketplace.usage_allocations import (
    MAX_ALLOCATIONS,
    UNTAGGED,
    Allocation,
    TagSet,
    allocations_size,
    bucket_size,
)

ZERO = Decimal(0)
#: Bytes of one line's allocations: a request is smaller than 1 MB (botocore model, BatchMeterUsage), record included.
LARGEST_LINE = 900_000
#: Bytes of all allocations that are frozen with one hour: TransactWriteItems takes 4 MB, of which a record and a
#: balance have at most 400 KB each (DynamoDB quotas).
LARGEST_HOUR = 3_300_000
#: Lines with allocations in one hour: each takes at least one of the transaction's 100 operations.
MOST_LINES = 90


@dataclass(frozen=True)
class Split:
    """A line's allocations in canonical order, none for a plain line. folded_sets, folded_units: the sets that went
    into the untagged bucket because the line had too many, and their billed units."""

    allocations: tuple[Allocation, ...] = ()
    folded_sets: int = 0
    folded_units: Decimal = ZERO


def allocate(
    quantity: Decimal,
    *,
    scale: int,
    decimals: int,
    tagged: Mapping[TagSet, Decimal],
    largest: int = LARGEST_LINE,
) -> Split:
    """Split a line's ``quantity`` (billed units).

    tagged: recorded units of each set, before the allowance. Untagged units, left-overs included, are reduced first;
    the sets only by what is still too much. largest: bytes that the allocations may take.
    """
    units = _billable(quantity * scale, tagged)
    sets = {tags: billed for tags, left in units.items() if (billed := floor(left / scale, decimals))}
    if not sets:
        return Split()
    ordered = sorted(sets, key=lambda tags: (-sets[tags], tags))
    rest = quantity - sum(sets.values(), ZERO)
    kept = _fitting(ordered, rest > 0, largest)
    folded = ordered[len(kept) :]
    if not kept:
        return Split((), len(folded), sum(sets.values(), ZERO))
    folded_units = sum((sets[tags] for tags in folded), ZERO)
    split = [Allocation(tags, sets[tags]) for tags in sorted(kept)]
    if rest + folded_units:
        split.insert(0, Allocation(UNTAGGED, rest + folded_units))
    return Split(tuple(split), len(folded), folded_units)


def largest_of(quantities: Mapping[str, Decimal]) -> dict[str, int]:
    """Bytes that each line's allocations may take, by dimension, so that an hour's allocations fit one transaction.

    If there are more lines than fit at all, those with the fewest units get 0.
    """
    ordered = sorted(quantities, key=lambda name: (-quantities[name], name))
    each = min(LARGEST_LINE, LARGEST_HOUR // max(1, min(len(ordered), MOST_LINES)))
    return {name: each if number < MOST_LINES else 0 for number, name in enumerate(ordered)}


def _billable(wanted: Decimal, tagged: Mapping[TagSet, Decimal]) -> dict[TagSet, Decimal]:
    """Recorded units of each set that the line bills."""
    excess = max(ZERO, sum(tagged.values(), ZERO) - wanted)
    left: dict[TagSet, Decimal] = {}
    for tags in sorted(tagged, key=lambda tags: (-tagged[tags], tags)):
        taken = min(excess, tagged[tags])
        excess -= taken
        left[tags] = tagged[tags] - taken
    return left


def _fitting(ordered: Sequence[TagSet], has_rest: bool, largest: int) -> Sequence[TagSet]:
    """The sets that the line keeps, from the largest on: all, or as many as fit beside the untagged bucket."""
    whole = [Allocation(tags, ZERO) for tags in ordered]
    if has_rest:
        whole.append(Allocation(UNTAGGED, ZERO))
    if len(whole) <= MAX_ALLOCATIONS and allocations_size(whole) <= largest:
        return ordered
    used = allocations_size([Allocation(UNTAGGED, ZERO)])
    for number, tags in enumerate(ordered):
        used += bucket_size(tags)
        if number + 2 > MAX_ALLOCATIONS or used > largest:
            return ordered[:number]
    return ordered
