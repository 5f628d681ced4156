"""Calls of all copies together stay under the account's rate, and lateness does not cost calls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.send.pace import QUOTA, Pace


class Time:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        #: by how much every sleep is longer than it was asked to be
        self.oversleeps = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds + self.oversleeps

    def pace(self, rate: float, copies: int) -> Pace:
        return Pace(calls_per_second=rate, copies=copies, monotonic=lambda: self.now, sleep=self.sleep)


@pytest.mark.parametrize(("rate", "copies", "interval"), [(8, 1, 0.125), (8, 2, 0.25), (10, 10, 1.0), (0.5, 1, 2.0)])
def test_the_copies_share_the_rate(rate: float, copies: int, interval: float) -> None:
    time = Time()
    pace = time.pace(rate, copies)
    calls = []
    for _ in range(5):
        pace.wait()
        calls.append(time.now)
    assert calls == pytest.approx([100 + interval * number for number in range(5)])
    assert len(time.slept) == 4


def test_a_slow_call_allows_no_burst() -> None:
    time = Time()
    pace = time.pace(10, 1)
    pace.wait()
    time.now += 60
    pace.wait()
    assert time.slept == []
    pace.wait()
    assert time.slept == pytest.approx([0.1])


def test_a_late_call_does_not_move_the_grid() -> None:
    time = Time()
    pace = time.pace(8, 2)
    time.oversleeps = 0.03
    pace.wait()
    for _ in range(40):
        pace.wait()
    assert time.now == pytest.approx(100 + 40 * 0.25 + 0.03)


@pytest.mark.parametrize(("rate", "copies", "slack"), [(8, 2, 0.2), (8, 1, 0.2), (8, 3, 0.075), (8, 4, 0), (10, 2, 0)])
def test_unused_calls_of_a_second_may_be_caught_up(rate: float, copies: int, slack: float) -> None:
    assert Time().pace(rate, copies).slack == pytest.approx(slack)


@given(
    st.sampled_from([(8.0, 1), (8.0, 2), (8.0, 3), (9.0, 2), (5.0, 2), (10.0, 1), (8.0, 4)]),
    st.lists(st.floats(0, 3), min_size=30, max_size=80),
)
def test_no_second_has_more_calls_than_the_quota_whatever_delays_them(
    shared: tuple[float, int], delays: list[float]
) -> None:
    """One copy's share: in any second at most the quota divided by the copies."""
    rate, copies = shared
    time = Time()
    pace = time.pace(rate, copies)
    calls = []
    for delay in delays:
        time.now += delay / 10 if delay < 2.5 else delay
        pace.wait()
        calls.append(time.now)
    share = QUOTA // copies
    # a moment less than a second: decimals of seconds are not exact
    assert all(later - earlier > 1 - 1e-6 for earlier, later in zip(calls, calls[share:], strict=False))
