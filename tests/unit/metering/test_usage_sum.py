"""What is at risk or failed, counted: lines, recorded units, and money at the stage's list prices."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from ledger.metering_record import Line, MeteringRecord
from marketplace.dimensions import Dimension
from metering.report.levels import UsageSum
from tests.products import sold

CALLS = Dimension(name="api_calls", unit="call", scale=1000, price=Decimal("0.25"))
RUNS = Dimension(name="runs", unit="run", price=Decimal("0.10"))
NODES = Dimension(name="nodes", unit="node")
DIMENSIONS = {dimension.name: dimension for dimension in (CALLS, RUNS, NODES)}


@pytest.fixture
def usage() -> UsageSum:
    return UsageSum(sold(DIMENSIONS))


def contents(usage: UsageSum) -> tuple[object, ...]:
    """Lines, units and money."""
    return usage.lines, usage.units, usage.money


def sealed(*lines: Line) -> MeteringRecord:
    lines_by_name = {line.dimension: line for line in lines}
    return MeteringRecord(customer_identifier="c", hour=0, state="sealed", version=1, lines=lines_by_name)


def unsealed(counted: Mapping[tuple[str, str], Decimal], state: str = "open") -> MeteringRecord:
    return MeteringRecord(customer_identifier="c", hour=0, state=state, version=1, counted=counted)


def line(dimension: str, quantity: int, verdict: str | None = None, scale: int = 1) -> Line:
    return Line(dimension=dimension, quantity=Decimal(quantity), counted=Decimal(7), scale=scale, verdict=verdict)


@pytest.mark.parametrize(
    ("dimension", "units", "money"),
    [
        ("api_calls", "1000", "0.25"),
        ("api_calls", "2400", "0.6"),
        ("api_calls", "1", "0.00025"),
        ("runs", "1", "0.1"),
        ("runs", "3", "0.3"),
        ("runs", "0.5", "0.05"),
    ],
)
def test_recorded_units_cost_the_list_price_of_the_billed_units_they_make(
    usage: UsageSum, dimension: str, units: str, money: str
) -> None:
    """A price is of a billed unit, of which ``scale`` recorded ones make one; a part of one costs its part."""
    usage.add(None, dimension, Decimal(units))
    assert usage.money == Decimal(money)


def test_money_is_the_sum_over_lines_and_dimensions(usage: UsageSum) -> None:
    for dimension, units in (("api_calls", 2000), ("runs", 4), ("api_calls", 400)):
        usage.add(None, dimension, Decimal(units))
    assert contents(usage) == (3, {"api_calls": 2400, "runs": 4}, Decimal("1.00"))


@pytest.mark.parametrize("dimension", ["nodes", "gone_from_the_stage"])
def test_dimensions_without_a_price_are_counted_and_cost_nothing(usage: UsageSum, dimension: str) -> None:
    usage.add(None, dimension, Decimal(5))
    assert contents(usage) == (1, {dimension: 5}, 0)


def test_a_sealed_hour_counts_what_its_lines_send(usage: UsageSum) -> None:
    """The quantity of a line, and not what was counted: the rest is in the balance, or in the contract."""
    usage.add_pending(sealed(line("api_calls", 2, scale=1000), line("runs", 3)), None)
    assert contents(usage) == (2, {"api_calls": 2000, "runs": 3}, Decimal("0.8"))


@pytest.mark.parametrize("verdict", ["billed", "expired", "not_sent", "conflict", "presumed_on_file", "on_file"])
def test_a_line_that_has_ended_is_at_no_risk(usage: UsageSum, verdict: str) -> None:
    usage.add_pending(sealed(line("runs", 3, verdict), line("nodes", 1)), None)
    assert contents(usage) == (1, {"nodes": 1}, 0)


@pytest.mark.parametrize("verdict", [None, "not_subscribed", "rejected"])
def test_a_line_that_may_still_be_billed_is_at_risk(usage: UsageSum, verdict: str | None) -> None:
    usage.add_pending(sealed(line("runs", 3, verdict)), None)
    assert (usage.lines, usage.money) == (1, Decimal("0.3"))


def test_a_zero_is_at_no_risk(usage: UsageSum) -> None:
    usage.add_pending(sealed(line("runs", 0)), None)
    usage.add_pending(unsealed({("runs", "2026-11"): Decimal(0)}), None)
    assert contents(usage) == (0, {}, 0)


@pytest.mark.parametrize("state", ["open", "closing"])
def test_an_hour_before_sealing_counts_what_was_recorded(usage: UsageSum, state: str) -> None:
    counted = {
        ("api_calls", "2026-10"): Decimal(400),
        ("api_calls", "2026-11"): Decimal(2000),
        ("runs", "2026-11"): Decimal(3),
    }
    usage.add_pending(unsealed(counted, state), None)
    assert contents(usage) == (3, {"api_calls": 2400, "runs": 3}, Decimal("0.9"))


def test_the_sum_is_reported_in_plain_numbers_by_dimension(usage: UsageSum) -> None:
    usage.add(None, "runs", Decimal("30"))
    usage.add(None, "api_calls", Decimal("2400"))
    assert usage.payload() == {"lines": 2, "units": {"api_calls": "2400", "runs": "30"}, "money": "3.6"}
    assert list(usage.payload()["units"]) == ["api_calls", "runs"]
