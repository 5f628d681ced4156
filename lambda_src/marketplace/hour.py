"""An hour, the epoch seconds of its start (UTC), and the moments until which Marketplace takes usage of it.

Marketplace deduplicates usage by the hour. Source of the deadlines: botocore 1.43.39 and later, BatchMeterUsage
``UsageRecord.Timestamp``: usage is accepted for less than 24 hours, and usage of a month only until 06:00 UTC on the
1st of the next.
"""

from datetime import UTC, datetime

SECONDS = 3600
WINDOW = 24 * 3600
MONTH_CLOSES = 6 * 3600
#: We stop this long before the 24 hours are over, or the month is closed: a call takes time, and clocks differ.
MARGIN = 10 * 60
#: A line with less time left than this travels alone: one line past its deadline has the whole request rejected.
ALONE_BELOW = 5 * 60


def hour_of(seconds: float) -> int:
    """The hour that a moment lies in."""
    return int(seconds // SECONDS) * SECONDS


def month_of(seconds: float) -> str:
    """The UTC month a moment lies in, ``2026-11``: the period of distinct users and of monthly allowances."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m")


def next_month_start(seconds: float) -> int:
    """The first second of the UTC month after the one a moment lies in."""
    moment = datetime.fromtimestamp(seconds, UTC)
    year, month = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp())


def month_closes_at(hour: int) -> int:
    """The moment when Marketplace closes the hour's month: 06:00 UTC on the 1st of the next one (epoch seconds)."""
    return next_month_start(hour) + MONTH_CLOSES


def deadline(hour: int) -> int:
    """The moment from which a line of this hour is no longer sent."""
    return min(hour + WINDOW, month_closes_at(hour)) - MARGIN


def is_month_end(hour: int) -> bool:
    """True where the month's end, not the 24 hours, sets the deadline."""
    return month_closes_at(hour) < hour + WINDOW
