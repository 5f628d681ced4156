"""What a simulation may do around the in-memory store's operations."""

from collections.abc import Callable
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from ledger.tables import METERING_RECORDS, PENDING_INDEX, STATE
from ledger.transaction import Contended, update, write
from local.dynamodb import errors
from local.dynamodb.declared_tables import create
from local.dynamodb.store import Hooks, MemoryDynamoDB

KEY = {"customerIdentifier": "c", "item": "a"}
HOUR = {"customerIdentifier": "c", "timestamp": 0}
ADD: dict[str, Any] = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": 1}}


def made(history: int = 0) -> MemoryDynamoDB:
    dynamodb = MemoryDynamoDB(history=history)
    client: Any = dynamodb.meta.client
    for table in (STATE, METERING_RECORDS):
        create(client, table, table.name)
    return dynamodb


def transaction(*keys: dict[str, Any]) -> list[Any]:
    return [{"Update": {"TableName": STATE.name, "Key": key, **ADD}} for key in keys]


def test_every_operation_passes_the_hook() -> None:
    dynamodb = made()
    seen: list[tuple[str, str]] = []

    def around(operation: str, where: str, effect: Callable[[], Any]) -> Any:
        seen.append((operation, where))
        return effect()

    dynamodb.hooks.around = around
    state, records = dynamodb.Table(STATE.name), dynamodb.Table(METERING_RECORDS.name)
    state.put_item(Item=KEY)
    state.update_item(Key=KEY, **ADD)
    state.get_item(Key=KEY)
    state.query(KeyConditionExpression=Key("customerIdentifier").eq("c"))
    records.query(KeyConditionExpression=Key("meteringPending").eq("true"), IndexName=PENDING_INDEX.name)
    state.scan()
    state.delete_item(Key=KEY)
    dynamodb.batch_get_item(RequestItems={STATE.name: {"Keys": [KEY]}})
    dynamodb.meta.client.transact_write_items(TransactItems=transaction(KEY))
    with state.batch_writer() as batch:
        batch.delete_item(Key=KEY)
    operations = ["PutItem", "UpdateItem", "GetItem", "Query", "Query", "Scan", "DeleteItem", "BatchGetItem"]
    assert [operation for operation, _ in seen] == [*operations, "TransactWriteItems", "BatchWriteItem"]
    assert {where for _, where in seen} == {STATE.name, f"{METERING_RECORDS.name}/{PENDING_INDEX.name}"}


def test_what_was_given_is_taken_before_others_go_first() -> None:
    dynamodb = made()
    item: dict[str, Any] = {**KEY, "list": [1]}

    def around(_operation: str, _where: str, effect: Callable[[], Any]) -> Any:
        item["list"].append(2)
        return effect()

    dynamodb.hooks.around = around
    dynamodb.Table(STATE.name).put_item(Item=item)
    dynamodb.hooks.around = None
    assert dynamodb.Table(STATE.name).get_item(Key=KEY)["Item"]["list"] == [1]


def test_an_operation_judges_what_it_meets_when_it_takes_place() -> None:
    dynamodb = made()
    table = dynamodb.Table(STATE.name)

    def other_first(_operation: str, _where: str, effect: Callable[[], Any]) -> Any:
        dynamodb.hooks.around = None
        table.put_item(Item={**KEY, "n": 7})
        return effect()

    dynamodb.hooks.around = other_first
    condition = "attribute_not_exists(n)"
    assert update(table, Key=KEY, ConditionExpression=condition, **ADD) is None  # type: ignore[arg-type]


def test_an_answer_may_be_lost_and_the_call_sent_again() -> None:
    """The SDK repeats a transaction with its token, and a single update without one."""
    dynamodb = made()

    def twice(_operation: str, _where: str, effect: Callable[[], Any]) -> Any:
        effect()
        return effect()

    dynamodb.hooks.around = twice
    dynamodb.meta.client.transact_write_items(TransactItems=transaction(KEY))
    assert dynamodb.Table(STATE.name).get_item(Key=KEY)["Item"]["n"] == 1
    dynamodb.Table(STATE.name).update_item(Key=KEY, **ADD)
    assert dynamodb.Table(STATE.name).get_item(Key=KEY)["Item"]["n"] == 3


@pytest.mark.parametrize(
    "error", [errors.cancelled_by_conflict(2, at=1), errors.throttled("TransactWriteItems")], ids=["conflict", "rate"]
)
def test_contention_is_what_the_stores_take_for_it(error: ClientError) -> None:
    dynamodb = made()

    def refused(*_: Any) -> Any:
        raise error

    dynamodb.hooks.around = refused
    client: Any = dynamodb.meta.client
    with pytest.raises(Contended):
        write(client, transaction(KEY, {**KEY, "item": "b"}))
    dynamodb.hooks.around = None
    assert dynamodb.Table(STATE.name).scan()["Items"] == []


