"""Hours and months of UTC."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.hour import SECONDS, hour_of, month_of, next_month_start
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
