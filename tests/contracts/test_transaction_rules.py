"""What DynamoDB makes of a transaction: which reasons it gives, and what it refuses as a whole."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.tables import STATE, SUBSCRIBERS
from tests.contracts.deviations import FAILED, INVALID, PASSED, answer
from tests.contracts.outcomes import new_key, outcome, stored
from tests.contracts.stores import Ledger

Operation = dict[str, Any]
FAULT = "ValidationError"


def put(key: dict[str, Any], **attributes: Any) -> Operation:
    return {"Put": {"TableName": STATE.name, "Item": {**key, **attributes}}}


def put_new(key: dict[str, Any], **attributes: Any) -> Operation:
    condition = {
        "ConditionExpression": "attribute_not_exists(customerIdentifier)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return {"Put": {**put(key, **attributes)["Put"], **condition}}


def update(key: dict[str, Any], change: str, **more: Any) -> Operation:
    return {"Update": {"TableName": STATE.name, "Key": key, "UpdateExpression": change, **more}}


def check(key: dict[str, Any], condition: str) -> Operation:
    request = {"TableName": STATE.name, "Key": key, "ConditionExpression": condition}
    return {"ConditionCheck": {**request, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}


def delete(key: dict[str, Any], condition: str) -> Operation:
    return {"Delete": {"TableName": STATE.name, "Key": key, "ConditionExpression": condition}}


#: name, the second operation on a stored item {"x": "text"} (the first puts a new one), what the transaction comes to
CASES: list[tuple[str, Callable[[dict[str, Any]], Operation], Any]] = [
    ("all-hold", lambda key: update(key, "SET x = :v", ExpressionAttributeValues={":v": 1}), "done"),
    ("one-fails", put_new, [PASSED, FAILED]),
    ("check-fails", lambda key: check(key, "attribute_not_exists(x)"), [PASSED, FAILED]),
    ("check-holds", lambda key: check(key, "attribute_exists(x)"), "done"),
    ("delete-fails", lambda key: delete(key, "attribute_not_exists(x)"), [PASSED, FAILED]),
    ("update-fault-is-a-reason", lambda key: update(key, "SET y = z"), [PASSED, FAULT]),
    ("add-fault-is-a-reason", lambda key: update(key, "ADD x :v", ExpressionAttributeValues={":v": 1}),
     [PASSED, FAULT]),
    ("too-large-is-a-reason", lambda key: update(key, "SET y = :v", ExpressionAttributeValues={":v": "y" * 409_700}),
     [PASSED, FAULT]),
    ("syntax-fault", lambda key: update(key, "SET y"), INVALID),
    ("unused-value-in-transaction",
     lambda key: update(key, "SET y = :v", ExpressionAttributeValues={":v": 1, ":w": 1}), INVALID),
    ("overlap-in-transaction", lambda key: update(key, "SET y = :v ADD y :v", ExpressionAttributeValues={":v": 1}),
     INVALID),
    ("empty-key", lambda _key: put({"customerIdentifier": "", "item": "a"}), INVALID),
    ("key-of-another-type", lambda _key: put({"customerIdentifier": 1, "item": "a"}), [PASSED, FAULT]),
    ("item-over-400-kb-in-transaction", lambda key: put(key, x="x" * 410_000), INVALID),
    ("index-key-of-another-type",
     lambda key: {"Put": {"TableName": SUBSCRIBERS.name, "Item": {"customerIdentifier": "a", "agreementId": 1}}},
     [PASSED, FAULT]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "second", "right"), CASES, ids=[case[0] for case in CASES])
def test_a_transaction(
    made: Ledger, engine: str, name: str, second: Callable[[dict[str, Any]], Operation], right: Any
) -> None:
    new, old = new_key(), new_key()
    made.state_items.put_item(Item={**old, "x": "text"})
    operations: Any = [put_new(new), second(old)]
    found = outcome(lambda: made.client.transact_write_items(TransactItems=operations) and "done")
    assert found == answer(name, engine, right)
    assert stored(made, new) == ({} if found == "done" else None)
    if found != "done":
        assert stored(made, old) == {"x": "text"}


def test_two_operations_on_one_item(made: Ledger, engine: str) -> None:
    key = new_key()
    operations: Any = [put_new(key), put_new(key)]
    found = outcome(lambda: made.client.transact_write_items(TransactItems=operations))
    assert found == answer("same-item-twice", engine, INVALID)
    assert stored(made, key) is None


def test_a_reason_carries_what_is_stored_if_asked_for(made: Ledger) -> None:
    key = new_key()
    made.state_items.put_item(Item={**key, "x": {"n": [1, True, None]}, "s": {"a"}})
    operations: Any = [check(key, "attribute_not_exists(x)"), put_new(new_key())]
    with pytest.raises(made.client.exceptions.TransactionCanceledException) as cancelled:
        made.client.transact_write_items(TransactItems=operations)
    first, second = cancelled.value.response["CancellationReasons"]
    assert first["Item"] == {
        "customerIdentifier": {"S": key["customerIdentifier"]},
        "item": {"S": "a"},
        "x": {"M": {"n": {"L": [{"N": "1"}, {"BOOL": True}, {"NULL": True}]}}},
        "s": {"SS": ["a"]},
    }
    assert "Item" not in second
    del operations[0]["ConditionCheck"]["ReturnValuesOnConditionCheckFailure"]
    with pytest.raises(made.client.exceptions.TransactionCanceledException) as cancelled:
        made.client.transact_write_items(TransactItems=operations)
    assert "Item" not in cancelled.value.response["CancellationReasons"][0]


def test_a_repeat_without_a_token_is_judged_anew(made: Ledger) -> None:
    """Every call of ours is a new one: what makes it happen once is its condition."""
    key = new_key()
    add = update(key, "ADD n :one", ExpressionAttributeValues={":one": 1})
    for _ in range(2):
        made.client.transact_write_items(TransactItems=[add])
    assert stored(made, key) == {"n": 2}
    new: Any = put_new(new_key())
    made.client.transact_write_items(TransactItems=[new])
    assert outcome(lambda: made.client.transact_write_items(TransactItems=[new])) == [FAILED]


def test_a_repeat_with_its_token_changes_nothing(made: Ledger, engine: str) -> None:
    """The SDK sends a call again with the token that it made for it."""
    key = new_key()
    add: Any = update(key, "ADD n :one", ExpressionAttributeValues={":one": 1})
    for _ in range(2):
        made.client.transact_write_items(TransactItems=[add], ClientRequestToken=f"token-{key['customerIdentifier']}")
    assert stored(made, key) == answer("token", engine, {"n": 1})


def test_a_token_of_another_transaction_is_refused(made: Ledger, engine: str) -> None:
    token = f"mine-{new_key()['customerIdentifier']}"
    first: Any = put_new(new_key())
    other: Any = put_new(new_key())
    made.client.transact_write_items(TransactItems=[first], ClientRequestToken=token)
    found = outcome(
        lambda: made.client.transact_write_items(TransactItems=[other], ClientRequestToken=token) and "done"
    )
    assert found == answer("token-mismatch", engine, "IdempotentParameterMismatchException")


def test_a_transaction_over_4_mb_is_refused(made: Ledger, engine: str) -> None:
    keys = [new_key() for _ in range(11)]
    operations: Any = [put(key, x="x" * 390_000) for key in keys]
    found = outcome(lambda: made.client.transact_write_items(TransactItems=operations) and "done")
    assert found == answer("transaction-over-4-mb", engine, INVALID)
    for key in keys:
        made.state_items.delete_item(Key=key)


def test_a_single_write_that_is_refused_shows_what_is_stored(made: Ledger) -> None:
    key = new_key()
    made.state_items.put_item(Item={**key, "x": 1})
    request: dict[str, Any] = {
        "Item": key, "ConditionExpression": "attribute_not_exists(x)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }  # fmt: skip
    with pytest.raises(made.client.exceptions.ConditionalCheckFailedException) as refused:
        made.state_items.put_item(**request)
    item: Any = refused.value.response["Item"]
    assert item["x"] == {"N": "1"}
