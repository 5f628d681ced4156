"""What the report reads from the indexes: how old and how urgent what is pending is, and what of it is at risk."""

from decimal import Decimal

import pytest

from marketplace.dimensions import Dimension
from marketplace.hour import deadline
from metering.report import levels as report_levels
from metering.report.levels import Levels, UsageSum, read_levels
from metering.run import Mode
from runtime.clock import from_iso
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, Ledger
from tests.products import sold

DAY = 86400
LIVE = Mode("live")
SOLD = sold({"api_calls": Dimension(name="api_calls", unit="call", scale=1000, price=Decimal("0.25"))})


def read(ledger: Ledger, now: float, mode: Mode = LIVE) -> Levels:
    return read_levels(ledger.records, ledger.subscribers, HOUR + 10 * DAY, now=now, mode=mode, products=SOLD)


def levels(oldest: int | None = None, nearest_deadline: int | None = None) -> Levels:
    return Levels(UsageSum(sold()), UsageSum(sold()), oldest=oldest, nearest_deadline=nearest_deadline)


# --- age and time left ------------------------------------------------------------------------------------------------


def test_the_time_left_is_until_the_nearest_deadline() -> None:
    assert levels(nearest_deadline=HOUR + 90).time_left(HOUR) == 90
    assert levels(nearest_deadline=HOUR - 90).time_left(HOUR) == -90, "it is over"


def test_without_pending_hours_the_whole_window_is_left() -> None:
    assert (levels().time_left(HOUR), levels().age(HOUR)) == (DAY, 0)


def test_the_age_is_since_the_oldest_hours_end() -> None:
    assert levels(oldest=HOUR).age(HOUR + 3600 + 90) == 90
    assert levels(oldest=HOUR).age(HOUR + 1800) == 0, "it has not ended"


def test_the_oldest_and_the_most_urgent_hour_are_reported(ledger: Ledger) -> None:
    for hour, customer in ((HOUR + 3600, "a"), (HOUR, "b"), (HOUR + 7200, "c")):
        ledger.opened(customer=customer, hour=hour)
    now = HOUR + 3 * 3600
    found = read(ledger, now)
    assert (found.pending_hours, found.oldest, found.nearest_deadline) == (3, HOUR, deadline(HOUR))
    assert (found.age(now), found.time_left(now)) == (2 * 3600, DAY - 600 - 3 * 3600)


def test_held_hours_are_neither_old_nor_urgent_nor_at_risk(ledger: Ledger) -> None:
    ledger.opened(customer="held")
    ledger.opened(customer="listed", hour=HOUR + 3600)
    found = read(ledger, deadline(HOUR) - 1, Mode("test-buyers", frozenset({"listed"})))
    assert (found.pending_hours, found.held_hours, found.oldest) == (1, 1, HOUR + 3600)
    assert found.nearest_deadline == deadline(HOUR + 3600)
    assert found.at_risk.lines == 1


# --- at risk ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "lines"), [(12 * 3600 + 1, 0), (12 * 3600, 0), (12 * 3600 - 1, 1), (1, 1), (-1, 1)])
def test_a_pending_hour_is_at_risk_once_less_than_twelve_hours_are_left(ledger: Ledger, left: int, lines: int) -> None:
    ledger.opened()
    found = read(ledger, deadline(HOUR) - left)
    assert (found.pending_hours, found.at_risk.lines) == (1, lines)


def test_usage_at_risk_is_reported_in_lines_units_and_money(ledger: Ledger) -> None:
    """Of the three, one has all the time it needs."""
    ledger.opened(customer="a")
    ledger.opened({("api_calls", MONTH): Decimal(600)}, "b")
    ledger.opened(customer="c", hour=HOUR + 18 * 3600)
    found = read(ledger, HOUR + 20 * 3600)
    assert found.payload()["atRisk"] == {"lines": 2, "units": {"api_calls": "3000"}, "money": "0.75"}


def test_an_hour_before_the_months_end_is_at_risk_as_soon_as_it_is_over(ledger: Ledger) -> None:
    """Marketplace takes usage of a month until 06:00 of the next: less than a window, and less than half of one."""
    last = int(from_iso("2026-11-30T23:00:00Z"))
    ledger.opened(hour=last)
    now = last + 3600
    found = read_levels(ledger.records, ledger.subscribers, last, now=now, mode=LIVE, products=SOLD)
    assert (found.time_left(now), found.at_risk.lines) == (6 * 3600, 1)


def test_the_most_urgent_hours_are_counted_if_not_all_can_be_read(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_levels, "READ", 1)
    ledger.opened({("api_calls", MONTH): Decimal(5)}, hour=HOUR + 3600)
    ledger.opened({("api_calls", MONTH): Decimal(7)}, hour=HOUR)
    found = read(ledger, deadline(HOUR) - 1)
    assert (found.pending_hours, found.at_risk.payload()["units"]) == (2, {"api_calls": "7"})


# --- failed -----------------------------------------------------------------------------------------------------------


def test_failed_lines_are_reported_apart_from_usage_at_risk(ledger: Ledger) -> None:
    ledger.sealed(("api_calls",), "expired", "a")
    ledger.sealed(("api_calls",), "conflict", "b")
    ledger.sealed(("api_calls",), "billed", "c")
    found = read(ledger, deadline(HOUR) - 1)
    assert found.verdicts == {"expired": 1, "conflict": 1}
    assert (found.failed.lines, found.failed.payload()["units"]) == (2, {"api_calls": "4"})
    assert found.failed.money == Decimal(4) / 1000 * Decimal("0.25")
    assert (found.pending_hours, found.at_risk.lines) == (0, 0)


def test_hours_after_the_wanted_one_are_not_read(ledger: Ledger) -> None:
    """A manual run of an old hour reports what is due up to it."""
    ledger.opened(hour=HOUR)
    ledger.opened(hour=HOUR + 3600)
    found = read_levels(ledger.records, ledger.subscribers, HOUR, now=HOUR + 7200, mode=LIVE, products=SOLD)
    assert (found.pending_hours, found.oldest) == (1, HOUR)
    assert ledger.pending() == {(CUSTOMER, HOUR), (CUSTOMER, HOUR + 3600)}
