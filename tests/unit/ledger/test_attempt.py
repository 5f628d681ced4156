"""The name of an attempt tells how long its call may be under way."""

import pytest

from ledger.metering_record import OVER, UNDER_WAY, is_under_way, new_attempt

NOW = 1_795_000_000.7


def test_no_two_attempts_are_called_alike() -> None:
    assert len({new_attempt(NOW) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("later", "under_way"), [(0, True), (UNDER_WAY - 1, True), (UNDER_WAY, False), (86400, False), (-3, True)]
)
def test_an_attempt_is_under_way_for_a_while(later: float, under_way: bool) -> None:
    """A clock a little behind the one that made it sees it as under way."""
    made = int(NOW)
    assert is_under_way(new_attempt(made), made + later) is under_way


def test_one_whose_call_is_over_is_not_and_has_a_name_that_no_attempt_has() -> None:
    assert not is_under_way(OVER, NOW)
    assert OVER not in {new_attempt(NOW) for _ in range(100)}


@pytest.mark.parametrize("attempt", ["5f0c9a7be112", "", "x-5f0c", "-1-5f0c", "one"])
def test_a_name_without_a_time_is_not_under_way(attempt: str) -> None:
    """As attempts were called before they had one."""
    assert not is_under_way(attempt, NOW)
