"""Is an hour far above what this customer usually uses at that time? Pure: exact decimals, no clock, no tables.

A wrong bill can be stopped only until it is sent, so an hour is judged when it is sealed, by the ledger's own past:

1. Only a line that is worth a look is judged: its money at list price, or its units, reach the stage's ``atLeast``.
2. The usual is the median of the same hour of the past eight weeks. A customer with fewer than four such weeks is
   judged by the same hour of the past 14 days, one with fewer than five such days not at all. Where the last three are
   higher than the rest, their median counts: a customer that grows is not unusual every week.
3. Unusual is more than ``times`` the usual, and more than twelve times the median absolute deviation (MAD) above it.
   Twelve MADs are eight standard deviations of a normal distribution (Rousseeuw and Croux, "Alternatives to the Median
   Absolute Deviation", 1993: a deviation is 1.4826 MAD), so a customer whose hours vary much is judged less strictly.
4. Where the usual of that hour is 0, the customer's busiest hour of the past eight days takes its place: a job that
   runs an hour later than last week is not unusual. If that is 0 as well, nothing is known to compare with.
5. At the turn of a month, three days before and after it, the hour must also be more than twice the busiest hour of the
   same days a month ago, because work is done monthly then. The same holds at any time for a dimension that is counted
   anew every month (``distinct``, ``max``): its first hours of a month count what later ones do not.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from ledger.subscriber import Period
from marketplace.hour import SECONDS, month_of

DAY = 24 * SECONDS
WEEKS, DAYS = 8, 14
#: Fewer hours than these say nothing. Of any five days in a row three are weekdays, so that a weekend is no usual day.
WEEKS_NEEDED, DAYS_NEEDED = 4, 5
LAST = 3
MADS = 12
#: How much more than a month ago a month's turn may have.
MONTHLY_GROWTH = 2
#: Seconds on each side of a month's turn in which work is done monthly.
TURN = 3 * DAY
#: The same days a month ago: months have 28 to 31 days, and the days around them belong to the same turn.
MONTH_AGO = (35 * DAY, 26 * DAY)
#: More is not told apart: a quotient of the largest and the smallest quantity would have too many digits.
MOST_TIMES = Decimal(1_000_000)
ZERO = Decimal(0)


class Unusual(NamedTuple):
    """How an hour stands out. usual: recorded units; times: how many times as much the hour has, cut to a tenth."""

    usual: Decimal
    times: Decimal


#: Recorded units of past hours, by the hour's start; an hour without usage may be absent.
Past = Mapping[int, Decimal]


def judge(
    hour: int,
    units: Decimal,
    *,
    is_monthly: bool,
    past: Callable[[Sequence[int]], Past],
    periods: Sequence[Period],
    times: Decimal,
) -> Unusual | None:
    """How an hour stands out that has so many recorded units of a dimension; None where it does not.

    is_monthly: the dimension is counted anew every month. past: gives the units of hours; it is asked once for some
    twenty, and only for an hour that stands out already for some hundred more. periods: when the customer was active.
    """
    known = usual_of(hour, past(same_hours(hour)), periods)
    if known is None:
        return None
    usual, spread = known
    if not _stands_out(units, usual, spread, times):
        return None
    if not usual:
        usual = _busiest(_last_days(hour), past, periods) or ZERO
        if not usual or not _stands_out(units, usual, ZERO, times):
            return None
    if is_monthly or is_at_the_turn(hour):
        then = _busiest(_month_ago(hour), past, periods)
        if units <= (then or ZERO) * MONTHLY_GROWTH or (is_monthly and then is None):
            return None
    return Unusual(usual, round(min(units / usual, MOST_TIMES), 1))


def usual_of(hour: int, past: Past, periods: Sequence[Period]) -> tuple[Decimal, Decimal] | None:
    """The usual of an hour and its median absolute deviation; None where too little is known.

    past: units of ``same_hours``. periods: when the customer was active; an hour of an active time without usage is 0.
    """
    weeks, days = _known(_weekly(hour), past, periods), _known(_daily(hour), past, periods)
    if len(weeks) >= WEEKS_NEEDED:
        known = weeks
    elif len(days) >= DAYS_NEEDED:
        known = days
    else:
        return None
    usual = median(known)
    spread = median(abs(units - usual) for units in known)
    return max(usual, median(known[:LAST])), spread


def same_hours(hour: int) -> list[int]:
    """The hours by which the usual is told: the same one of past weeks and of past days."""
    return sorted({*_weekly(hour), *_daily(hour)})


def is_at_the_turn(hour: int) -> bool:
    """Whether an hour lies within three days of a month's turn."""
    return month_of(hour - TURN) != month_of(hour + TURN)


def median(numbers: Iterable[Decimal]) -> Decimal:
    """The median of one number or more. (The module ``statistics`` would cost each cold start some milliseconds.)"""
    ordered = sorted(numbers)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _stands_out(units: Decimal, usual: Decimal, spread: Decimal, times: Decimal) -> bool:
    return units > usual * times and units > usual + spread * MADS


def _busiest(hours: Sequence[int], past: Callable[[Sequence[int]], Past], periods: Sequence[Period]) -> Decimal | None:
    """The most units of one of these hours; None where the customer was not active in all of them."""
    known = _known(hours, past(hours), periods)
    return max(known) if len(known) == len(hours) else None


def _weekly(hour: int) -> list[int]:
    return [hour - n * 7 * DAY for n in range(1, WEEKS + 1)]


def _daily(hour: int) -> list[int]:
    return [hour - n * DAY for n in range(1, DAYS + 1)]


def _last_days(hour: int) -> list[int]:
    return list(range(hour - 8 * DAY, hour, SECONDS))


def _month_ago(hour: int) -> list[int]:
    first, last = MONTH_AGO
    return list(range(hour - first, hour - last + SECONDS, SECONDS))


def _known(hours: Sequence[int], past: Past, periods: Sequence[Period]) -> list[Decimal]:
    """Units of those hours at whose start the customer was active."""
    return [
        past.get(hour, ZERO)
        for hour in hours
        if any(period.start <= hour and (period.end is None or period.end > hour) for period in periods)
    ]
