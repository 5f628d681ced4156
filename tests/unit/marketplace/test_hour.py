"""Hours and months of UTC, and until when Marketplace takes usage of an hour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.hour import (
    ALONE_BELOW,
    MARGIN,
    SECONDS,
    WINDOW,
    deadline,
    hour_of,
    is_month_end,
    month_closes_at,
    month_of,
    next_month_start,
)
from runtime.clock import from_iso, iso

moments = st.floats(0, 4_000_000_000, allow_nan=False)


@pytest.mark.parametrize(
    ("moment", "hour"),
    [
        ("2026-11-15T08:00:00Z", "2026-11-15T08:00:00Z"),
        ("2026-11-15T08:59:59.999Z", "2026-11-15T08:00:00Z"),
        ("2026-11-15T09:00:00Z", "2026-11-15T09:00:00Z"),
        ("2026-11-15T13:29:00+05:30", "2026-11-15T07:00:00Z"),
    ],
)
def test_the_hour_of_a_moment(moment: str, hour: str) -> None:
    assert iso(hour_of(from_iso(moment))) == hour


@given(moments)
def test_every_moment_lies_in_its_hour(moment: float) -> None:
    hour = hour_of(moment)
    assert hour % SECONDS == 0
    assert hour <= moment < hour + SECONDS


@pytest.mark.parametrize(
    ("moment", "month", "next_start"),
    [
        ("2026-11-30T23:59:59.999Z", "2026-11", "2026-12-01T00:00:00Z"),
        ("2026-12-01T00:00:00Z", "2026-12", "2027-01-01T00:00:00Z"),
        ("2026-12-31T23:59:59Z", "2026-12", "2027-01-01T00:00:00Z"),
        ("2027-01-01T00:00:00+01:00", "2026-12", "2027-01-01T00:00:00Z"),
        ("2028-02-29T12:00:00Z", "2028-02", "2028-03-01T00:00:00Z"),
    ],
)
def test_the_month_is_that_of_utc(moment: str, month: str, next_start: str) -> None:
    seconds = from_iso(moment)
    assert month_of(seconds) == month
    assert iso(next_month_start(seconds)) == next_start


@given(moments)
def test_the_next_month_begins_after_the_moment_and_is_another(moment: float) -> None:
    start = next_month_start(moment)
    assert start > moment
    assert month_of(start) != month_of(moment)
    assert month_of(start - 1) == month_of(moment)


@pytest.mark.parametrize(
    ("hour", "last", "by_month"),
    [
        ("2026-11-15T08:00:00Z", "2026-11-16T07:50:00Z", False),
        # 07:00 and later of the month's last day is cut by 06:00 of the 1st
        ("2026-11-30T06:00:00Z", "2026-12-01T05:50:00Z", False),
        ("2026-11-30T07:00:00Z", "2026-12-01T05:50:00Z", True),
        ("2026-11-30T23:00:00Z", "2026-12-01T05:50:00Z", True),
        ("2026-12-01T00:00:00Z", "2026-12-01T23:50:00Z", False),
        ("2026-12-31T23:00:00Z", "2027-01-01T05:50:00Z", True),
        ("2028-02-29T12:00:00Z", "2028-03-01T05:50:00Z", True),
        ("2026-02-28T12:00:00Z", "2026-03-01T05:50:00Z", True),
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
    assert last <= month_closes_at(hour) - MARGIN
    assert last - (hour + 3600) >= 6 * 3600 - MARGIN, "also the last hour of a month"
    assert is_month_end(hour) is (last != hour + WINDOW - MARGIN)


def test_a_line_alone_is_sent_before_its_deadline_only() -> None:
    assert 0 < ALONE_BELOW < MARGIN < WINDOW
