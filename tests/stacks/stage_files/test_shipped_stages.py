"""The shipped stage files are good, and a good file is read whole."""

from decimal import Decimal
from pathlib import Path

import pytest

from marketplace.dimensions import Dimension
from stacks import stage as stages
from stacks.stage import StageError
from tests.stacks.stage_files.files import GOOD, load
from tests.synthesized import PRODUCT_CODE, STAGES, shipped

SHIPPED = stages.names(STAGES)


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    stage = load(tmp_path, GOOD)
    assert (stage.name, stage.region, stage.suffix) == ("x", "eu-central-1", "-x")
    assert stage.products.codes == ("1234567890abcdefghijklmno",)
    assert stage.dimensions == {"api_calls": Dimension(name="api_calls", unit="call", aggregation="sum", scale=1000)}
    assert stage.products.each[0].tiers[0].included == {"api_calls": Decimal("0.5")}
    assert stage.keep_data is False
    assert stage.clock_offset_file is None


def test_waiting_usage_is_retried_after_sqs_s_longest_delay_by_default(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).waiting_usage_seconds == 900
    assert {name for name in SHIPPED if shipped(name).waiting_usage_seconds != 900} == {"local"}


def test_the_shipped_stages_are_good_but_for_what_is_to_be_filled_in() -> None:
    assert SHIPPED == ["dev", "local", "prod", "staging"]
    for name in SHIPPED:
        assert shipped(name).products.codes == (PRODUCT_CODE,)
    with pytest.raises(StageError, match=r"^stages/product.toml: productCode is empty: set it to "):
        stages.load("dev", folder=STAGES)
    for name in ("staging", "prod"):
        with pytest.raises(StageError, match=rf"^stages/{name}.toml: account is empty: set it to "):
            stages.load(name, folder=STAGES, product_code=PRODUCT_CODE)


def test_every_stage_sells_the_product_s_dimensions_and_local_includes_less_in_the_same_tiers() -> None:
    prod, *others = (shipped(name) for name in ("prod", "dev", "staging", "local"))
    for stage in others:
        assert stage.dimensions == prod.dimensions
        assert [tier.name for tier in stage.products.each[0].tiers] == [
            tier.name for tier in prod.products.each[0].tiers
        ]


def test_the_specification_s_dimensions_and_tiers_are_sold() -> None:
    prod = shipped("prod")
    sold = {each.name: (each.aggregation, each.scale, each.decimals > 0) for each in prod.dimensions.values()}
    specified = {
        "workflow_executions": ("sum", 1, False),
        "active_users": ("distinct", 1, False),
        "data_processed_gb": ("sum", 1, True),
        "api_calls": ("sum", 1000, False),
        "worklet_invocations": ("sum", 1, False),
    }
    assert {name: sold[name] for name in specified} == specified
    tiers = ["basic_tier", "professional_tier", "enterprise_tier", "unlimited_tier"]
    assert [tier.name for tier in prod.products.each[0].tiers if tier.name in tiers] == tiers


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
