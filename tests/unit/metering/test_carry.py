"""A lost line's units are billed with the open hour: all of them, once, and through no allowance twice."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ledger import tables
from ledger.carry import Carrier, Carry
from ledger.line_resolution import NotResolvable
from ledger.transaction import Cancelled
from marketplace.hour import deadline
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger
from tests.unit.metering.sealing import lines, sealer, use, with_customer

LATER = deadline(HOUR) + 60.0
OPEN = int(LATER // 3600 * 3600)


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    return with_customer(ledger)


def plan(ledger: Ledger, dimension: str = "whole", now: float = LATER, **changes: Any) -> Carry:
    carrier = Carrier(
        records=ledger.records,
        balances=ledger.balances,
        subscriber=ledger.subscribers.get,
        subscribers_table=tables.SUBSCRIBERS.name,
        **{"dimensions": ("whole", "exact", "scaled"), **changes},
    )
    return carrier.plan(ledger.record(), dimension, now)


def expired(ledger: Ledger, *, model: str = "subscription", **counted: str) -> None:
    """The hour, sealed in time and not sent before its deadline."""
    use(ledger, HOUR, **counted)
    sealer(ledger, pricing_model=model).seal_hour(CUSTOMER, HOUR)
    for name in ledger.record().lines:
        ledger.settlement.settle(ledger.record(), name, "expired", now=LATER)
    ledger.settlement.tidy(ledger.record())


def seal_open_hour(ledger: Ledger, model: str = "subscription", hour: int = OPEN) -> dict[str, Decimal]:
    sealer(ledger, clock=lambda: LATER + 7200, pricing_model=model).seal_hour(CUSTOMER, hour)
    return lines(ledger, hour)


def test_the_open_hour_bills_what_was_lost(ledger: Ledger) -> None:
    expired(ledger, whole="7")
    use(ledger, OPEN, whole="2")
    carried = plan(ledger)
    ledger.write(*carried.operations)
    assert (carried.units, carried.to, carried.through) == (7, OPEN, "balance")
    line = ledger.record().lines["whole"]
    assert (line.verdict, line.resolution, line.carried_to, line.failed) == ("expired", "carried", OPEN, False)
    assert seal_open_hour(ledger) == {"whole": 9}
    assert ledger.balances.get(CUSTOMER).remainder["whole"] == 0


def test_an_hour_is_opened_where_there_is_none(ledger: Ledger) -> None:
    expired(ledger, whole="7")
    ledger.write(*plan(ledger).operations)
    assert ledger.pending() == {(CUSTOMER, OPEN)}
    assert seal_open_hour(ledger) == {"whole": 7}


def test_a_closed_hour_is_passed_over(ledger: Ledger) -> None:
    expired(ledger, whole="7")
    use(ledger, OPEN, whole="2")
    ledger.records.close(CUSTOMER, OPEN)
    carried = plan(ledger)
    assert carried.to == OPEN + 3600
    ledger.write(*carried.operations)


def test_units_keep_their_scale_and_what_the_balance_had(ledger: Ledger) -> None:
    """2,400 of 1,000 a billed unit: the line has two, and 400 have waited since."""
    expired(ledger, scaled="2400")
    use(ledger, OPEN, scaled="600")
    carried = plan(ledger, "scaled")
    assert carried.units == 2000
    ledger.write(*carried.operations)
    assert seal_open_hour(ledger) == {"scaled": 3}


def test_a_line_after_its_allowance_does_not_use_the_allowance_again(ledger: Ledger) -> None:
    """Five are included: of 7 the line bills 2, and the next month's allowance does not cover them."""
    expired(ledger, model="contract", whole="7")
    ledger.opened({("whole", "2026-12"): Decimal(4)}, hour=OPEN)
    assert plan(ledger).units == 2
    ledger.write(*plan(ledger).operations)
    assert seal_open_hour(ledger, "contract") == {"whole": 2}


def before_allowance(ledger: Ledger, **counted: str) -> None:
    """The hour, sealed at its deadline without known terms."""
    use(ledger, HOUR, **counted)
    key = {"customerIdentifier": CUSTOMER}
    known = ledger.subscriber_items.get_item(Key=key)["Item"]
    ledger.subscriber_items.delete_item(Key=key)
    sealer(ledger, clock=lambda: float(deadline(HOUR))).seal_hour(CUSTOMER, HOUR)
    ledger.subscriber_items.put_item(Item=known)


def test_a_line_before_its_allowance_goes_through_the_allowance_of_its_month(ledger: Ledger) -> None:
    before_allowance(ledger, whole="7")
    carried = plan(ledger)
    assert (carried.units, carried.through) == (7, "counter")
    ledger.write(*carried.operations)
    record = ledger.record(hour=OPEN)
    assert record.counted == {("whole", MONTH): 7}
    assert ledger.item(hour=OPEN)[f"carried#whole#{MONTH}"] == 7
    assert seal_open_hour(ledger, "contract") == {"whole": 2}
    assert ledger.balances.get(CUSTOMER).used == {("whole", MONTH): 5}


