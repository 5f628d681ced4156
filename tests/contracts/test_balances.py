"""Balances: changed only by who has read the last change."""

from decimal import Decimal

import pytest

from ledger.balance import ITEM, Balance
from ledger.tables import SCHEMA
from ledger.transaction import Cancelled
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger, frozen


def test_a_balance_is_empty_until_something_is_left_over(ledger: Ledger) -> None:
    assert ledger.balances.get(CUSTOMER) == Balance(customer_identifier=CUSTOMER)


def test_a_balance_is_read_back(ledger: Ledger) -> None:
    remainder = {"api_calls": Decimal("400.5"), "a#b": Decimal(1)}
    used = {("api_calls", MONTH): Decimal(5), ("a#b", "2026-10"): Decimal(7)}
    ledger.write(ledger.balances.replace(ledger.balances.get(CUSTOMER), remainder=remainder, used=used))
    found = ledger.balances.get(CUSTOMER)
    assert found == Balance(customer_identifier=CUSTOMER, version=1, remainder=remainder, used=used)
    item = ledger.state_items.get_item(Key={"customerIdentifier": CUSTOMER, "item": ITEM})["Item"]
    assert item["schema"] == SCHEMA


def test_entries_that_are_not_named_stay(ledger: Ledger) -> None:
    empty = ledger.balances.get(CUSTOMER)
    ledger.write(ledger.balances.replace(empty, remainder={"a": Decimal(1), "b": Decimal(2)}, used={}))
    now = ledger.balances.get(CUSTOMER)
    ledger.write(ledger.balances.replace(now, remainder={"a": Decimal(0)}, used={("b", MONTH): Decimal(3)}))
    found = ledger.balances.get(CUSTOMER)
    assert found == Balance(
        customer_identifier=CUSTOMER,
        version=2,
        remainder={"a": Decimal(0), "b": Decimal(2)},
        used={("b", MONTH): Decimal(3)},
    )


def test_a_lost_version_changes_nothing(ledger: Ledger) -> None:
    empty = ledger.balances.get(CUSTOMER)
    ledger.write(ledger.balances.replace(empty, remainder={"a": Decimal(1)}, used={}))
    seen = ledger.balances.get(CUSTOMER)
    ledger.write(ledger.balances.replace(seen, remainder={"a": Decimal(2)}, used={}))
    for old in (empty, seen):
        with pytest.raises(Cancelled):
            ledger.write(ledger.balances.replace(old, remainder={"a": Decimal(9)}, used={}))
    assert ledger.balances.get(CUSTOMER).remainder == {"a": 2}


def test_nothing_to_set_still_takes_part_in_the_order(ledger: Ledger) -> None:
    ledger.write(ledger.balances.replace(ledger.balances.get(CUSTOMER), remainder={}, used={}))
    assert ledger.balances.get(CUSTOMER) == Balance(customer_identifier=CUSTOMER, version=1)


def test_record_and_balance_change_together_or_not_at_all(ledger: Ledger) -> None:
    record, stale = ledger.opened(), ledger.balances.get(CUSTOMER)
    ledger.write(ledger.balances.replace(stale, remainder={"a": Decimal(1)}, used={}))
    with pytest.raises(Cancelled) as cancelled:
        ledger.write(
            ledger.records.seal(record, frozen(["api_calls"]), NOW),
            ledger.balances.replace(stale, remainder={"a": Decimal(5)}, used={}),
        )
    assert [reason.failed for reason in cancelled.value.reasons] == [False, True]
    assert ledger.record(hour=HOUR).state == "open"
    assert ledger.balances.get(CUSTOMER).remainder == {"a": 1}
