"""What one line cannot take, and hours in which nothing was used: later hours opened for it, lines of zero."""

import pytest

from ledger.transaction import Cancelled
from marketplace.dimensions import LARGEST_WHOLE
from marketplace.hour import deadline
from metering.seal.plan_seal import SealPlan
from tests.contracts.stores import CUSTOMER, HOUR, NOW, Ledger
from tests.unit.metering.sealing import lines, sealer, use, with_customer


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    return with_customer(ledger)


# --- what one line cannot take, spills --------------------------------------------------------------------------------


@pytest.mark.parametrize(("next_one", "spills_to"), [(None, 1), ("open", 1), ("closing", 1), ("sealed", 2)])
def test_units_carry_over_to_the_first_later_open_hour(ledger: Ledger, next_one: str | None, spills_to: int) -> None:
    """One that is closing takes nothing more in, but is sealed by what the balance holds when its turn comes."""
    if next_one is not None:
        use(ledger, HOUR + 3600, scaled="1")
    if next_one == "closing":
        ledger.records.close(CUSTOMER, HOUR + 3600)
    if next_one == "sealed":
        assert sealer(ledger).seal_hour(CUSTOMER, HOUR + 3600) == "sealed"
    use(ledger, whole=str(2 * LARGEST_WHOLE + 3))
    for hour in range(5):
        sealer(ledger, clock=lambda: NOW).seal_hour(CUSTOMER, HOUR + hour * 3600)
    billed = [(hour, lines(ledger, HOUR + hour * 3600).get("whole")) for hour in range(spills_to, spills_to + 2)]
    assert lines(ledger) == {"whole": LARGEST_WHOLE}
    assert billed == [(spills_to, LARGEST_WHOLE), (spills_to + 1, 3)]
    assert ledger.balances.get(CUSTOMER).remainder["whole"] == 0
    assert ledger.records.state(CUSTOMER, HOUR + (spills_to + 2) * 3600) is None, "nothing spills for ever"


def test_an_hour_that_is_sealed_late_carries_over_to_the_running_one(ledger: Ledger) -> None:
    """The hour after it might be closed for Marketplace before anyone comes to it."""
    use(ledger, whole=str(LARGEST_WHOLE + 1))
    sealer(ledger, clock=lambda: HOUR + 20 * 3600 + 60.0).seal_hour(CUSTOMER, HOUR)
    assert ledger.pending() == {(CUSTOMER, HOUR), (CUSTOMER, HOUR + 20 * 3600)}


def test_a_carry_over_during_sealing_makes_the_hour_sealed_anew(ledger: Ledger) -> None:
    """Its lines were computed from a balance that did not hold the rest yet."""
    use(ledger, HOUR + 3600, scaled="1000")
    use(ledger, whole=str(LARGEST_WHOLE + 5))
    later = sealer(ledger).planner.plan(ledger.record(hour=HOUR + 3600), NOW)
    assert isinstance(later, SealPlan)
    assert sealer(ledger).seal_hour(CUSTOMER, HOUR) == "sealed"
    with pytest.raises(Cancelled):
        ledger.write(*later.operations)
    sealer(ledger).seal_hour(CUSTOMER, HOUR + 3600)
    assert lines(ledger, HOUR + 3600) == {"scaled": 1, "whole": 5}


@pytest.mark.parametrize(("status", "kept"), [("active", True), ("final_metering", False), ("cancelled", False)])
def test_an_expired_hour_carries_its_units_over_again(ledger: Ledger, status: str, kept: bool) -> None:
    """Else no pending hour would show the units in the balance until the dimension is used again."""
    use(ledger, whole=str(LARGEST_WHOLE + 5))
    assert sealer(ledger).seal_hour(CUSTOMER, HOUR) == "sealed"
    ledger.subscriber_items.update_item(
        Key={"customerIdentifier": CUSTOMER},
        UpdateExpression="SET subscriptionStatus = :s, integration = :i",
        ExpressionAttributeValues={":s": status, ":i": "license"},
    )
    at_the_end = deadline(HOUR + 3600)
    assert sealer(ledger, clock=lambda: at_the_end).seal_hour(CUSTOMER, HOUR + 3600) == "sealed"
    assert lines(ledger, HOUR + 3600) == {}
    assert ledger.balances.get(CUSTOMER).remainder == {"whole": 5}
    assert ((CUSTOMER, at_the_end // 3600 * 3600) in ledger.pending()) is kept


# --- hourly zeros -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zeros", "expected"),
    [
        ("off", {"whole": 2}),
        ("scaled", {"whole": 2, "scaled": 0}),
        ("whole", {"whole": 2}),
        ("every", {"whole": 2, "exact": 0, "scaled": 0}),
    ],
)
def test_a_dimension_without_a_line_gets_its_zero(ledger: Ledger, zeros: str, expected: dict[str, int]) -> None:
    use(ledger, whole="2", scaled="999")
    sealer(ledger, hourly_zeros=zeros).seal_hour(CUSTOMER, HOUR)
    assert lines(ledger) == expected
    assert ledger.balances.get(CUSTOMER).remainder == {"scaled": 999}


@pytest.mark.parametrize(
    ("period", "zero"),
    [
        ({"start": HOUR - 1}, True),
        ({"start": HOUR + 3599}, True),
        ({"start": HOUR + 3600}, False),
        ({"start": HOUR - 9, "end": HOUR + 3600}, False),
        ({"start": HOUR - 9, "end": HOUR + 3601}, True),
        ({"start": HOUR - 9, "end": HOUR + 60}, False),
    ],
)
def test_a_zero_needs_a_customer_active_before_and_at_the_hours_end(
    ledger: Ledger, period: dict[str, int], zero: bool
) -> None:
    """H2: a zero of the hour before the activation would take the slot of the first hour."""
    ledger.subscriber_items.update_item(
        Key={"customerIdentifier": CUSTOMER},
        UpdateExpression="SET activePeriods = :p",
        ExpressionAttributeValues={":p": [period]},
    )
    use(ledger, scaled="1")
    sealer(ledger, hourly_zeros="whole").seal_hour(CUSTOMER, HOUR)
    assert lines(ledger) == ({"whole": 0} if zero else {})


def test_a_waiting_hour_of_a_stage_that_sends_nothing_ends_not_sent(ledger: Ledger) -> None:
    use(ledger, gone="5000")
    assert sealer(ledger, clock=lambda: deadline(HOUR), METERING_MODE="dry-run").seal_hour(CUSTOMER, HOUR) == "sealed"
    assert {line.verdict for line in ledger.record().lines.values()} == {"not_sent"}
    assert (ledger.failed(), ledger.pending()) == (set(), set())
