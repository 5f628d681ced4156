"""What the shipped stage files say, and what a good file is read as."""

from decimal import Decimal
from pathlib import Path

import pytest

from marketplace.dimensions import Dimension
from marketplace.regions import METERING_REGIONS
from stacks import stage as stages
from stacks.stage import StageError
from tests.stacks.stage_files.files import GOOD, TO_BE_SET, load
from tests.synthesized import PRODUCT_CODE, STAGES, shipped

SHIPPED = stages.names(STAGES)


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    stage = load(tmp_path, GOOD)
    assert (stage.name, stage.region, stage.suffix) == ("x", "eu-central-1", "-x")
    assert stage.product_code == "1234567890abcdefghijklmno"
    assert stage.dimensions == {"api_calls": Dimension(name="api_calls", unit="call", aggregation="sum", scale=1000)}
    assert stage.tiers[0].included == {"api_calls": Decimal("0.5")}
    assert stage.keep_data is False
    assert stage.clock_offset_file is None


def test_what_waits_is_tried_again_after_sqs_longest_delay_unless_the_stage_says_otherwise(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).waiting_usage_seconds == 900
    assert {name for name in SHIPPED if shipped(name).waiting_usage_seconds != 900} == {"local"}


def test_the_shipped_stages_are_good_but_for_the_product_code() -> None:
    assert SHIPPED == ["dev", "local", "prod", "staging"]
    for name in SHIPPED:
        assert shipped(name).product_code == PRODUCT_CODE
    for name in ("dev", "staging", "prod"):
        with pytest.raises(StageError) as raised:
            stages.load(name, folder=STAGES)
        assert str(raised.value) == f"stages/{name}.toml: productCode is empty: {TO_BE_SET}"


def test_the_shipped_stages_sell_the_specifications_dimensions() -> None:
    for name in SHIPPED:
        sold = {
            dimension.name: (dimension.aggregation, dimension.scale) for dimension in shipped(name).dimensions.values()
        }
        assert sold == {
            "workflow_executions": ("sum", 1),
            "active_users": ("distinct", 1),
            "data_processed_gb": ("sum", 1),
            "api_calls": ("sum", 1000),
            "worklet_invocations": ("sum", 1),
        }
        assert shipped(name).dimensions["data_processed_gb"].decimals > 0
        assert [tier.name for tier in shipped(name).tiers] == [
            "basic_tier",
            "professional_tier",
            "enterprise_tier",
            "unlimited_tier",
        ]


def test_what_the_shipped_stages_risk() -> None:
    assert shipped("dev").metering_mode == "dry-run"
    assert shipped("prod").suffix == ""
    assert len({shipped(name).suffix for name in SHIPPED}) == len(SHIPPED)
    assert {name: shipped(name).keep_data for name in SHIPPED} == {
        "dev": False,
        "local": False,
        "staging": True,
        "prod": True,
    }


def test_metering_regions_are_those_that_the_sdk_knows() -> None:
    import boto3

    # ca-west-1 and other new Regions come and go in the SDK's pattern-based list; this is the listed one
    known = boto3.Session(region_name="us-east-1").get_available_regions("meteringmarketplace", "aws")
    assert set(METERING_REGIONS) <= set(known)
    assert len(METERING_REGIONS) == 28
