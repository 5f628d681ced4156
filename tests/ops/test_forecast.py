"""The month's forecast on played customers: how near it comes, and how sure it is."""

from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest

from ops.forecast import WEEK, Forecast, forecast

HOUR, DAY = 3600, 86400
NOVEMBER = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
DECEMBER = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp())
LONG_AGO = NOVEMBER - 200 * DAY


def played(seed: int, noise: float) -> dict[int, Decimal]:
    """An office customer: busy on weekdays, quiet at night, nothing on weekends."""
    chance, units = Random(seed), {}
    for hour in range(NOVEMBER - 35 * DAY, DECEMBER, HOUR):
        moment = datetime.fromtimestamp(hour, UTC)
        if moment.weekday() < 5:
            usual = 1000 if 8 <= moment.hour < 18 else 100
            units[hour] = Decimal(round(usual * chance.lognormvariate(0, noise)))
    return units


def of(units: dict[int, Decimal], days: float, since: int = LONG_AGO) -> Forecast | None:
    now = NOVEMBER + days * DAY
    known = {hour: each for hour, each in units.items() if hour < now}
    return forecast(known, month_start=NOVEMBER, now=now, since=since)


@pytest.mark.parametrize("days", [0, 3.5, 10, 20.25, 29])
@pytest.mark.parametrize("seed", range(8))
def test_a_regular_customers_month_is_foreseen_within_three_percent(seed: int, days: float) -> None:
    units = played(seed, noise=0.3)
    true = sum(each for hour, each in units.items() if hour >= NOVEMBER)
    found = of(units, days)
    assert found is not None
    assert abs(found.total / true - 1) < Decimal("0.03")


def test_the_stated_range_holds_about_nineteen_months_of_twenty() -> None:
    held = 0
    for seed in range(60):
        units = played(seed, noise=1.0)
        true = sum(each for hour, each in units.items() if hour >= NOVEMBER)
        found = of(units, 10)
        assert found is not None
        held += found.low <= true <= found.high
    assert 51 <= held <= 60


def test_it_is_exact_and_sure_for_a_customer_that_never_varies() -> None:
    units = {hour: Decimal(2) for hour in range(NOVEMBER - 35 * DAY, DECEMBER, HOUR)}
    assert of(units, 12) == Forecast(Decimal(2 * 24 * 12), Decimal(1440), Decimal(1440), Decimal(1440), 4)


def test_the_nearer_the_months_end_the_surer_it_is() -> None:
    units = played(1, noise=1.0)
    early, late = of(units, 3), of(units, 27)
    assert early is not None
    assert late is not None
    assert late.high - late.low < (early.high - early.low) / 2


def test_a_closed_month_is_what_was_recorded() -> None:
    units = played(1, noise=0.3)
    found = of(units, 30)
    true = sum(each for hour, each in units.items() if hour >= NOVEMBER)
    assert found is not None
    assert (found.so_far, found.total, found.low, found.high) == (true, true, true, true)


def test_the_running_hour_is_foreseen_and_not_counted_twice() -> None:
    units = {hour: Decimal(2) for hour in range(NOVEMBER - 35 * DAY, DECEMBER, HOUR)}
    found = forecast(
        {hour: each for hour, each in units.items() if hour <= NOVEMBER + 12 * DAY},
        month_start=NOVEMBER,
        now=NOVEMBER + 12 * DAY + 1800,
        since=LONG_AGO,
    )
    assert found is not None
    assert (found.so_far, found.total) == (2 * 24 * 12 + 2, 1440)


@pytest.mark.parametrize(("weeks", "known"), [(1, None), (2, 2), (3, 3), (9, 4)])
def test_a_new_customer_is_foreseen_from_its_third_week_on(weeks: int, known: int | None) -> None:
    units = played(1, noise=0.1)
    now = NOVEMBER + 20 * DAY
    found = of(units, 20, since=now - weeks * WEEK)
    assert (found.weeks if found else None) == known
