"""Creates the tables that ``ledger.tables`` declares, in any DynamoDB: in memory, moto, the local cloud."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from ledger import tables
from ledger.tables import Index, Key, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

#: The settings that name the tables to a function, with the declared names.
TABLE_SETTINGS = {
    "SUBSCRIBERS_TABLE": tables.SUBSCRIBERS.name,
    "NOTICES_TABLE": tables.NOTICES.name,
    "USAGE_EVENTS_TABLE": tables.USAGE_EVENTS.name,
    "METERING_RECORDS_TABLE": tables.METERING_RECORDS.name,
    "STATE_TABLE": tables.STATE.name,
}

DynamoDB = TypeVar("DynamoDB", bound=Any)


def with_tables(dynamodb: DynamoDB) -> DynamoDB:
    """The same DynamoDB, with every declared table."""
    for table in tables.ALL_TABLES:
        create(dynamodb.meta.client, table, table.name)
    return dynamodb


def create(client: "DynamoDBClient", table: Table, name: str) -> None:
    """Create one declared table under a physical name."""
    request: dict[str, Any] = {
        "TableName": name,
        "KeySchema": _key_schema(table.hash, table.range),
        "AttributeDefinitions": [
            {"AttributeName": n, "AttributeType": t} for n, t in sorted({k.name: k.type for k in _keys(table)}.items())
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if table.indexes:
        request["GlobalSecondaryIndexes"] = [_index(index) for index in table.indexes]
    client.create_table(**request)


def _keys(table: Table) -> Iterator[Key]:
    parts: tuple[Table | Index, ...] = (table, *table.indexes)
    for part in parts:
        yield part.hash
        if part.range:
            yield part.range


def _index(index: Index) -> dict[str, Any]:
    return {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.hash, index.range),
        "Projection": {"ProjectionType": index.projection},
    }


def _key_schema(hash_key: Key, range_key: Key | None) -> list[dict[str, str]]:
    schema = [{"AttributeName": hash_key.name, "KeyType": "HASH"}]
    return [*schema, {"AttributeName": range_key.name, "KeyType": "RANGE"}] if range_key else schema
