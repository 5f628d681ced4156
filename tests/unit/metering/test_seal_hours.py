"""Sealing on the real stores: which writer wins, which hours wait, and what reaches the balance."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ledger.metering_record import MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.transaction import Contended
from marketplace.dimensions import LARGEST_DECIMAL
from marketplace.hour import deadline
from metering.seal import plan_seal
from metering.seal.plan_seal import SealPlan
from metering.seal.seal_hours import ATTEMPTS, LOSSES_BEFORE_CLOSING
from runtime.metric_names import MeteringMetric
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger
from tests.unit.metering.sealing import COUNTED, DIMENSIONS, lines, sealer, use, with_customer


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    return with_customer(ledger)


def test_lines_and_balance_are_frozen_together(ledger: Ledger) -> None:
    use(ledger, whole="2.5", exact="0.25", scaled="2400")
    assert sealer(ledger).seal_hour(CUSTOMER, HOUR) == "sealed"
    assert lines(ledger) == {"whole": 2, "exact": Decimal("0.25"), "scaled": 2}
    assert ledger.balances.get(CUSTOMER).remainder == {"whole": Decimal("0.5"), "scaled": 400}
    record = ledger.record()
    assert record.identity == {"integration": "legacy", "productCode": "product", "customerIdentifier": CUSTOMER}
    assert {line.deadline for line in record.lines.values()} == {deadline(HOUR)}


@pytest.mark.parametrize("counted", [{"exact": "0.123456"}, {"whole": "3"}, {"scaled": "2000", "whole": "1"}])
def test_an_hour_that_leaves_the_balance_as_it_was_is_one_plain_write(ledger: Ledger, counted: dict[str, Any]) -> None:
    record = use(ledger, **counted)
    hour = sealer(ledger).planner.plan(record, NOW)
    assert isinstance(hour, SealPlan)
    assert len(hour.operations) == 1
    sealer(ledger, client=None).seal_hour(CUSTOMER, HOUR)
    assert lines(ledger) == {name: Decimal(units) / DIMENSIONS[name].scale for name, units in counted.items()}
    assert ledger.balances.get(CUSTOMER).version == 0


def test_an_hour_that_needs_no_balance_ignores_its_changes(ledger: Ledger) -> None:
    """It was computed beside a remainder of 0.5 that another hour has used up by the time it is written."""
    ledger.write(ledger.balances.replace(ledger.balances.get(CUSTOMER), remainder={"whole": Decimal("0.5")}, used={}))
    untouched = sealer(ledger).planner.plan(use(ledger, whole="2"), NOW)
    assert isinstance(untouched, SealPlan)
    use(ledger, HOUR + 3600, whole="0.5")
    assert sealer(ledger).seal_hour(CUSTOMER, HOUR + 3600) == "sealed"
    ledger.write(*untouched.operations)
    assert [lines(ledger, HOUR)["whole"], lines(ledger, HOUR + 3600)["whole"]] == [2, 1]
    assert ledger.balances.get(CUSTOMER).remainder == {"whole": 0}


def test_an_allowance_that_is_used_up_costs_no_further_write(ledger: Ledger) -> None:
    for number in range(3):
        use(ledger, HOUR + number * 3600, whole="5")
        sealer(ledger, pricing_model="contract").seal_hour(CUSTOMER, HOUR + number * 3600)
    assert [lines(ledger, HOUR + number * 3600) for number in range(3)] == [{}, {"whole": 5}, {"whole": 5}]
    assert ledger.balances.get(CUSTOMER).version == 1


def test_units_beyond_the_largest_exact_quantity_are_kept(ledger: Ledger) -> None:
    """It needs no balance as a rule; what Marketplace cannot take at once must not be dropped for that."""
    use(ledger, exact=str(LARGEST_DECIMAL + 7))
    sealer(ledger).seal_hour(CUSTOMER, HOUR)
    assert lines(ledger) == {"exact": LARGEST_DECIMAL}
    assert ledger.balances.get(CUSTOMER).remainder == {"exact": 7}
    assert ledger.record(hour=HOUR + 3600).state == "open", (
        "the dimension is not used again, and the remainder is billed all the same"
    )
    sealer(ledger, clock=lambda: NOW + 3600).seal_hour(CUSTOMER, HOUR + 3600)
    assert lines(ledger, HOUR + 3600) == {"exact": 7}
    assert ledger.balances.get(CUSTOMER).remainder == {"exact": 0}


def test_a_remainder_from_before_the_stage_file_was_changed_is_billed_once(ledger: Ledger) -> None:
    """The dimension had no decimals then; now it is exact, and what was left over goes into one line only."""
    ledger.write(ledger.balances.replace(ledger.balances.get(CUSTOMER), remainder={"exact": Decimal("0.5")}, used={}))
    for number in range(2):
        use(ledger, HOUR + number * 3600, exact="1")
        sealer(ledger, clock=lambda: NOW + 3600).seal_hour(CUSTOMER, HOUR + number * 3600)
    assert [lines(ledger, HOUR)["exact"], lines(ledger, HOUR + 3600)["exact"]] == [Decimal("1.5"), 1]
    assert ledger.balances.get(CUSTOMER).remainder == {"exact": 0}


def test_usage_of_a_removed_dimension_waits_and_is_never_billed_by_guess(ledger: Ledger) -> None:
    """Without its scale 5,000 calls would be billed as 5,000 units of a thousand."""
    use(ledger, gone="5000", whole="1")
    assert sealer(ledger).seal_hour(CUSTOMER, HOUR) == "waiting"
    assert sealer(ledger, clock=lambda: deadline(HOUR)).seal_hour(CUSTOMER, HOUR) == "sealed"
    assert {line.verdict for line in ledger.record().lines.values()} == {"expired"}


def test_an_hour_without_billable_units_ends_at_sealing(ledger: Ledger) -> None:
    use(ledger, scaled="999")
    assert sealer(ledger).seal_hour(CUSTOMER, HOUR) == "sealed"
    assert (lines(ledger), ledger.pending()) == ({}, set())
    assert ledger.balances.get(CUSTOMER).remainder == {"scaled": 999}


def test_the_allowance_is_used_up_over_hours(ledger: Ledger) -> None:
    for number, units in enumerate(("3", "4", "1")):
        use(ledger, HOUR + number * 3600, whole=units)
        sealer(ledger, pricing_model="contract").seal_hour(CUSTOMER, HOUR + number * 3600)
    assert [lines(ledger, HOUR + number * 3600) for number in range(3)] == [{}, {"whole": 2}, {"whole": 1}]
    assert ledger.balances.get(CUSTOMER).used == {("whole", MONTH): 5}


def test_sealing_twice_changes_nothing(ledger: Ledger) -> None:
    use(ledger, scaled="2400")
    assert [sealer(ledger).seal_hour(CUSTOMER, HOUR) for _ in range(2)] == ["sealed", "already"]
    assert ledger.balances.get(CUSTOMER).version == 1
    assert sealer(ledger).seal_hour(CUSTOMER, HOUR - 3600) == "already"


class Racing(MeteringRecords):
    """The real store, with something that happens after each read: between reading and writing."""

    def __init__(self, ledger: Ledger, meanwhile: Callable[[int], None]) -> None:
        super().__init__(ledger.dynamodb, ledger.records.table_name)
        self.meanwhile, self.reads = meanwhile, 0

    def get(self, customer_identifier: str, hour: int) -> MeteringRecord | None:
        found = super().get(customer_identifier, hour)
        self.reads += 1
        self.meanwhile(self.reads)
        return found


def test_endless_usage_cannot_delay_the_seal_and_none_is_lost(ledger: Ledger) -> None:
    """H6: after two losses the record takes no more, so the next attempt wins."""
    use(ledger, whole="1")
    added = [1]

    def add(_read: int) -> None:
        if ledger.record().state == "open":
            ledger.write(ledger.records.add(CUSTOMER, HOUR, {("whole", MONTH): Decimal(1)}, exists=True, now=NOW))
            added[0] += 1

    racing = Racing(ledger, add)
    assert sealer(ledger, records=racing).seal_hour(CUSTOMER, HOUR) == "sealed"
    assert lines(ledger) == {"whole": added[0]}
    assert added[0] == LOSSES_BEFORE_CLOSING + 2


def test_a_sealer_finishes_an_hour_that_is_closing(ledger: Ledger) -> None:
    use(ledger, whole="4")
    ledger.records.close(CUSTOMER, HOUR)
    assert sealer(ledger).seal_hour(CUSTOMER, HOUR) == "sealed"
    assert lines(ledger) == {"whole": 4}


def test_two_sealers_of_one_hour_bill_it_once(ledger: Ledger) -> None:
    use(ledger, scaled="2400")
    other = sealer(ledger)
    racing = Racing(ledger, lambda read: (other.seal_hour(CUSTOMER, HOUR), None)[1] if read == 1 else None)
    assert sealer(ledger, records=racing).seal_hour(CUSTOMER, HOUR) == "already"
    assert ledger.balances.get(CUSTOMER).remainder == {"scaled": 400}


def test_two_hours_sealed_at_once_share_one_balance(ledger: Ledger) -> None:
    """H7: the loser of the balance reads it again; nothing is left over twice or lost."""
    use(ledger, scaled="600")
    use(ledger, HOUR + 3600, scaled="600")
    other = sealer(ledger)

    class Late(type(ledger.balances)):  # type: ignore[misc]  # the real store; the other hour is sealed after its read
        def get(self, customer_identifier: str) -> Any:
            found = super().get(customer_identifier)
            other.seal_hour(CUSTOMER, HOUR + 3600)
            return found

    assert sealer(ledger, balances=Late(ledger.state_items)).seal_hour(CUSTOMER, HOUR) == "sealed"
    assert [lines(ledger), lines(ledger, HOUR + 3600)] == [{"scaled": 1}, {}]
    assert ledger.balances.get(CUSTOMER).remainder == {"scaled": 200}


def test_a_sealer_that_never_wins_raises_contended(ledger: Ledger) -> None:
    use(ledger, scaled="1")

    class Spoiled(type(ledger.balances)):  # type: ignore[misc]  # the real store; another writer follows every read
        def get(self, customer_identifier: str) -> Any:
            found = super().get(customer_identifier)
            ledger.write(self.replace(found, remainder={}, used={}))
            return found

    racing = Racing(ledger, lambda _read: None)
    with pytest.raises(Contended):
        sealer(ledger, records=racing, balances=Spoiled(ledger.state_items)).seal_hour(CUSTOMER, HOUR)
    assert racing.reads == ATTEMPTS
    assert ledger.pending() == {(CUSTOMER, HOUR)}


@pytest.mark.parametrize("what", ["no subscriber", "no account", "no entitlements"])
def test_a_waiting_hour_ends_expired_at_its_deadline(ledger: Ledger, what: str) -> None:
    use(ledger, scaled="2400.5", whole="0")
    key = {"customerIdentifier": CUSTOMER}
    model = "subscription"
    if what == "no subscriber":
        ledger.subscriber_items.delete_item(Key=key)
    elif what == "no account":
        ledger.subscriber_items.put_item(Item={**key, "integration": "license", "activePeriods": [{"start": 1}]})
    else:
        model = "contract"
        ledger.subscriber_items.put_item(Item={**key, "activePeriods": [{"start": 1}]})
    before = sealer(ledger, pricing_model=model, clock=lambda: deadline(HOUR) - 0.001)
    assert before.seal_hours([(CUSTOMER, HOUR)]) == {"sealed": 0, "waiting": 1, "already": 0, "failed": 0}
    assert (ledger.record().state, ledger.pending()) == ("open", {(CUSTOMER, HOUR)})
    at = sealer(ledger, pricing_model=model, clock=lambda: float(deadline(HOUR)))
    assert at.seal_hours([(CUSTOMER, HOUR)])["sealed"] == 1
    [line] = ledger.record().lines.values()
    assert (line.dimension, line.quantity, line.verdict) == ("scaled", Decimal("2400.5"), "expired")
    assert (ledger.pending(), ledger.failed()) == (set(), {(CUSTOMER, HOUR)})
    assert ledger.balances.get(CUSTOMER).version == 0, "before allowance and remainder: nothing is used up by it"


def test_a_failed_hour_is_counted_and_stays_pending(ledger: Ledger) -> None:
    use(ledger, whole="1")
    broken = sealer(ledger, balances=None)  # Reading it would fail.
    assert broken.seal_hours([(CUSTOMER, HOUR)])["failed"] == 1
    assert ledger.pending() == {(CUSTOMER, HOUR)}


def test_a_sum_that_does_not_hold_stops_its_hour_and_no_other(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    COUNTED.clear()
    use(ledger, whole="5")
    use(ledger, HOUR + 3600, whole="7")
    real = plan_seal._line
    monkeypatch.setattr(
        plan_seal,
        "_line",
        lambda product, hour, name, sealed: replace(real(product, hour, name, sealed), quantity=Decimal(7)),
    )
    counts = sealer(ledger).seal_hours([(CUSTOMER, HOUR), (CUSTOMER, HOUR + 3600)])
    assert (counts["failed"], counts["sealed"]) == (1, 1)
    assert COUNTED == {MeteringMetric.HOURS_NOT_CONSERVED: 1}
    assert (ledger.record().state, lines(ledger, HOUR + 3600)) == ("open", {"whole": Decimal(7)})


def test_a_sum_that_does_not_hold_at_the_deadline_ends_its_hour_expired(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marketplace no longer takes the hour, so it must not stay pending for ever, nor hold up final metering."""
    use(ledger, whole="5")
    real = plan_seal._line
    monkeypatch.setattr(
        plan_seal,
        "_line",
        lambda product, hour, name, sealed: replace(real(product, hour, name, sealed), quantity=Decimal(7)),
    )
    early = sealer(ledger, clock=lambda: deadline(HOUR) - 1.0)
    assert early.seal_hours([(CUSTOMER, HOUR)])["failed"] == 1
    assert ledger.pending() == {(CUSTOMER, HOUR)}
    late = sealer(ledger, clock=lambda: float(deadline(HOUR)))
    assert late.seal_hours([(CUSTOMER, HOUR)])["sealed"] == 1
    [line] = ledger.record().lines.values()
    assert (line.units, line.verdict) == (Decimal(5), "expired")
    assert (ledger.pending(), ledger.failed()) == (set(), {(CUSTOMER, HOUR)})


def test_units_beyond_one_line_are_logged_and_counted(ledger: Ledger) -> None:
    COUNTED.clear()
    use(ledger, whole="2147483650")
    sealer(ledger).seal_hour(CUSTOMER, HOUR)
    assert ledger.balances.get(CUSTOMER).remainder == {"whole": 3}
    assert COUNTED == {MeteringMetric.LINES_CAPPED: 1}
