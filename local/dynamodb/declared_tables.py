"""Creates the tables that ``ledger.tables`` declares, in any DynamoDB: in memory, moto or the local cloud."""

from typing import TYPE_CHECKING, Any, TypeVar

from ledger import tables
from ledger.tables import Index, Table

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
    """Creates every declared table, and returns the same DynamoDB."""
    for table in tables.ALL_TABLES:
        create(dynamodb.meta.client, table, table.name)
    return dynamodb


def create(client: "DynamoDBClient", table: Table, name: str) -> None:
    """Creates one declared table under a physical name."""
    parts: tuple[Table | Index, ...] = (table, *table.indexes)
    types = {key.name: key.type for part in parts for key in (part.hash, part.range) if key}
    request: dict[str, Any] = {
        "TableName": name,
        "KeySchema": _keys(table),
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": types[key]} for key in sorted(types)],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if table.indexes:
        request["GlobalSecondaryIndexes"] = [
            {"IndexName": index.name, "KeySchema": _keys(index), "Projection": {"ProjectionType": index.projection}}
            for index in table.indexes
        ]
    client.create_table(**request)


def _keys(part: Table | Index) -> list[dict[str, str]]:
    keys = (("HASH", part.hash), ("RANGE", part.range))
    return [{"AttributeName": key.name, "KeyType": kind} for kind, key in keys if key]
