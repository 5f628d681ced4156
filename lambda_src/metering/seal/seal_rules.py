"""What an hour's lines are once it is sealed. Pure: exact decimals, no clock, no tables.

included = min(counted, max(0, allowance - used)); quantity = floor((remainder + counted - included) / scale), cut to
what Marketplace takes; what is left over stays in the balance, in recorded units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ledger.conservation import conserved
from ledger.subscriber import Period
from marketplace.dimensions import Dimension
from marketplace.hour import SECONDS
from marketplace.quantity import floor
from marketplace.tiers import UNLIMITED

ZERO = Decimal(0)


@dataclass(frozen=True)
class SealedDimension:
    """One dimension of a sealed hour. quantity: billed units to send. included: recorded units that the contract
    covers, by period, without zeros. used: the allowance used so far, by period, after this hour. remainder: recorded
    units left over.
    """

    counted: Decimal
    quantity: Decimal
    included: Mapping[str, Decimal]
    used: Mapping[str, Decimal]
    remainder: Decimal


def seal_dimension(
    dimension: Dimension,
    counted: Mapping[str, Decimal],
    *,
    allowance: Decimal | None,
    used: Mapping[str, Decimal],
    remainder: Decimal,
) -> SealedDimension:
    """Seal one dimension of an hour.

    counted: recorded units by period. allowance: what the contract includes per period, -1 for unlimited, None without
    a contract. used: the allowance used so far, by period. remainder: recorded units left over from earlier hours.

    Raises NotConserved if units would appear or vanish.
    """
    included: dict[str, Decimal] = {}
    used_after = dict(used)
    for period in sorted(counted):
        covered = _covered(counted[period], allowance, used.get(period, ZERO))
        if covered:
            included[period] = covered
            used_after[period] = used.get(period, ZERO) + covered
    total = sum(counted.values(), ZERO)
    all_covered = sum(included.values(), ZERO)
    net = remainder + total - all_covered
    quantity = min(floor(net / dimension.scale, dimension.decimals), dimension.largest)
    left = net - quantity * dimension.scale
    conserved("units", remainder + total, quantity * dimension.scale + all_covered + left)
    conserved("used allowance", sum(used.values(), ZERO) + all_covered, sum(used_after.values(), ZERO))
    conserved("lowest of quantity, remainder and included", min(quantity, left, all_covered, ZERO), ZERO)
    return SealedDimension(total, quantity, included, used_after, left)


def billable(dimension: Dimension, units: Decimal) -> bool:
    """Whether these recorded units make a billed unit. What is left after a line is below one, unless the line was cut
    at the largest quantity that Marketplace takes."""
    return floor(units / dimension.scale, dimension.decimals) > 0


def _covered(counted: Decimal, allowance: Decimal | None, used: Decimal) -> Decimal:
    if allowance is None:
        return ZERO
    if allowance == UNLIMITED:
        return counted
    # A lowered allowance may lie below what was used; it must not make a negative line.
    return min(counted, max(ZERO, allowance - used))


def line_timestamp(hour: int, periods: Sequence[Period]) -> int:
    """The Timestamp that an hour's lines are sent with (epoch seconds), always inside their own hour.

    It is the hour's start, or the activation if that lies inside the hour and nothing was active at its start:
    Marketplace rejects usage before a licence's activation (InvalidLicenseException).
    """
    if any(p.start <= hour and (p.end is None or p.end > hour) for p in periods):
        return hour
    inside = [p.start for p in periods if hour <= p.start < hour + SECONDS]
    return min(inside, default=hour)


def is_active_through(periods: Sequence[Period], hour: int) -> bool:
    """Whether a customer was active both before the hour's end and at it.

    So no zero is sent for an hour before the activation: Marketplace would take it for the activation's own hour.
    """
    end = hour + SECONDS
    return any(period.start < end and (period.end is None or period.end > end) for period in periods)