def test_a_conflict_of_a_single_update_is_tried_again() -> None:
    dynamodb = made()
    calls: list[str] = []

    def once(operation: str, _where: str, effect: Callable[[], Any]) -> Any:
        calls.append(operation)
        if len(calls) == 1:
            raise errors.conflict()
        return effect()

    dynamodb.hooks.around = once
    table: Any = dynamodb.Table(STATE.name)
    assert update(table, lambda _attempt: None, Key=KEY, **ADD) == {**KEY, "n": 1}


# --- reads that lag ---------------------------------------------------------------------------------------------------


def pending(dynamodb: MemoryDynamoDB) -> list[int]:
    table = dynamodb.Table(METERING_RECORDS.name)
    answer = table.query(KeyConditionExpression=Key("meteringPending").eq("true"), IndexName=PENDING_INDEX.name)
    return [int(item["timestamp"]) for item in answer["Items"]]


def test_an_index_shows_the_state_of_some_writes_ago() -> None:
    dynamodb = made(history=8)
    table = dynamodb.Table(METERING_RECORDS.name)
    for hour in (10, 20, 0):
        table.put_item(Item={**HOUR, "timestamp": hour, "meteringPending": "true"})
    table.update_item(Key={**HOUR, "timestamp": 10}, UpdateExpression="REMOVE meteringPending")
    table.delete_item(Key={**HOUR, "timestamp": 20})
    then = [[0], [0, 20], [0, 10, 20], [10, 20], [10], []]
    for lag, hours in enumerate(then):
        dynamodb.hooks.lag = lambda _where, _kept, lag=lag: lag
        assert pending(dynamodb) == hours, lag
    dynamodb.hooks.lag = lambda _where, kept: kept + 5
    assert pending(dynamodb) == []


def test_only_eventually_consistent_reads_lag() -> None:
    dynamodb = made(history=8)
    table = dynamodb.Table(STATE.name)
    table.update_item(Key=KEY, **ADD)
    table.update_item(Key=KEY, **ADD)
    dynamodb.hooks.lag = lambda _where, _kept: 1
    assert table.get_item(Key=KEY)["Item"]["n"] == 1
    assert table.get_item(Key=KEY, ConsistentRead=True)["Item"]["n"] == 2
    query: dict[str, Any] = {"KeyConditionExpression": Key("customerIdentifier").eq("c")}
    assert table.query(**query)["Items"][0]["n"] == 1
    assert table.query(**query, ConsistentRead=True)["Items"][0]["n"] == 2
    for consistent, n in ((False, 1), (True, 2)):
        found = dynamodb.batch_get_item(RequestItems={STATE.name: {"Keys": [KEY], "ConsistentRead": consistent}})
        assert found["Responses"][STATE.name][0]["n"] == n
    assert table.update_item(Key=KEY, **ADD, ReturnValues="ALL_NEW")["Attributes"]["n"] == 3


def test_the_hook_is_told_where_and_how_far() -> None:
    dynamodb = made(history=2)
    asked: list[tuple[str, int]] = []

    def lag(where: str, kept: int) -> int:
        asked.append((where, kept))
        return 0

    dynamodb.hooks.lag = lag
    for hour in range(3):
        dynamodb.Table(METERING_RECORDS.name).put_item(Item={**HOUR, "timestamp": hour})
    pending(dynamodb)
    assert asked == [(f"{METERING_RECORDS.name}/{PENDING_INDEX.name}", 2)]


def test_a_batch_may_leave_keys_unprocessed() -> None:
    dynamodb = made()
    table = dynamodb.Table(METERING_RECORDS.name)
    keys = [{**HOUR, "timestamp": hour} for hour in range(5)]
    for key in keys:
        table.put_item(Item=key)
    dynamodb.hooks = Hooks(answered=lambda _table, _keys: 2)
    answer = dynamodb.batch_get_item(RequestItems={table.name: {"Keys": keys, "ConsistentRead": True}})
    assert [int(item["timestamp"]) for item in answer["Responses"][table.name]] == [0, 1]
    assert answer["UnprocessedKeys"] == {table.name: {"Keys": keys[2:], "ConsistentRead": True}}


def test_emptied_tables_have_no_past() -> None:
    dynamodb = made(history=8)
    table = dynamodb.Table(METERING_RECORDS.name)
    table.put_item(Item={**HOUR, "meteringPending": "true"})
    dynamodb.clear()
    dynamodb.hooks.lag = lambda _where, kept: kept
    assert pending(dynamodb) == []
    assert table.scan()["Items"] == []


def test_unknown_tables_and_parameters_are_faults() -> None:
    dynamodb = made()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        dynamodb.Table("unknown").get_item(Key=KEY)
    with pytest.raises(TypeError):
        dynamodb.Table(STATE.name).update_item(Key=KEY, AttributeUpdates={})
