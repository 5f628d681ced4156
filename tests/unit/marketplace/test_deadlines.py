"""Until when a usage record is taken (botocore, BatchMeterUsage ``UsageRecord.Timestamp``)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.deadlines import ALONE_BELOW, MARGIN, WINDOW, deadline, is_month_end, month_closes_at
from runtime.clock import from_iso, iso


@pytest.mark.parametrize(
    ("hour", "last", "by_month"),
    [
        ("2026-11-15T08:00:00Z", "2026-11-16T07:50:00Z", False),
        # 06:10 and later of the month's last day is cut by 06:00 of the 1st
        ("2026-11-30T06:00:00Z", "2026-12-01T05:50:00Z", False),
        ("2026-11-30T07:00:00Z", "2026-12-01T06:00:00Z", True),
        ("2026-11-30T23:00:00Z", "2026-12-01T06:00:00Z", True),
        ("2026-12-01T00:00:00Z", "2026-12-01T23:50:00Z", False),
        ("2026-12-31T23:00:00Z", "2027-01-01T06:00:00Z", True),
        ("2028-02-29T12:00:00Z", "2028-03-01T06:00:00Z", True),
        ("2026-02-28T12:00:00Z", "2026-03-01T06:00:00Z", True),
    ],
)
def test_the_deadline(hour: str, last: str, by_month: bool) -> None:
    seconds = int(from_iso(hour))
    assert iso(deadline(seconds)) == last
    assert is_month_end(seconds) is by_month


@pytest.mark.parametrize(
    ("hour", "closes"),
    [
        ("2026-11-01T00:00:00Z", "2026-12-01T06:00:00Z"),
        ("2026-12-15T00:00:00Z", "2027-01-01T06:00:00Z"),
    ],
)
def test_a_month_closes_at_six_on_the_first_of_the_next(hour: str, closes: str) -> None:
    assert iso(month_closes_at(int(from_iso(hour)))) == closes


@given(st.integers(0, 1_000_000).map(lambda number: number * 3600))
def test_every_closed_hour_leaves_hours_to_send_it(hour: int) -> None:
    last = deadline(hour)
    assert last <= hour + WINDOW - MARGIN
    assert last <= month_closes_at(hour)
    assert last - (hour + 3600) >= 6 * 3600, "also the last hour of a month"
    assert is_month_end(hour) is (last != hour + WINDOW - MARGIN)


def test_a_line_alone_is_sent_before_its_deadline_only() -> None:
    assert 0 < ALONE_BELOW < MARGIN < WINDOW
