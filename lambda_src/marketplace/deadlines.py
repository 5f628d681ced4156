"""The moments until which Marketplace takes a usage record. Times are epoch seconds, UTC;
``hour`` is the start of a usage hour.

Source: botocore 1.43.39 and later, BatchMeterUsage ``UsageRecord.Timestamp``: usage is accepted for less than 24 hours,
and usage of a month only until 06:00 UTC on the 1st of the next.
"""

from marketplace.hour import next_month_start

WINDOW = 24 * 3600
MONTH_CLOSES = 6 * 3600
#: We stop this long before the 24 hours are over: a call takes time, and clocks differ.
MARGIN = 10 * 60
#: A line with less time left than this travels alone: one line past its deadline has the whole request rejected.
ALONE_BELOW = 5 * 60


def month_closes_at(hour: int) -> int:
    """06:00 UTC on the 1st of the month after the hour's."""
    return next_month_start(hour) + MONTH_CLOSES


def deadline(hour: int) -> int:
    """The moment from which a line of this hour is no longer sent."""
    return min(hour + WINDOW - MARGIN, month_closes_at(hour))


def is_month_end(hour: int) -> bool:
    """True where the month's end, not the 24 hours, sets the deadline."""
    return month_closes_at(hour) < hour + WINDOW - MARGIN
