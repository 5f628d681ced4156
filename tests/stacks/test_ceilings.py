"""What one caller, or one mistake, can use up or cost at most."""

from dataclasses import replace

from stacks.ceilings import concurrency_needed, reserved_concurrency
from tests.synthesized import Assembly, shipped


def test_the_public_function_cannot_take_the_accounts_concurrency(prod: Assembly) -> None:
    """Anybody may call it, and each call may wait for Marketplace for seconds."""
    public = {
        prod.called(method["Integration"]["Uri"])
        for method in prod.properties("AWS::ApiGateway::Method")
        if method["AuthorizationType"] == "NONE"
    }
    (function,) = public
    deployed = dict(prod.resources("AWS::Lambda::Function"))[function]["Properties"]
    assert deployed["ReservedConcurrentExecutions"] == prod.stage.public_concurrency == 20


def test_a_stage_reserves_what_its_templates_reserve(prod: Assembly) -> None:
    reserved = [f.get("ReservedConcurrentExecutions", 0) for f in prod.properties("AWS::Lambda::Function")]
    assert reserved_concurrency(prod.stage) == sum(reserved)
    assert concurrency_needed(prod.stage) == sum(reserved) + 100


def test_an_account_that_has_none_to_spare_reserves_none_for_the_public() -> None:
    stage = replace(shipped("prod"), public_concurrency=None)
    assert reserved_concurrency(stage) == stage.submit_concurrency


def test_tables_have_no_ceiling_unless_the_stage_says_one(prod: Assembly) -> None:
    for table in prod.properties("AWS::DynamoDB::Table"):
        for entry in (table, *table.get("GlobalSecondaryIndexes", [])):
            assert "OnDemandThroughput" not in entry


def test_a_ceiling_is_one_of_each_table_and_each_index(modest: Assembly) -> None:
    """An index has its own: a table's alone would leave it open."""
    expected = {"MaxReadRequestUnits": 4000, "MaxWriteRequestUnits": 1000}
    tables = modest.properties("AWS::DynamoDB::Table")
    assert tables
    for table in tables:
        assert table["OnDemandThroughput"] == expected
        for index in table.get("GlobalSecondaryIndexes", []):
            assert index["OnDemandThroughput"] == expected


def test_no_reservation_of_the_public_function_is_left_out_of_the_template(modest: Assembly) -> None:
    assert "ReservedConcurrentExecutions" not in modest.functions()["registration"]
