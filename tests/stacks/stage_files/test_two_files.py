"""What is sold stands in product.toml, or in a stage's own file. A fault names the file that holds the key."""

from decimal import Decimal
from pathlib import Path

import pytest

from stacks import stage as stages
from stacks.stage import StageError
from tests.stacks.stage_files.files import (
    GOOD,
    PRODUCT,
    SOLD,
    SOLD_TABLES,
    STAGE,
    TO_BE_SET,
    changed,
    load,
    write,
)


def test_a_stage_sells_what_the_product_file_says(tmp_path: Path) -> None:
    together = load(tmp_path, STAGE, product=PRODUCT)
    (tmp_path / "stages" / "product.toml").unlink()
    assert together == load(tmp_path, GOOD)


def test_a_dimension_that_is_added_to_the_product_is_sold_by_every_stage(tmp_path: Path) -> None:
    more = PRODUCT + '[dimensions.reports]\nunit = "report"\naggregation = "sum"\n'
    for name in ("x", "y"):
        assert list(load(tmp_path, STAGE, name, product=more).dimensions) == ["api_calls", "reports"]


def test_a_key_of_the_product_in_a_stage_s_file_counts_whole_and_for_that_stage_alone(tmp_path: Path) -> None:
    own = f"""
    productCode = "sandbox1234567890"
    tiers = []
    {STAGE}
    [dimensions.users]
    unit = "user"
    aggregation = "distinct"
    """
    stage = load(tmp_path, own, product=PRODUCT)
    (product,) = stage.products
    assert (product.code, list(product.dimensions), product.tiers) == ("sandbox1234567890", ["users"], ())
    assert product.integration == "license"
    other = load(tmp_path, STAGE, "y", product=PRODUCT)
    assert (other.products.codes, list(other.dimensions)) == (("1234567890abcdefghijklmno",), ["api_calls"])


def test_a_tier_of_a_stage_includes_the_product_s_dimensions(tmp_path: Path) -> None:
    own = STAGE + '[[tiers]]\nname = "basic_tier"\nincluded = { api_calls = 7 }\n'
    (tier,) = load(tmp_path, own, product=PRODUCT).products.each[0].tiers
    assert tier.included == {"api_calls": Decimal(7)}


@pytest.mark.parametrize(
    ("stage", "product", "line"),
    [
        pytest.param(
            STAGE,
            changed("1234567890abcdefghijklmno", "", PRODUCT),
            f"stages/product.toml: productCode is empty: {TO_BE_SET}",
            id="wrong-in-the-product",
        ),
        pytest.param(
            f'productCode = "a b"\n{STAGE}',
            PRODUCT,
            f"stages/x.toml: productCode is 'a b': {TO_BE_SET}",
            id="wrong-in-the-stage",
        ),
        pytest.param(
            STAGE,
            changed('productCode = "1234567890abcdefghijklmno"\n', "", PRODUCT),
            f"stages/product.toml: productCode is missing: {TO_BE_SET}",
            id="missing-in-both",
        ),
        pytest.param(
            STAGE,
            None,
            f"stages/product.toml: productCode is missing: {TO_BE_SET}",
            id="without-a-product-file",
        ),
        pytest.param(
            STAGE.replace("suffix", "sufix"),
            PRODUCT,
            "stages/x.toml: sufix is not a known key",
            id="misspelt-in-the-stage",
        ),
        pytest.param(
            STAGE,
            f"colour = 1\n{PRODUCT}",
            "stages/product.toml: colour is not a known key",
            id="unknown-in-the-product",
        ),
        pytest.param(
            STAGE,
            f'region = "us-east-1"\n{PRODUCT}',
            "stages/product.toml: region belongs to a stage: move it to stages/x.toml",
            id="of-a-stage-in-the-product",
        ),
        pytest.param(STAGE, "= 1", "stages/product.toml: this is not valid TOML, ", id="no-toml"),
        pytest.param(
            STAGE,
            changed("api_calls = 0.5", "calls = 1", PRODUCT),
            "stages/product.toml: tiers[0].included.calls is not a dimension",
            id="contradiction-in-the-product",
        ),
        pytest.param(
            STAGE + SOLD_TABLES.replace("api_calls = 0.5", "calls = 1").split("scale = 1000")[1],
            PRODUCT,
            "stages/x.toml: tiers[0].included.calls is not a dimension",
            id="tiers-of-the-stage-contradict-the-product",
        ),
        pytest.param(
            STAGE + SOLD_TABLES.replace("api_calls", "calls").split("[[tiers]]")[0],
            PRODUCT,
            "stages/product.toml: tiers[0].included.api_calls is not a dimension of this product",
            id="dimensions-of-the-stage-contradict-the-product",
        ),
    ],
)
def test_a_fault_names_the_file_that_holds_the_key(tmp_path: Path, stage: str, product: str | None, line: str) -> None:
    with pytest.raises(StageError) as raised:
        load(tmp_path, stage, product=product)
    assert str(raised.value).startswith(line)


def test_a_product_code_of_the_command_line_replaces_the_files(tmp_path: Path) -> None:
    folder = write(tmp_path, STAGE, product=PRODUCT)
    assert stages.load("x", folder=folder, product_code="sandbox1234567890").products.codes == ("sandbox1234567890",)
    with pytest.raises(StageError) as raised:
        stages.load("x", folder=folder, product_code="a b")
    assert str(raised.value) == f"the command line: productCode is 'a b': {TO_BE_SET}"


def test_the_product_is_no_stage(tmp_path: Path) -> None:
    folder = write(tmp_path, STAGE, product=SOLD)
    assert stages.names(folder) == ["x"]
    with pytest.raises(StageError, match=r"^stages/product.toml: there is no such stage: name one of x "):
        stages.load("product", folder=folder)
