"""The model of an outage: Marketplace's rate, the deadlines' own rules, nothing else."""

import pytest

from bench import outage
from bench.outage import LAST_DAY, LINES, after, at_month_end, ordinary
from marketplace.hour import MARGIN, SECONDS
from marketplace.meter_usage import MAX_RECORDS


def test_nothing_is_lost_without_an_outage() -> None:
    found = ordinary(0, 8)
    assert found.expired == 0
    assert found.caught_up is not None


def test_what_waits_is_sent_at_the_rate() -> None:
    """Four hours wait when it ends, and six more close until all are sent, one and a half to the hour."""
    found = ordinary(4, 8)
    assert found.caught_up == pytest.approx((4 + 6) * LINES / (8 * MAX_RECORDS), abs=outage.STEP)
    assert found.expired == 0


def test_twenty_hours_are_survived_and_a_day_is_not() -> None:
    assert ordinary(outage.MUST_SURVIVE, 8).expired == 0
    lost = ordinary(26, 8)
    # three hours are past their 24 h less the margin when it ends, and more by the time their turn would come
    assert lost.expired >= 2 * LINES


def test_a_slower_rate_loses_more() -> None:
    assert ordinary(24, 6).expired > ordinary(24, 10).expired


def test_a_rate_below_the_load_never_catches_up() -> None:
    assert ordinary(1, 5).caught_up is None


def test_the_months_end_takes_what_fits_until_six() -> None:
    """From 05:00 on until the margin before 06:00 calls are made; 20 hours of the month before had waited."""
    found = at_month_end(5, 20, 8)
    fits = (SECONDS - MARGIN) * 8 * MAX_RECORDS
    # 09:00 to 24:00 are due, and nothing before: sent until 09:00, when the outage began
    waiting = 16 * LINES
    assert found.expired == waiting - fits


def test_hours_of_the_new_month_have_their_own_deadline() -> None:
    end = LAST_DAY + 5 * SECONDS
    assert after(end - 4 * SECONDS, end, 8, look=12 * SECONDS).expired == 0
