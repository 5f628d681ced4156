"""The tables are those of the declaration, and they outlive mistakes."""

from typing import Any

import pytest

from ledger.tables import ALL_TABLES, Index, Key, Table
from tests.synthesized import Assembly

TABLE = "AWS::DynamoDB::Table"


def by_name(assembly: Assembly) -> dict[str, dict[str, Any]]:
    return {str(table["TableName"]): table for table in assembly.properties(TABLE)}


def schema(hash_key: Key, range_key: Key | None) -> list[dict[str, str]]:
    keys = [{"AttributeName": hash_key.name, "KeyType": "HASH"}]
    return keys + ([{"AttributeName": range_key.name, "KeyType": "RANGE"}] if range_key else [])


def index_as_deployed(index: Index) -> dict[str, Any]:
    return {
        "IndexName": index.name,
        "KeySchema": schema(index.hash, index.range),
        "Projection": {"ProjectionType": index.projection},
    }


def test_names_are_the_specifications_in_production_and_carry_the_suffix_elsewhere(
    prod: Assembly, local: Assembly
) -> None:
    assert {"yawl-subscribers", "yawl-metering-records"} < set(by_name(prod))
    assert set(by_name(local)) == {f"{name}-local" for name in by_name(prod)}


@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: str(table.name))
def test_a_table_is_as_declared(prod: Assembly, table: Table) -> None:
    deployed = by_name(prod)[table.name]
    assert deployed["KeySchema"] == schema(table.hash, table.range)
    assert deployed.get("GlobalSecondaryIndexes", []) == [index_as_deployed(index) for index in table.indexes]
    assert deployed.get("TimeToLiveSpecification", {}).get("AttributeName") == table.ttl
    # The filter looks at new images; old ones hold personal data and go nowhere.
    assert deployed.get("StreamSpecification") == ({"StreamViewType": table.stream} if table.stream else None)


def test_key_attributes_have_the_declared_types(prod: Assembly) -> None:
    for table in ALL_TABLES:
        keys = [table.hash, table.range, *(key for index in table.indexes for key in (index.hash, index.range))]
        declared = {key.name: key.type for key in keys if key}
        deployed = by_name(prod)[table.name]["AttributeDefinitions"]
        assert {entry["AttributeName"]: entry["AttributeType"] for entry in deployed} == declared


def test_every_table_is_on_demand_encrypted_and_restorable(prod: Assembly) -> None:
    for table in prod.properties(TABLE):
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["SSESpecification"] == {"SSEEnabled": True}
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
