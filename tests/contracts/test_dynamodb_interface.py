"""``ledger.dynamodb`` is the part of boto3's resource that the stores use: same requests, same answers, on moto."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ledger import tables
from ledger.dynamodb import connect
from local.dynamodb.declared_tables import create

TABLE = tables.METERING_RECORDS.name
KEY = {"customerIdentifier": "c", "timestamp": 3600}
ITEM = KEY | {
    "meteringPending": "true",
    "amount": Decimal("0.000001"),
    "lines": {"api_calls": {"quantity": Decimal(3), "deadline": 7}},
    "periods": [{"start": 1}, None, True],
    "attempts#x": {"a", "b"},
    "numbers": {Decimal(1), Decimal("2.5")},
}

Both = tuple[Any, Any]


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Iterator[Both]:
    """boto3's resource and ours, over the same tables."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        resource = boto3.resource("dynamodb")
        create(resource.meta.client, tables.METERING_RECORDS, TABLE)
        yield resource, connect()


def answer(call: Callable[[], Any]) -> Any:
    found = call()
    found.pop("ResponseMetadata")
    return found


def test_what_one_writes_the_other_reads(both: Both) -> None:
    theirs, ours = both
    ours.Table(TABLE).put_item(Item=ITEM)
    assert answer(lambda: theirs.Table(TABLE).get_item(Key=KEY)) == {"Item": ITEM}
    assert answer(lambda: ours.Table(TABLE).get_item(Key=KEY)) == {"Item": ITEM}
    assert ours.Table(TABLE).name == theirs.Table(TABLE).name == TABLE


REQUESTS: dict[str, Callable[[Any], Any]] = {
    "update": lambda db: db.Table(TABLE).update_item(
        Key=KEY,
        UpdateExpression="SET amount = amount + :one ADD version :one",
        ConditionExpression="meteringPending = :true",
        ExpressionAttributeValues={":one": 1, ":true": "true"},
        ReturnValues="ALL_NEW",
    ),
    "query": lambda db: db.Table(TABLE).query(
        KeyConditionExpression="customerIdentifier = :c AND #hour BETWEEN :a AND :b",
        ExpressionAttributeNames={"#hour": "timestamp"},
        ExpressionAttributeValues={":c": "c", ":a": 0, ":b": 9999},
        Limit=1,
    ),
    "query on": lambda db: db.Table(TABLE).query(
        KeyConditionExpression="customerIdentifier = :c",
        ExpressionAttributeValues={":c": "c"},
        ExclusiveStartKey=KEY,
    ),
    "batch": lambda db: db.batch_get_item(
        RequestItems={TABLE: {"Keys": [KEY, KEY | {"timestamp": 9}], "ConsistentRead": True}}
    ),
    "batch by the table's client": lambda db: db.Table(TABLE).meta.client.batch_get_item(
        RequestItems={TABLE: {"Keys": [KEY]}}
    ),
    "absent": lambda db: db.Table(TABLE).get_item(Key=KEY | {"timestamp": 9}),
    "delete": lambda db: db.Table(TABLE).delete_item(Key=KEY, ReturnValues="ALL_OLD"),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_the_same_request_has_the_same_answer(both: Both, request_: Callable[[Any], Any]) -> None:
    answers = []
    for dynamodb in both:
        for hour in (3600, 7200):
            both[0].Table(TABLE).put_item(Item=ITEM | {"timestamp": hour})
        answers.append(answer(lambda db=dynamodb: request_(db)))  # type: ignore[misc]
    assert answers[0] == answers[1]


def test_a_transaction_has_the_same_effect_and_leaves_its_operations_unchanged(both: Both) -> None:
    operations = [{"Put": {"TableName": TABLE, "Item": ITEM, "ConditionExpression": "attribute_not_exists(amount)"}}]
    theirs, ours = both
    ours.meta.client.transact_write_items(TransactItems=operations)
    assert operations[0]["Put"]["Item"] == ITEM
    assert theirs.Table(TABLE).get_item(Key=KEY)["Item"] == ITEM
    said = []
    for dynamodb in both:
        with pytest.raises(ClientError) as refused:
            dynamodb.meta.client.transact_write_items(TransactItems=operations)
        said.append(refused.value.response["CancellationReasons"])
    assert said[0] == said[1]


def test_keys_that_were_not_read_can_be_asked_for_again(both: Both) -> None:
    """Moto reads all, so DynamoDB's answer is put in by hand (API reference, ``UnprocessedKeys``)."""
    _, ours = both
    left = {TABLE: {"Keys": [{"customerIdentifier": {"S": "c"}, "timestamp": {"N": "3600"}}], "ConsistentRead": True}}

    class Partly:
        def batch_get_item(self, **_request: Any) -> dict[str, Any]:
            return {"Responses": {}, "UnprocessedKeys": left}

    from ledger.dynamodb import DynamoDB

    ours.Table(TABLE).put_item(Item=ITEM)
    again = DynamoDB(Partly()).batch_get_item(RequestItems={TABLE: {"Keys": [KEY]}})["UnprocessedKeys"]
    assert ours.batch_get_item(RequestItems=again)["Responses"][TABLE] == [ITEM]
