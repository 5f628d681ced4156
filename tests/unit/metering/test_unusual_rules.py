"""Which hours are called unusual: properties of customers as sellers know them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.subscriber import Period
from marketplace.dimensions import Dimension
from metering.seal.unusual_rules import DAY, Past, Unusual, is_at_the_turn, judge
from metering.seal.unusual_settings import UnusualSettings
from runtime.clock import from_iso

HOUR = 3600
TIMES = Decimal(5)
#: A Wednesday in the middle of a month, so that no month's turn is near.
NOON = int(from_iso("2026-11-18T12:00:00Z"))
Profile = Callable[[int], Decimal | int]

hours = st.integers(0, 24 * 7 - 1).map(lambda number: NOON - number * HOUR)
any_hours = st.integers(0, 24 * 365).map(lambda number: NOON + number * HOUR)
quantities = st.decimals(Decimal("0.000001"), Decimal(10) ** 12, places=6)


def judged(
    hour: int, units: Decimal | int, profile: Profile, *, active: int = 400, monthly: bool = False
) -> Unusual | None:
    """How an hour is judged of a customer that has been active for so many days and uses what ``profile`` says."""

    def past(asked: Sequence[int]) -> Past:
        return {each: Decimal(units) for each in asked if (units := profile(each))}

    periods = [Period(hour - active * DAY)]
    return judge(hour, Decimal(units), is_monthly=monthly, past=past, periods=periods, times=TIMES)


def office(hour: int) -> int:
    """Ten times as much in office hours as at night; nothing on weekends."""
    day, clock = (hour // DAY + 3) % 7, hour % DAY // HOUR
    return 0 if day >= 5 else 1000 if 8 <= clock < 18 else 100


@given(hours, quantities, st.lists(st.integers(80, 120), min_size=20, max_size=20), st.integers(80, 120))
def test_a_steady_customer_never_stands_out(hour: int, quantity: Decimal, noise: list[int], now: int) -> None:
    assert judged(hour, quantity * now, lambda each: quantity * noise[each // HOUR % 20]) is None


@given(any_hours, quantities, st.booleans(), st.integers(28, 400))
def test_nine_times_a_steady_customers_usual_stands_out_at_any_hour_of_the_year(
    hour: int, quantity: Decimal, monthly: bool, active: int
) -> None:
    found = judged(hour, quantity * 9, lambda _: quantity, monthly=monthly, active=36 if monthly else active)
    assert found == Unusual(quantity, Decimal(9))


@given(hours)
def test_nine_times_an_office_customers_usual_stands_out_by_day_and_by_night(hour: int) -> None:
    if usual := office(hour):
        assert judged(hour, usual * 9, office) == Unusual(Decimal(usual), Decimal(9))


@given(any_hours, st.integers(28, 400))
def test_an_office_customer_never_stands_out_by_its_own_week(hour: int, active: int) -> None:
    assert judged(hour, office(hour), office, active=active) is None


@given(any_hours, st.integers(0, 27))
def test_nor_does_one_that_has_come_within_the_month(hour: int, active: int) -> None:
    assert judged(hour, office(hour), office, active=active) is None


def test_a_monday_peak_is_usual_on_mondays_and_unusual_on_tuesdays() -> None:
    monday = int(from_iso("2026-11-16T09:00:00Z"))

    def profile(hour: int) -> int:
        return 5000 if (hour - monday) % (7 * DAY) == 0 else 100

    assert judged(monday, 5200, profile) is None
    assert judged(monday + DAY, 5200, profile) == Unusual(Decimal(100), Decimal(52))


@given(any_hours, st.integers(0, 4), quantities, quantities)
def test_a_new_customer_has_no_usual(hour: int, days: int, before: Decimal, now: Decimal) -> None:
    assert judged(hour, now, lambda _: before, active=days) is None


@given(any_hours, quantities, st.integers(0, 400), st.booleans())
def test_a_customer_that_never_used_anything_has_no_usual(hour: int, now: Decimal, active: int, monthly: bool) -> None:
    assert judged(hour, now, lambda _: 0, active=active, monthly=monthly) is None


def test_a_daily_job_that_runs_some_hours_later_is_usual_and_nine_times_as_much_is_not() -> None:
    def nightly(hour: int) -> int:
        return 7000 if hour % DAY // HOUR == 2 else 0

    late = NOON - 8 * HOUR
    assert judged(late, 7000, nightly) is None
    assert judged(late, 7000 * 9, nightly) == Unusual(Decimal(7000), Decimal(9))


def test_a_customer_that_doubles_every_week_is_usual() -> None:
    def growing(hour: int) -> Decimal:
        return Decimal(1000) * Decimal(2) ** ((hour - NOON) // (7 * DAY))

    assert judged(NOON, 1000, growing) is None
    assert judged(NOON, 9000, growing) is not None


def test_a_mistake_of_last_week_is_no_usual() -> None:
    def once(hour: int) -> int:
        return 90_000 if hour == NOON - 7 * DAY else 1000

    assert judged(NOON, 9000, once) == Unusual(Decimal(1000), Decimal(9))


def test_a_customer_whose_hours_vary_much_is_judged_less_strictly() -> None:
    def wild(hour: int) -> int:
        return (10, 400, 100, 250)[hour // (7 * DAY) % 4]

    assert judged(NOON, 1500, wild) is None
    assert judged(NOON, 9000, wild) is not None


def test_the_work_of_a_months_last_night_is_usual_a_month_later() -> None:
    last_night = int(from_iso("2026-11-30T22:00:00Z"))
    a_month_ago = int(from_iso("2026-10-31T22:00:00Z"))

    def closing(hour: int) -> int:
        return 40_000 if hour == a_month_ago else 100

    assert judged(last_night, 60_000, closing) is None
    assert judged(last_night, 90_000, closing) is not None
    assert judged(NOON, 60_000, closing) is not None


@pytest.mark.parametrize("first", ["2026-12-01T00:00:00Z", "2026-03-01T00:00:00Z", "2027-01-01T00:00:00Z"])
def test_users_that_a_new_month_counts_anew_are_usual(first: str) -> None:
    start = int(from_iso(first))

    def users(hour: int) -> int:
        """Two thousand in the first working hours of each month, hardly any later."""
        return 2000 if datetime.fromtimestamp(hour, UTC).day <= 4 and hour % DAY // HOUR == 9 else 1

    assert judged(start + 9 * HOUR, 2100, users, monthly=True) is None
    assert judged(start + 9 * HOUR, 9 * 2000, users, monthly=True) is not None
    assert judged(start + 9 * HOUR, 2100, users, monthly=True, active=20) is None


@pytest.mark.parametrize(
    ("moment", "near"),
    [
        ("2026-11-28T00:00:00Z", True),
        ("2026-11-27T20:00:00Z", False),
        ("2026-12-03T23:00:00Z", True),
        ("2026-12-04T00:00:00Z", False),
    ],
)
def test_a_months_turn_is_three_days_on_each_side(moment: str, near: bool) -> None:
    assert is_at_the_turn(int(from_iso(moment))) is near


def test_the_numbers_of_the_largest_and_the_smallest_quantity_can_be_stored() -> None:
    found = judged(NOON, Decimal(10) ** 28, lambda _: Decimal("0.000001"))
    assert found == Unusual(Decimal("0.000001"), Decimal(1_000_000))


# --- what is looked at ------------------------------------------------------------------------------------------------

PRICED = Dimension(name="calls", unit="call", scale=1000, price=Decimal("0.25"))


@pytest.mark.parametrize(
    ("settings", "quantity", "looked_at"),
    [
        (UnusualSettings(), 399, False),
        (UnusualSettings(), 400, True),
        (UnusualSettings(at_least_units={"calls": Decimal(9000)}), 8, False),
        (UnusualSettings(at_least_units={"calls": Decimal(9000)}), 9, True),
        (UnusualSettings(at_least_units={"calls": Decimal(-1)}), 10**9, False),
    ],
)
def test_a_line_is_looked_at_by_its_money_or_its_units(
    settings: UnusualSettings, quantity: int, looked_at: bool
) -> None:
    assert settings.is_worth_a_look(PRICED, Decimal(quantity)) is looked_at


def test_a_dimension_without_a_price_is_looked_at_only_by_units() -> None:
    free = Dimension(name="calls", unit="call")
    assert not UnusualSettings().is_worth_a_look(free, Decimal(10**9))
    assert UnusualSettings(at_least_units={"calls": Decimal(0)}).is_worth_a_look(free, Decimal(1))


def test_the_settings_survive_the_environment() -> None:
    settings = UnusualSettings(times=Decimal("2.5"), at_least=Decimal(7), at_least_units={"a": Decimal(-1)}, hold=True)
    assert UnusualSettings.from_json(settings.to_json()) == settings
