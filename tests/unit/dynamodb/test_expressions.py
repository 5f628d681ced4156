"""What the in-memory store refuses beyond what every engine does: as DynamoDB Local answers, which is AWS's own."""

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from ledger.tables import METERING_RECORDS, PENDING_INDEX, STATE
from local.dynamodb.declared_tables import create
from local.dynamodb.store import MemoryDynamoDB
from local.dynamodb.table import MemoryTable

KEY = {"customerIdentifier": "c", "item": "a"}


@pytest.fixture
def dynamodb() -> MemoryDynamoDB:
    made = MemoryDynamoDB()
    client: Any = made.meta.client
    for table in (STATE, METERING_RECORDS):
        create(client, table, table.name)
    return made


@pytest.fixture
def state(dynamodb: MemoryDynamoDB) -> MemoryTable:
    table = dynamodb.Table(STATE.name)
    table.put_item(Item={**KEY, "x": 1, "y": {"z": 1}, "s": "text"})
    return table


def refused(act: Any) -> str:
    with pytest.raises(ClientError) as error:
        act()
    assert error.value.response["Error"]["Code"] == "ValidationException"
    return str(error.value.response["Error"]["Message"])


@pytest.mark.parametrize(
    ("condition", "values", "message"),
    [
        ("((x = :v))", {":v": 1}, "redundant parentheses"),
        ("(((x = :v) OR x = :w))", {":v": 1, ":w": 2}, "redundant parentheses"),
        ("x = x", {}, "must be distinct"),
        ("absent < :v", {":v": True}, "operand type: BOOL"),
        ("absent < :v", {":v": [1]}, "operand type: L"),
        ("absent BETWEEN :v AND :w", {":v": 1, ":w": "a"}, "upper bound"),
        ("begins_with(absent, :v)", {":v": 1}, "operand type: N"),
        ("attribute_type(x, :v)", {":v": 1}, "operand type: N"),
        ("x IN (" + ", ".join(f":v{n}" for n in range(101)) + ")", {f":v{n}": n for n in range(101)}, "too many"),
        ("starts_with(x, :v)", {":v": "a"}, "Invalid function name"),
        ("x = :v x", {":v": 1}, "Syntax error"),
        ("x ! :v", {":v": 1}, "Syntax error"),
        ("x[a] = :v", {":v": 1}, "Syntax error"),
        ("", {}, "empty"),
    ],
)
def test_a_condition_that_cannot_be_meant(
    state: MemoryTable, condition: str, values: dict[str, Any], message: str
) -> None:
    request: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
    assert message in refused(lambda: state.put_item(Item=KEY, ConditionExpression=condition, **request))


@pytest.mark.parametrize("condition", ["(x = :v) OR (x = :w)", "((x = :v) OR (x = :w))", "NOT (x <> :v AND x <> :w)"])
def test_groups_that_may_stand(state: MemoryTable, condition: str) -> None:
    values = {":v": 1, ":w": 2}
    state.put_item(Item=KEY, ConditionExpression=condition, ExpressionAttributeValues=values)


def test_names_are_part_of_what_is_remembered(state: MemoryTable) -> None:
    """An expression is parsed once for each set of names."""
    for name, holds in (("x", True), ("absent", False), ("x", True)):
        request: dict[str, Any] = {
            "ConditionExpression": "attribute_exists(#n)",
            "ExpressionAttributeNames": {"#n": name},
        }
        update: dict[str, Any] = {
            "Key": KEY,
            "UpdateExpression": "SET hit = :v",
            "ExpressionAttributeValues": {":v": 1},
        }
        if holds:
            state.update_item(**update, **request)
        else:
            with pytest.raises(ClientError):
                state.update_item(**update, **request)


@pytest.mark.parametrize("names", [{"#n": "x", "#unused": "y"}, {}])
def test_names_that_nothing_uses(state: MemoryTable, names: dict[str, str]) -> None:
    refused(lambda: state.get_item(Key=KEY, ProjectionExpression="x", ExpressionAttributeNames=names))
    refused(lambda: state.get_item(Key=KEY, ExpressionAttributeNames={"#n": "x"}))


def test_conditions_may_be_boto3s_objects(state: MemoryTable) -> None:
    state.put_item(Item={**KEY, "n": 1}, ConditionExpression=Attr("x").eq(1) & Attr("s").begins_with("te"))
    with pytest.raises(ClientError):
        state.put_item(Item=KEY, ConditionExpression=Attr("n").gt(1) | Attr("n").not_exists())


