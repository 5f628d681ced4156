"""Which hour an event is billed in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.hour import hour_of
from runtime.clock import from_iso, iso
from usage.route_hour import Route, route

DAY = "2026-11-15T"


def at(clock: str) -> float:
    return from_iso(f"{DAY}{clock}Z")


def routed(occurred: str, now: str, closed: tuple[str, ...] = (), activation: str | None = None) -> tuple[str, bool]:
    hours = {at(f"{hour}:00:00") for hour in closed}
    found = route(at(occurred), at(now), at(activation) if activation else 0, lambda hour: hour in hours)
    return iso(found.hour)[11:13], found.late


@pytest.mark.parametrize(
    ("occurred", "now", "closed", "expected"),
    [
        ("10:30:00", "10:45:00", (), ("10", False)),
        ("10:00:00", "10:00:00", (), ("10", False)),
        ("09:59:59.999", "10:00:00", (), ("09", False)),
        ("09:00:00", "10:59:59", (), ("09", False)),
        ("09:59:59", "10:05:00", ("09",), ("10", True)),
        # never an older hour, although nothing closed it: nobody might be able to send it any more
        ("08:59:59.999", "10:00:00", (), ("10", True)),
        ("01:00:00", "10:30:00", (), ("10", True)),
        # within the skew: counts as now
        ("11:00:01", "10:59:58", (), ("10", False)),
        # the running hour is closed: the first one after it that is not
        ("10:30:00", "10:45:00", ("10",), ("11", True)),
        ("10:30:00", "10:45:00", ("10", "11", "12"), ("13", True)),
        ("09:30:00", "10:45:00", ("09", "10"), ("11", True)),
        ("09:30:00", "10:45:00", ("10",), ("09", False)),
        ("11:00:01", "10:59:58", ("10",), ("11", True)),
    ],
)
def test_the_hour(occurred: str, now: str, closed: tuple[str, ...], expected: tuple[str, bool]) -> None:
    assert routed(occurred, now, closed) == expected


@pytest.mark.parametrize(
    ("occurred", "activation", "expected"),
    [
        ("09:30:00", "09:15:00", ("09", False)),
        ("09:58:00", "09:59:59", ("09", False)),
        # within the tolerance before the activation: the activation's hour
        ("09:58:00", "10:00:00", ("10", True)),
        ("09:30:00", "10:10:00", ("10", True)),
        # the recorder's clock is behind Marketplace's
        ("10:29:00", "11:00:30", ("11", True)),
    ],
)
def test_never_before_the_activations_hour(occurred: str, activation: str, expected: tuple[str, bool]) -> None:
    assert routed(occurred, "10:30:00", activation=activation) == expected


@given(
    st.floats(0, 100 * 3600),
    st.floats(50 * 3600, 52 * 3600),
    st.floats(0, 55 * 3600),
    st.sets(st.integers(40, 70).map(lambda hour: hour * 3600)),
)
def test_an_hour_is_always_found_that_can_take_usage_and_be_sent(
    occurred: float, now: float, activation: float, closed: set[int]
) -> None:
    found = route(occurred, now, activation, closed.__contains__)
    assert isinstance(found, Route)
    assert found.hour not in closed
    assert found.hour >= hour_of(activation)
    assert found.hour >= hour_of(now) - 3600
    assert found.late is (found.hour > min(hour_of(occurred), hour_of(now)))
    if found.hour < hour_of(now):
        assert not found.late
    assert all(h in closed for h in range(max(hour_of(now), hour_of(activation)), found.hour, 3600))