def test_the_balance_says_how_much_was_carried_into_it(ledger: Ledger) -> None:
    expired(ledger, whole="7", exact="1.5")
    for name in ("whole", "exact"):
        ledger.write(*plan(ledger, name).operations)
    item = ledger.state_items.get_item(Key={"customerIdentifier": CUSTOMER, "item": "balance"})["Item"]
    assert (item["carried#whole"], item["carried#exact"]) == (7, Decimal("1.5"))


# --- once -------------------------------------------------------------------------------------------------------------


def test_of_two_carries_one_is_done(ledger: Ledger) -> None:
    expired(ledger, whole="7")
    first, second = plan(ledger), plan(ledger)
    ledger.write(*first.operations)
    with pytest.raises(Cancelled) as lost:
        ledger.write(*second.operations)
    assert lost.value.reasons[0].failed
    with pytest.raises(NotResolvable) as why:
        plan(ledger)
    assert why.value.code == "carried"
    assert seal_open_hour(ledger) == {"whole": 7}


Between = Callable[[Ledger], Any]


def cancelled(ledger: Ledger) -> None:
    change_customer(ledger, subscriptionStatus="cancelled")


def change_customer(ledger: Ledger, **attributes: Any) -> None:
    item = ledger.subscriber_items.get_item(Key={"customerIdentifier": CUSTOMER})["Item"]
    ledger.subscriber_items.put_item(Item={**item, **attributes})


@pytest.mark.parametrize(
    "between",
    [
        seal_open_hour,
        cancelled,
        lambda ledger: ledger.write(*plan(ledger, "exact").operations),
        lambda ledger: ledger.settlement.settle(ledger.record(), "whole", "billed", now=LATER),
    ],
    ids=["the hour is sealed", "the customer is cancelled", "the balance changes", "an answer comes"],
)
def test_nothing_is_carried_over_what_has_changed_since(ledger: Ledger, between: Between) -> None:
    expired(ledger, whole="7", exact="1")
    use(ledger, OPEN, whole="2")
    carried = plan(ledger)
    between(ledger)
    before = ledger.balances.get(CUSTOMER)
    with pytest.raises(Cancelled):
        ledger.write(*carried.operations)
    assert ledger.balances.get(CUSTOMER) == before


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"subscriptionStatus": "cancelled"}, "not_active"),
        ({"subscriptionStatus": "final_metering"}, "not_active"),
        ({"subscriptionStatus": "expired"}, "not_active"),
        ({"subscriptionStatus": "pending_cancellation", "acceptsUntil": int(LATER)}, "not_active"),
        ({"supersededBy": "c-2"}, "superseded"),
    ],
)
def test_a_customer_that_takes_no_usage_is_refused_with_the_way_out(
    ledger: Ledger, attributes: dict[str, Any], code: str
) -> None:
    expired(ledger, whole="7")
    change_customer(ledger, **attributes)
    with pytest.raises(NotResolvable, match="write the line off") as why:
        plan(ledger)
    assert why.value.code == code


def test_a_leaving_customer_gets_it_while_it_is_accepted(ledger: Ledger) -> None:
    expired(ledger, whole="7")
    end = int(LATER) - 60
    change_customer(
        ledger,
        subscriptionStatus="pending_cancellation",
        acceptsUntil=int(LATER) + 1,
        activePeriods=[{"start": HOUR - 86400, "end": end}],
    )
    ledger.write(*plan(ledger).operations)


def test_nothing_goes_to_an_hour_that_begins_after_the_grace(ledger: Ledger) -> None:
    expired(ledger, whole="7")
    change_customer(
        ledger,
        subscriptionStatus="pending_cancellation",
        acceptsUntil=int(LATER) + 1,
        activePeriods=[{"start": HOUR - 86400, "end": OPEN}],
    )
    use(ledger, OPEN, whole="1")
    ledger.records.close(CUSTOMER, OPEN)
    with pytest.raises(NotResolvable, match="no hour is left"):
        plan(ledger)


def test_a_dimension_that_the_stage_lacks_is_refused(ledger: Ledger) -> None:
    """Its units would stay in the balance for ever."""
    expired(ledger, whole="7")
    with pytest.raises(NotResolvable) as why:
        plan(ledger, dimensions=("exact",))
    assert why.value.code == "dimension_not_in_stage"


def test_an_unconfirmed_line_is_refused_whatever_the_customer_is(ledger: Ledger) -> None:
    use(ledger, whole="7")
    sealer(ledger).seal_hour(CUSTOMER, HOUR)
    ledger.settlement.settle(ledger.record(), "whole", "conflict", now=NOW)
    cancelled(ledger)
    with pytest.raises(NotResolvable) as why:
        plan(ledger)
    assert why.value.code == "unconfirmed"
