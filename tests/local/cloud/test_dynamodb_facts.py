"""What recording and sealing lean on in DynamoDB holds on the emulator as well."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud

pytestmark = pytest.mark.local


@pytest.fixture
def dynamodb(cloud: LocalCloud) -> Any:
    return cloud.seller.client("dynamodb")


def _record(table: str, event: str, hour: str, amount: str) -> list[dict[str, object]]:
    """Put the event if it is new, and add to the hour if it is open."""
    return [
        {
            "Put": {
                "TableName": table,
                "Item": {"customer": {"S": event}, "note": {"S": "first"}},
                "ConditionExpression": "attribute_not_exists(customer)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
        {
            "Update": {
                "TableName": table,
                "Key": {"customer": {"S": hour}},
                "UpdateExpression": "SET pending = :yes ADD #v :one, units :amount",
                "ConditionExpression": "attribute_not_exists(#s) OR #s = :open",
                "ExpressionAttributeNames": {"#v": "version", "#s": "state"},
                "ExpressionAttributeValues": {
                    ":yes": {"S": "true"}, ":one": {"N": "1"}, ":amount": {"N": amount}, ":open": {"S": "open"},
                },
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
    ]  # fmt: skip


def _get(dynamodb: Any, table: str, key: str) -> Any:
    return dynamodb.get_item(TableName=table, Key={"customer": {"S": key}}, ConsistentRead=True).get("Item")


def test_put_if_new_and_add_are_one_transaction(dynamodb: Any, probe: dict[str, str]) -> None:
    table = probe["Table"]
    dynamodb.transact_write_items(TransactItems=_record(table, "e1", "h1", "0.1"))
    dynamodb.transact_write_items(TransactItems=_record(table, "e2", "h1", "0.2"))
    item = _get(dynamodb, table, "h1")
    assert (item["units"], item["version"]) == ({"N": "0.3"}, {"N": "2"})


def test_a_repeat_cancels_all_and_shows_the_old_item(dynamodb: Any, probe: dict[str, str]) -> None:
    table = probe["Table"]
    dynamodb.transact_write_items(TransactItems=_record(table, "e3", "h3", "1"))
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as cancelled:
        dynamodb.transact_write_items(TransactItems=_record(table, "e3", "h3", "1"))
    first, second = cancelled.value.response["CancellationReasons"]
    assert first["Code"] == "ConditionalCheckFailed"
    assert first["Item"]["note"] == {"S": "first"}
    assert second["Code"] == "None"
    assert _get(dynamodb, table, "h3")["units"] == {"N": "1"}


def test_a_sealed_hour_cancels_at_its_own_place(dynamodb: Any, probe: dict[str, str]) -> None:
    table = probe["Table"]
    dynamodb.put_item(TableName=table, Item={"customer": {"S": "h4"}, "state": {"S": "sealed"}})
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as cancelled:
        dynamodb.transact_write_items(TransactItems=_record(table, "e4", "h4", "1"))
    first, second = cancelled.value.response["CancellationReasons"]
    assert first["Code"] == "None"
    assert second["Code"] == "ConditionalCheckFailed"
    assert second["Item"]["state"] == {"S": "sealed"}
    assert _get(dynamodb, table, "e4") is None


def test_the_sparse_index_holds_keys_of_pending_hours_only(dynamodb: Any, probe: dict[str, str]) -> None:
    table = probe["Table"]
    dynamodb.transact_write_items(TransactItems=_record(table, "e5", "h5", "1"))

    def pending() -> list[dict[str, dict[str, str]]]:
        found = dynamodb.query(
            TableName=table,
            IndexName="Pending",
            KeyConditionExpression="pending = :yes",
            ExpressionAttributeValues={":yes": {"S": "true"}},
        )["Items"]
        return [item for item in found if item["customer"]["S"] == "h5"]

    assert pending() == [{"customer": {"S": "h5"}, "pending": {"S": "true"}}]
    dynamodb.update_item(TableName=table, Key={"customer": {"S": "h5"}}, UpdateExpression="REMOVE pending")
    assert pending() == []


def test_a_hundred_operations_pass_and_a_hundred_and_one_do_not(dynamodb: Any, probe: dict[str, str]) -> None:
    table = probe["Table"]
    puts = [{"Put": {"TableName": table, "Item": {"customer": {"S": f"many-{n}"}}}} for n in range(101)]
    with pytest.raises(ClientError, match="less than or equal to 100"):
        dynamodb.transact_write_items(TransactItems=puts)
    dynamodb.transact_write_items(TransactItems=puts[:100])
    assert _get(dynamodb, table, "many-99") is not None
    assert _get(dynamodb, table, "many-100") is None
