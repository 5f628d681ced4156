"""Sizes and capacity units by the published rules (the sources stand in local/dynamodb/sizes.py and capacity.py)."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from ledger.tables import METERING_RECORDS, PENDING_INDEX, STATE, SUBSCRIBERS
from local.dynamodb.capacity import Capacity, read_units, write_units
from local.dynamodb.declared_tables import create
from local.dynamodb.sizes import size_of, size_of_item
from local.dynamodb.store import MemoryDynamoDB
from local.dynamodb.values import accept

PENDING = f"{METERING_RECORDS.name}/{PENDING_INDEX.name}"
KEY = {"customerIdentifier": "c", "timestamp": 1}


@pytest.fixture
def dynamodb() -> MemoryDynamoDB:
    made = MemoryDynamoDB(capacity=Capacity())
    client: Any = made.meta.client
    for table in (STATE, METERING_RECORDS, SUBSCRIBERS):
        create(client, table, table.name)
    return made


def capacity(dynamodb: MemoryDynamoDB) -> Capacity:
    assert dynamodb.capacity is not None
    return dynamodb.capacity


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("abc", 3), ("é", 2), ("", 0), (True, 1), (None, 1), (b"abc", 3),
        (0, 1), (7, 2), (12, 2), (123, 3), (Decimal("1200"), 2), (Decimal("0.0012"), 2), (Decimal("1.5"), 2),
        (Decimal("9" * 38), 20),
        ([], 3), ({}, 3), ([1, "ab"], 3 + 2 + 1 + 2 + 1), ({"ab": "c"}, 3 + 2 + 1 + 1), ({"a", "bc"}, 3), ({1, 12}, 4),
    ],
)  # fmt: skip
def test_the_size_of_a_value(value: Any, size: int) -> None:
    assert size_of(accept(value)) == size


def test_an_item_is_its_names_and_values() -> None:
    assert size_of_item({"customerIdentifier": "c", "n": Decimal(12)}) == 18 + 1 + 1 + 2


@pytest.mark.parametrize(
    ("before", "after", "units"), [(0, 1, 1), (0, 1024, 1), (0, 1025, 2), (3000, 1, 3), (1, 3000, 3), (0, 0, 1)]
)
def test_a_write_is_charged_for_the_larger_item(before: int, after: int, units: int) -> None:
    assert write_units(before, after) == units
    assert write_units(before, after, transactional=True) == 2 * units


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (4096, 1), (4097, 2)])
def test_a_consistent_read_is_twice_the_other(size: int, units: int) -> None:
    assert read_units(size, consistent=True) == units
    assert read_units(size, consistent=False) == units / 2


def test_a_put_and_its_index(dynamodb: MemoryDynamoDB) -> None:
    dynamodb.Table(METERING_RECORDS.name).put_item(Item={**KEY, "meteringPending": "true", "filler": "x" * 1500})
    assert capacity(dynamodb).written == {("PutItem", METERING_RECORDS.name): 2, ("PutItem", PENDING): 1}


def test_a_counter_does_not_touch_a_keys_only_index(dynamodb: MemoryDynamoDB) -> None:
    table = dynamodb.Table(METERING_RECORDS.name)
    table.put_item(Item={**KEY, "meteringPending": "true"})
    capacity(dynamodb).clear()
    table.update_item(Key=KEY, UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": 1})
    assert capacity(dynamodb).written == {("UpdateItem", METERING_RECORDS.name): 1}


@pytest.mark.parametrize(
    ("change", "units"), [("SET meteringPending = :v", 2), ("REMOVE meteringPending", 1), ("SET n = :v", 0)]
)
def test_what_an_index_costs(dynamodb: MemoryDynamoDB, change: str, units: int) -> None:
    """A changed key is a delete and a put."""
    table = dynamodb.Table(METERING_RECORDS.name)
    table.put_item(Item={**KEY, "meteringPending": "true"})
    capacity(dynamodb).clear()
    values: Any = {"ExpressionAttributeValues": {":v": "true#1"}} if ":v" in change else {}
    table.update_item(Key=KEY, UpdateExpression=change, **values)
    assert capacity(dynamodb).written["UpdateItem", PENDING] == units


def test_an_index_of_all_attributes_is_written_with_each(dynamodb: MemoryDynamoDB) -> None:
    table = dynamodb.Table(SUBSCRIBERS.name)
    table.put_item(Item={"customerIdentifier": "c", "customerAWSAccountId": "1", "agreementId": "a"})
    capacity(dynamodb).clear()
    table.update_item(
        Key={"customerIdentifier": "c"}, UpdateExpression="SET x = :v", ExpressionAttributeValues={":v": 1}
    )
    assert capacity(dynamodb).written == {
        ("UpdateItem", SUBSCRIBERS.name): 1, ("UpdateItem", f"{SUBSCRIBERS.name}/AWSAccountIndex"): 1,
    }  # fmt: skip


def test_a_transaction_is_twice_also_when_it_is_cancelled(dynamodb: MemoryDynamoDB) -> None:
    condition = {"ConditionExpression": "attribute_not_exists(meteringPending)"}
    item = {**KEY, "meteringPending": "true"}
    operations: list[Any] = [
        {"Put": {"TableName": METERING_RECORDS.name, "Item": item, **condition}},
        {"Put": {"TableName": STATE.name, "Item": {"customerIdentifier": "c", "item": "a"}}},
    ]
    dynamodb.meta.client.transact_write_items(TransactItems=operations)
    call = "TransactWriteItems"
    assert capacity(dynamodb).written == {(call, METERING_RECORDS.name): 2, (call, STATE.name): 2, (call, PENDING): 2}
    capacity(dynamodb).clear()
    with pytest.raises(ClientError):
        dynamodb.meta.client.transact_write_items(TransactItems=operations)
    assert capacity(dynamodb).written == {(call, METERING_RECORDS.name): 2, (call, STATE.name): 2}


def test_a_refused_write_is_charged(dynamodb: MemoryDynamoDB) -> None:
    table = dynamodb.Table(METERING_RECORDS.name)
    table.put_item(Item={**KEY, "filler": "x" * 2500})
    capacity(dynamodb).clear()
    for filler, units in (("", 3), ("x" * 3500, 4)):
        capacity(dynamodb).clear()
        with pytest.raises(ClientError):
            table.put_item(Item={**KEY, "filler": filler}, ConditionExpression="attribute_not_exists(filler)")
        assert capacity(dynamodb).written == {("PutItem", METERING_RECORDS.name): units}


def test_a_check_is_charged_as_a_write(dynamodb: MemoryDynamoDB) -> None:
    key = {"customerIdentifier": "c", "item": "a"}
    check = {"TableName": STATE.name, "Key": key, "ConditionExpression": "attribute_not_exists(x)"}
    operations: list[Any] = [{"ConditionCheck": check}]
    dynamodb.meta.client.transact_write_items(TransactItems=operations)
    assert capacity(dynamodb).written == {("TransactWriteItems", STATE.name): 2}


def test_a_query_is_rounded_once_and_a_batch_for_each_item(dynamodb: MemoryDynamoDB) -> None:
    table = dynamodb.Table(METERING_RECORDS.name)
    for hour in range(4):
        table.put_item(Item={**KEY, "timestamp": hour, "filler": "x" * 1000})
    capacity(dynamodb).clear()
    table.query(KeyConditionExpression=Key("customerIdentifier").eq("c"), ConsistentRead=True)
    keys = [{**KEY, "timestamp": hour} for hour in range(5)]
    dynamodb.batch_get_item(RequestItems={table.name: {"Keys": keys, "ConsistentRead": True}})
    table.get_item(Key=KEY)
    assert capacity(dynamodb).read == {
        ("Query", table.name): 2, ("BatchGetItem", table.name): 5, ("GetItem", table.name): 0.5,
    }  # fmt: skip
    assert capacity(dynamodb).calls == {"Query": 1, "BatchGetItem": 1, "GetItem": 1}
    assert capacity(dynamodb).total_written == 0
