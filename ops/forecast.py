"""The month's forecast of one customer and dimension. Pure.

What is left of the month is foreseen by the profile of the week: the mean of each of its 168 hours over the four weeks
before now, where an hour without usage is 0. A mean of several weeks foresees a sum best where a profile repeats; a
median would leave out what comes in one week of four. The uncertainty is that of whole weeks: the standard deviation of
the totals of those weeks, for as many weeks as are left, and for the error of a mean of so few. Two of them on each
side hold the month's total of a regular customer in about nineteen months of twenty.

A dimension that is counted anew every month (``distinct``, ``max``) is not foreseen by this: it counts less and less as
its month goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from marketplace.hour import SECONDS, hour_of, next_month_start

WEEK = 7 * 24 * SECONDS
#: Weeks of the profile, and the fewest that say anything of their spread.
WEEKS, FEWEST = 4, 2
ZERO = Decimal(0)


@dataclass(frozen=True)
class Forecast:
    """so_far: recorded units of the month. total: the month's, as foreseen. low, high: two standard deviations on each
    side, never below what is recorded. weeks: whole weeks of the past that it rests on."""

    so_far: Decimal
    total: Decimal
    low: Decimal
    high: Decimal
    weeks: int


def forecast(
    units: Mapping[int, Decimal], *, month_start: int, now: float, since: int, first: int | None = None
) -> Forecast | None:
    """The forecast of the month that begins at ``month_start``; None for a customer of less than two whole weeks.

    units: recorded units by hour (epoch seconds of its start), at least of the four weeks before now and of the month;
    an hour without usage may be left out. since: when the customer became active. first: the earliest hour that
    ``units`` covers, if that is later.
    """
    running = hour_of(now)
    end = next_month_start(month_start)
    so_far = sum((each for hour, each in units.items() if month_start <= hour < end), ZERO)
    begin = max(since, first if first is not None else since)
    weeks = min(WEEKS, (running - begin) // WEEK)
    if weeks < FEWEST:
        return None
    # The running hour is foreseen too: what it has so far is part of what it will have.
    left = range(max(running, month_start), end, SECONDS)
    profile: dict[int, Decimal] = {}
    totals = [ZERO] * weeks
    for back in range(weeks):
        for hour in range(running - (back + 1) * WEEK, running - back * WEEK, SECONDS):
            each = units.get(hour, ZERO)
            profile[hour % WEEK] = profile.get(hour % WEEK, ZERO) + each / weeks
            totals[back] += each
    ahead = sum((profile[hour % WEEK] for hour in left), ZERO)
    recorded = so_far - units.get(running, ZERO) if month_start <= running < end else so_far
    total = max(so_far, recorded + ahead)
    mean = sum(totals, ZERO) / weeks
    variance = sum(((each - mean) ** 2 for each in totals), ZERO) / (weeks - 1)
    coming = Decimal(len(left) * SECONDS) / WEEK
    deviation = (variance * (coming + coming**2 / weeks)).sqrt()
    return Forecast(so_far, total, max(so_far, total - 2 * deviation), total + 2 * deviation, weeks)