def test_lists_are_changed_by_their_old_positions(state: MemoryTable) -> None:
    state.put_item(Item={**KEY, "l": [0, 1, 2, 3], "m": [0]})
    answer = state.update_item(
        Key=KEY,
        UpdateExpression="SET l[1] = :v, m[9] = :w, m[5] = :v REMOVE l[0], l[2]",
        ExpressionAttributeValues={":v": 8, ":w": 9},
        ReturnValues="ALL_NEW",
    )
    assert (answer["Attributes"]["l"], answer["Attributes"]["m"]) == ([8, 3], [0, 8, 9])


def test_an_update_leaves_the_old_item_as_it_was(dynamodb: MemoryDynamoDB, state: MemoryTable) -> None:
    row = dynamodb.data(STATE.name, "").rows["c", "a"]
    state.update_item(Key=KEY, UpdateExpression="SET y.z = :v", ExpressionAttributeValues={":v": 2})
    assert row.item["y"] == {"z": 1}
    assert state.get_item(Key=KEY)["Item"]["y"] == {"z": 2}


@pytest.mark.parametrize("number", [Decimal("1E+3"), Decimal("1000.00"), 1000])
def test_numbers_have_one_form(state: MemoryTable, number: Any) -> None:
    state.put_item(Item={**KEY, "n": number})
    assert str(state.get_item(Key=KEY)["Item"]["n"]) == "1000"


def test_a_size_is_kept_up_to_date(dynamodb: MemoryDynamoDB, state: MemoryTable) -> None:
    from local.dynamodb.sizes import size_of_item

    changes = ["SET y.w = :v, n = :n", "ADD n :n", "REMOVE y.z, s", "SET y = :v", "DELETE t :t", "ADD t :t"]
    values = {":v": "é" * 9, ":n": 12345, ":t": {"a", "bc"}}
    for change in changes:
        used = {name: value for name, value in values.items() if name in change}
        request: dict[str, Any] = {"ExpressionAttributeValues": used} if used else {}
        state.update_item(Key=KEY, UpdateExpression=change, **request)
        row = dynamodb.data(STATE.name, "").rows["c", "a"]
        assert row.size == size_of_item(row.item), change


def test_reads_that_cannot_be_meant(dynamodb: MemoryDynamoDB, state: MemoryTable) -> None:
    mine = Key("customerIdentifier").eq("c")
    pending: dict[str, Any] = {
        "KeyConditionExpression": Key("meteringPending").eq("true"),
        "IndexName": PENDING_INDEX.name,
    }
    records = dynamodb.Table(METERING_RECORDS.name)
    requests: list[Any] = [
        lambda: state.get_item(Key=KEY, ProjectionExpression="y, y.z"),
        lambda: records.query(**pending, ProjectionExpression="notHeld"),
        lambda: records.query(**{**pending, "IndexName": "unknown"}),
        lambda: state.query(KeyConditionExpression=mine & Key("item").begins_with("")),
        lambda: state.query(KeyConditionExpression=mine, ExclusiveStartKey={"customerIdentifier": "c"}),
        lambda: state.query(KeyConditionExpression=mine, ExclusiveStartKey={**KEY, "customerIdentifier": "d"}),
        lambda: state.query(KeyConditionExpression=mine & Key("item").gt("m"), ExclusiveStartKey=KEY),
        lambda: state.query(KeyConditionExpression=mine, Limit=0),
        lambda: state.query(KeyConditionExpression=Attr("customerIdentifier").eq("c")),
        lambda: state.query(KeyConditionExpression=mine | Key("item").eq("a")),
        lambda: dynamodb.batch_get_item(RequestItems={STATE.name: {"Keys": []}}),
        lambda: dynamodb.meta.client.transact_write_items(TransactItems=[]),
    ]
    for request in requests:
        refused(request)


def test_the_store_does_without_moto() -> None:
    program = "import sys, local.dynamodb.store; sys.exit(any(name.split('.')[0] == 'moto' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (" OR ".join(["x = :one"] * 151), "too many operators; operator count: 301"),
        (f"x = :one OR {'a' * 4090} = :one", "exceeded the maximum allowed size"),
    ],
)
def test_an_expression_has_a_size(state: MemoryTable, condition: str, message: str) -> None:
    values = {":one": 1}
    within = " OR ".join(["x = :one"] * 150)
    state.update_item(
        Key=KEY, UpdateExpression="SET x = :one", ConditionExpression=within, ExpressionAttributeValues=values
    )
    assert message in refused(
        lambda: state.update_item(
            Key=KEY, UpdateExpression="SET x = :one", ConditionExpression=condition, ExpressionAttributeValues=values
        )
    )
