"""What an hour's line is, once it is frozen. Pure: exact decimals, no clock, no tables.

included = min(counted, max(0, allowance - used)); line = floor((remainder + counted - included) / scale), cut to what
Marketplace takes; what is left over stays in the balance, in recorded units.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ledger.quantity import floor
from ledger.subscriber import Period
from marketplace.dimensions import Dimension
from marketplace.tiers import UNLIMITED

ZERO = Decimal(0)
HOUR = 3600


@dataclass(frozen=True)
class SealedDimension:
    """line: billed units to send (0: nothing to send). included: recorded units covered, by period (only above 0).

    used: the allowance used so far, by period, after this hour. remainder: recorded units left over.
    """

    counted: Decimal
    line: Decimal
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
    """Freeze one dimension of an hour.

    counted: recorded units by period. allowance: what the contract includes a period, -1 for unlimited, None where
    there is no contract. used: allowance used so far by period. remainder: left over from earlier hours.
    """
    included: dict[str, Decimal] = {}
    used_after = dict(used)
    for period in sorted(counted):
        covered = _covered(counted[period], allowance, used.get(period, ZERO))
        if covered:
            included[period] = covered
            used_after[period] = used.get(period, ZERO) + covered
    total = sum(counted.values(), ZERO)
    net = remainder + total - sum(included.values(), ZERO)
    line = min(floor(net / dimension.scale, dimension.decimals), dimension.largest)
    return SealedDimension(total, line, included, used_after, net - line * dimension.scale)


def billable(dimension: Dimension, units: Decimal) -> bool:
    """Whether recorded units hold one that can be billed: a remainder that does was cut off by the largest quantity."""
    return floor(units / dimension.scale, dimension.decimals) > 0


def _covered(counted: Decimal, allowance: Decimal | None, used: Decimal) -> Decimal:
    if allowance is None:
        return ZERO
    if allowance == UNLIMITED:
        return counted
    # a lowered allowance may lie below what was used: it never makes a negative line
    return min(counted, max(ZERO, allowance - used))


def line_timestamp(hour: int, periods: tuple[Period, ...]) -> int:
    """The Timestamp that an hour's lines are sent with: always inside their own hour.

    The hour's start; or the activation, if that lies inside this hour and nothing was active at its start, since
    Marketplace rejects usage before a licence's activation (InvalidLicenseException).
    """
    if any(p.start <= hour and (p.end is None or p.end > hour) for p in periods):
        return hour
    inside = [p.start for p in periods if hour <= p.start < hour + HOUR]
    return min(inside, default=hour)
