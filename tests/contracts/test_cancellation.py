"""The writes by which a subscriber leaves, and what is read for them: each on its condition, together or not at all."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from ledger.balance import ENDED, ITEM, REMAINDER, Balance
from ledger.cancellation import Cancellation, refuse_usage
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers, accepts_usage
from ledger.tables import SCHEMA, SUBSCRIBERS
from ledger.transaction import Cancelled
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger
from tests.contracts.stores import ledger as new_ledger

END = HOUR + 1200


@pytest.fixture(scope="module")
def made() -> Iterator[Ledger]:
    with new_ledger() as once:
        yield once


@pytest.fixture
def ledger(made: Ledger) -> Ledger:
    return made.clear()


@pytest.fixture
def cancellation(ledger: Ledger) -> Cancellation:
    return Cancellation(client=ledger.client, subscribers_table=SUBSCRIBERS.name, balances=ledger.balances)


@pytest.fixture
def subscribers(ledger: Ledger) -> Subscribers:
    return Subscribers(ledger.subscriber_items)


def subscriber(ledger: Ledger, status: str = "pending_cancellation", *later: Any, **more: Any) -> Subscriber:
    """Stored, with a period that ended at END, and read again."""
    item: dict[str, Any] = {
        "customerIdentifier": CUSTOMER,
        "subscriptionStatus": status,
        "activePeriods": [{"start": HOUR - 9, "end": END}, *later],
        "statusChangedAt": END,
        "acceptsUntil": END + 2700,
        "version": 3,
    }
    ledger.subscriber_items.put_item(Item=item | more)
    return read(ledger)


def read(ledger: Ledger) -> Subscriber:
    found = Subscribers(ledger.subscriber_items).get(CUSTOMER)
    assert found is not None
    return found


def kept(ledger: Ledger, **remainder: Decimal) -> Balance:
    """A stored balance with those remainders."""
    ledger.write(ledger.balances.replace(ledger.balances.get(CUSTOMER), remainder=remainder, used={("a", MONTH): 1}))  # type: ignore[dict-item]
    return ledger.balances.get(CUSTOMER)


# --- final_metering ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["pending_cancellation", "active", "expired"])
def test_usage_of_the_last_period_is_refused(ledger: Ledger, subscribers: Subscribers, status: str) -> None:
    before = subscriber(ledger, status)
    assert refuse_usage(subscribers, CUSTOMER, END, NOW)
    after = read(ledger)
    assert (after.status, after.version) == ("final_metering", 4)
    assert (after.status_changed_at, after.accepts_until, after.active_periods) == (
        END,
        END + 2700,
        before.active_periods,
    )


def test_after_the_refusal_no_record_can_be_created(ledger: Ledger, subscribers: Subscribers) -> None:
    subscriber(ledger)
    condition = accepts_usage(SUBSCRIBERS.name, CUSTOMER, END + 60)
    open_ = ledger.records.add(CUSTOMER, HOUR, {("a", MONTH): Decimal(1)}, exists=False, now=NOW)
    ledger.write(open_, condition)
    refuse_usage(subscribers, CUSTOMER, END, NOW)
    with pytest.raises(Cancelled):
        ledger.write(ledger.records.add(CUSTOMER, HOUR + 3600, {}, exists=False, now=NOW), condition)
    # adds to the open record need no condition: they are found and sealed with it
    ledger.write(ledger.records.add(CUSTOMER, HOUR, {("a", MONTH): Decimal(1)}, exists=True, now=NOW))
    assert ledger.record(hour=HOUR).counted == {("a", MONTH): 2}


@pytest.mark.parametrize("status", ["final_metering", "cancelled"])
def test_a_verdict_that_stands_already_is_not_written_again(
    ledger: Ledger, subscribers: Subscribers, status: str
) -> None:
    subscriber(ledger, status)
    assert not refuse_usage(subscribers, CUSTOMER, END, NOW)
    assert (read(ledger).status, read(ledger).version) == (status, 3)


@pytest.mark.parametrize(
    "later", [{"start": END + 5}, {"start": END + 5, "end": END + 9}], ids=["back again", "and gone again"]
)
def test_a_period_that_is_not_the_last_refuses_nothing(
    ledger: Ledger, subscribers: Subscribers, later: dict[str, int]
) -> None:
    subscriber(ledger, "active", later)
    assert not refuse_usage(subscribers, CUSTOMER, END, NOW)
    assert read(ledger).status == "active"


def test_an_unstored_end_or_an_unknown_customer_refuses_no_usage(ledger: Ledger, subscribers: Subscribers) -> None:
    assert not refuse_usage(subscribers, CUSTOMER, END, NOW)
    assert subscribers.get(CUSTOMER) is None
    subscriber(ledger)
    assert not refuse_usage(subscribers, CUSTOMER, END + 1, NOW)
    assert read(ledger).status == "pending_cancellation"


# --- cancelled --------------------------------------------------------------------------------------------------------


def test_cancelling_names_what_remains(ledger: Ledger, cancellation: Cancellation) -> None:
    balance = kept(ledger, api_calls=Decimal("400.5"), zero=Decimal(0), **{"a#b": Decimal(7)})
    cancellation.end(subscriber(ledger, "final_metering"), balance, END, NOW)
    assert (read(ledger).status, read(ledger).version, read(ledger).status_changed_at) == ("cancelled", 4, END)
    after = ledger.balances.get(CUSTOMER)
    assert after.remainder == {}
    assert after.ended == {("api_calls", END): Decimal("400.5"), ("a#b", END): Decimal(7)}
    assert (after.used, after.version) == ({("a", MONTH): 1}, 2)
    item = ledger.state_items.get_item(Key={"customerIdentifier": CUSTOMER, "item": ITEM})["Item"]
    assert item["schema"] == SCHEMA
    assert [name for name in item if name.startswith(REMAINDER)] == []
    assert item[f"{ENDED}api_calls#{END}"] == Decimal("400.5")


def test_cancelling_creates_a_balance_that_no_older_seal_can_change(ledger: Ledger, cancellation: Cancellation) -> None:
    empty = ledger.balances.get(CUSTOMER)
    cancellation.end(subscriber(ledger, "final_metering"), empty, END, NOW)
    assert ledger.balances.get(CUSTOMER) == Balance(customer_identifier=CUSTOMER, version=1)
    with pytest.raises(Cancelled):
        ledger.write(ledger.balances.replace(empty, remainder={"a": Decimal(1)}, used={}))


def test_a_second_end_names_its_own_remainder(ledger: Ledger, cancellation: Cancellation) -> None:
    cancellation.end(subscriber(ledger, "final_metering"), kept(ledger, a=Decimal(1)), END, NOW)
    later = {"start": END + 5, "end": END + 9}
    cancellation.end(subscriber(ledger, "final_metering", later), kept(ledger, a=Decimal(2)), END + 9, NOW)
    assert ledger.balances.get(CUSTOMER).ended == {("a", END): 1, ("a", END + 9): 2}


def unchanged(ledger: Ledger, balance: Balance, status: str) -> None:
    assert read(ledger).status == status
    assert ledger.balances.get(CUSTOMER) == balance


def test_a_subscriber_who_has_changed_since_is_not_cancelled(ledger: Ledger, cancellation: Cancellation) -> None:
    balance = kept(ledger, a=Decimal(1))
    seen = subscriber(ledger, "final_metering")
    subscriber(ledger, "final_metering", version=4)
    with pytest.raises(Cancelled):
        cancellation.end(seen, balance, END, NOW)
    unchanged(ledger, balance, "final_metering")


@pytest.mark.parametrize("status", ["pending_cancellation", "active", "cancelled"])
def test_only_a_customer_in_final_metering_is_cancelled(
    ledger: Ledger, cancellation: Cancellation, status: str
) -> None:
    balance = kept(ledger, a=Decimal(1))
    with pytest.raises(Cancelled):
        cancellation.end(subscriber(ledger, status), balance, END, NOW)
    unchanged(ledger, balance, status)


def test_a_balance_that_has_changed_since_cancels_nobody(ledger: Ledger, cancellation: Cancellation) -> None:
    seen = kept(ledger, a=Decimal(1))
    now = kept(ledger, a=Decimal(2))
    with pytest.raises(Cancelled):
        cancellation.end(subscriber(ledger, "final_metering"), seen, END, NOW)
    unchanged(ledger, now, "final_metering")


def test_only_the_last_period_cancels(ledger: Ledger, cancellation: Cancellation) -> None:
    again = subscriber(ledger, "final_metering", {"start": END + 5, "end": END + 9})
    for end in (END, END + 1):
        with pytest.raises(ValueError, match="only the last period's end"):
            cancellation.end(again, ledger.balances.get(CUSTOMER), end, NOW)


# --- what is read -----------------------------------------------------------------------------------------------------


def test_unsettled_records_are_read_from_the_table_oldest_first(ledger: Ledger) -> None:
    ledger.opened(hour=HOUR + 7200)
    ledger.sealed(hour=HOUR + 3600)
    settled = ledger.sealed(hour=HOUR)
    after = ledger.settlement.settle(settled, "api_calls", "billed", now=NOW)
    assert after is not None and ledger.settlement.tidy(after)
    ledger.opened(hour=HOUR - 3600)
    ledger.opened(customer="another")
    found, unreadable = ledger.records.unsettled(CUSTOMER, HOUR)
    assert [(record.hour, record.state) for record in found] == [(HOUR + 3600, "sealed"), (HOUR + 7200, "open")]
    assert unreadable == []


def test_an_unreadable_record_is_named_and_hides_no_other(ledger: Ledger) -> None:
    ledger.opened(hour=HOUR)
    ledger.opened(hour=HOUR + 3600)
    ledger.record_items.update_item(
        Key={"customerIdentifier": CUSTOMER, "timestamp": HOUR}, UpdateExpression="REMOVE version"
    )
    found, unreadable = ledger.records.unsettled(CUSTOMER, HOUR)
    assert ([record.hour for record in found], unreadable) == ([HOUR + 3600], [(CUSTOMER, HOUR)])


def test_subscribers_are_found_by_status(ledger: Ledger, subscribers: Subscribers) -> None:
    subscriber(ledger, "final_metering")
    subscriber(ledger, "active", customerIdentifier="another")
    assert subscribers.with_status("final_metering") == (CUSTOMER,)
    assert subscribers.with_status("cancelled") == ()
