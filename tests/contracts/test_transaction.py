"""A transaction is all or nothing, and a failure names the condition that refused it or another write that did."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ledger.subscribers import accepts_usage
from ledger.tables import STATE, SUBSCRIBERS
from ledger.transaction import ATTEMPTS, MAX_OPERATIONS, Cancelled, Contended, Operation, update, write
from tests.contracts.deviations import answer
from tests.contracts.outcomes import outcome
from tests.contracts.stores import CUSTOMER, Ledger


def put(item: str, **attributes: Any) -> Operation:
    return {
        "Put": {
            "TableName": STATE.name,
            "Item": {"customerIdentifier": CUSTOMER, "item": item, **attributes},
            "ConditionExpression": "attribute_not_exists(#item)",
            "ExpressionAttributeNames": {"#item": "item"},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def stored(ledger: Ledger) -> set[str]:
    return {str(item["item"]) for item in ledger.state_items.scan()["Items"]}


class Failing:
    """A client (or table) that answers with an error of DynamoDB; moto has no contention of its own."""

    def __init__(self, code: str, reasons: list[dict[str, Any]] | None = None, times: int = 10**9) -> None:
        self.error: Any = {"Error": {"Code": code, "Message": "no"}}
        if reasons is not None:
            self.error["CancellationReasons"] = reasons
        self.times = times
        self.calls = 0

    def transact_write_items(self, **_request: Any) -> None:
        raise ClientError(self.error, "TransactWriteItems")

    def update_item(self, **_request: Any) -> Any:
        self.calls += 1
        if self.calls > self.times:
            return {"Attributes": {"done": True}}
        raise ClientError(self.error, "UpdateItem")


def test_all_operations_or_none(ledger: Ledger) -> None:
    ledger.write(put("a"), put("b"))
    with pytest.raises(Cancelled):
        ledger.write(put("c"), put("a"), put("d"))
    assert stored(ledger) == {"a", "b"}


def test_reasons_stand_in_the_operations_order_with_what_is_stored(ledger: Ledger) -> None:
    ledger.write(put("a", colour="blue"), put("b", colour="red"))
    with pytest.raises(Cancelled) as cancelled:
        ledger.write(put("x"), put("b"), put("y"), put("a"))
    reasons = cancelled.value.reasons
    assert [reason.failed for reason in reasons] == [False, True, False, True]
    assert [reason.item["colour"] if reason.item else None for reason in reasons] == [None, "red", None, "blue"]


def test_a_transaction_takes_100_operations(ledger: Ledger) -> None:
    """The most that recording ever builds."""
    ledger.write(*(put(str(number)) for number in range(MAX_OPERATIONS)))
    assert len(stored(ledger)) == 100
    with pytest.raises(ClientError):
        ledger.write(*(put(f"more {number}") for number in range(MAX_OPERATIONS + 1)))
    assert len(stored(ledger)) == 100


def test_two_operations_on_one_item_are_a_fault_of_ours(ledger: Ledger, engine: str) -> None:
    """H14c, H16: such a batch would fail for ever, so it must not be taken for contention."""
    found = outcome(lambda: ledger.write(put("a"), put("a")))
    assert found == answer("same-item-twice-in-a-store", engine, "ValidationException")
    assert stored(ledger) == set()


@pytest.mark.parametrize("sequence", [list, tuple])
def test_any_sequence_of_operations_is_taken(ledger: Ledger, sequence: Any) -> None:
    write(ledger.client, sequence([put("a")]))
    assert stored(ledger) == {"a"}


@pytest.mark.parametrize(
    "code",
    [
        "TransactionInProgressException",
        "TransactionConflictException",
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    ],
)
def test_contention_is_no_fault_of_the_data(code: str) -> None:
    with pytest.raises(Contended):
        write(Failing(code), [])  # type: ignore[arg-type]  # as much of a client as is used


CONFLICT = {"Code": "TransactionConflict"}
REFUSED = {"Code": "ConditionalCheckFailed", "Item": {"customerIdentifier": {"S": "c"}, "n": {"N": "2"}}}


@pytest.mark.parametrize(
    ("reasons", "raised"),
    [
        ([CONFLICT, {"Code": "None"}], Contended),
        ([{"Code": "ThrottlingError"}], Contended),
        ([{"Code": "ProvisionedThroughputExceeded"}], Contended),
        # what a condition says is known, whatever else stood in the way
        ([CONFLICT, REFUSED], Cancelled),
        ([REFUSED, {"Code": "None"}], Cancelled),
        # a fault of ours, not to be tried again
        ([{"Code": "ValidationError"}], ClientError),
        ([{"Code": "ItemCollectionSizeLimitExceeded"}, {"Code": "None"}], ClientError),
        # … whatever stands beside it: it would be there again each time
        ([{"Code": "ValidationError"}, CONFLICT], ClientError),
        ([{"Code": "ValidationError"}, REFUSED, {"Code": "None"}], ClientError),
        ([{"Code": "ItemCollectionSizeLimitExceeded"}, {"Code": "ThrottlingError"}], ClientError),
        ([{"Code": "WhatNobodyKnowsYet"}, CONFLICT], ClientError),
        ([{"Code": "None"}], ClientError),
        ([], ClientError),
        (None, ClientError),
    ],
)
def test_what_a_cancelled_transaction_means(reasons: list[dict[str, Any]] | None, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        write(Failing("TransactionCanceledException", reasons), [])  # type: ignore[arg-type]


def test_a_reason_carries_the_stored_item() -> None:
    with pytest.raises(Cancelled) as cancelled:
        write(Failing("TransactionCanceledException", [CONFLICT, REFUSED]), [])  # type: ignore[arg-type]
    assert [reason.item for reason in cancelled.value.reasons] == [None, {"customerIdentifier": "c", "n": 2}]


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"])
def test_another_error_is_passed_on(code: str) -> None:
    with pytest.raises(ClientError):
        write(Failing(code), [])  # type: ignore[arg-type]


# --- single updates ---------------------------------------------------------------------------------------------------


def test_an_update_that_meets_a_transaction_is_repeated() -> None:
    pauses: list[int] = []
    table: Any = Failing("TransactionConflictException", times=3)
    assert update(table, pauses.append, Key={}) == {"done": True}
    assert pauses == [0, 1, 2]


def test_an_update_gives_up_after_its_attempts() -> None:
    table: Any = Failing("ThrottlingException")
    with pytest.raises(Contended):
        update(table, lambda _attempt: None, Key={})
    assert table.calls == ATTEMPTS


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException"])
def test_a_fault_is_not_repeated(code: str) -> None:
    table: Any = Failing(code)
    with pytest.raises(ClientError):
        update(table, lambda _attempt: None, Key={})
    assert table.calls == 1


def test_an_update_returns_the_item_or_none(ledger: Ledger) -> None:
    request: dict[str, Any] = {
        "Key": {"customerIdentifier": CUSTOMER, "item": "a"},
        "UpdateExpression": "ADD n :one",
        "ConditionExpression": "attribute_not_exists(n) OR n < :two",
        "ExpressionAttributeValues": {":one": 1, ":two": 2},
    }
    answers = [update(ledger.state_items, **request) for _ in range(3)]
    assert [answer["n"] if answer else None for answer in answers] == [1, 2, None]


# --- the condition on the subscriber ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "now", "accepts"),
    [
        ({"subscriptionStatus": "active"}, 100.0, True),
        ({"subscriptionStatus": "active", "acceptsUntil": 1}, 100.0, True),
        ({"subscriptionStatus": "pending_cancellation", "acceptsUntil": 101}, 100.9, True),
        ({"subscriptionStatus": "pending_cancellation", "acceptsUntil": 100}, 100.0, False),
        ({"subscriptionStatus": "pending_cancellation"}, 100.0, False),
        *(
            ({"subscriptionStatus": status, "acceptsUntil": 999}, 100.0, False)
            for status in ("pending", "failed", "final_metering", "cancelled", "expired")
        ),
        ({}, 100.0, False),
        (None, 100.0, False),
    ],
)
def test_which_customers_open_an_hour(
    ledger: Ledger, attributes: dict[str, Any] | None, now: float, accepts: bool
) -> None:
    if attributes is not None:
        ledger.subscriber_items.put_item(Item={"customerIdentifier": CUSTOMER, **attributes})
    operations = (put("a"), accepts_usage(SUBSCRIBERS.name, CUSTOMER, now))
    if accepts:
        ledger.write(*operations)
    else:
        with pytest.raises(Cancelled) as cancelled:
            ledger.write(*operations)
        assert [reason.failed for reason in cancelled.value.reasons] == [False, True]
    assert bool(stored(ledger)) is accepts
