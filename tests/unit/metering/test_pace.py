"""Calls of all copies together stay under the account's rate."""

import pytest

from metering.pace import Pace


class Time:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(("rate", "copies", "interval"), [(8, 1, 0.125), (8, 2, 0.25), (10, 10, 1.0), (0.5, 1, 2.0)])
def test_the_rate_is_shared_out(rate: float, copies: int, interval: float) -> None:
    time = Time()
    pace = Pace(calls_per_second=rate, copies=copies, monotonic=lambda: time.now, sleep=time.sleep)
    calls = []
    for _ in range(5):
        pace.wait()
        calls.append(time.now)
    assert calls == pytest.approx([100 + interval * number for number in range(5)])
    assert len(time.slept) == 4


def test_a_slow_call_does_not_buy_a_burst() -> None:
    time = Time()
    pace = Pace(calls_per_second=10, copies=1, monotonic=lambda: time.now, sleep=time.sleep)
    pace.wait()
    time.now += 60
    pace.wait()
    assert time.slept == []
    pace.wait()
    assert time.slept == pytest.approx([0.1])
