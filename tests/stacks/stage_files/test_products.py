"""``[[products]]``: several products in one deployment, in place of the keys of one."""

from decimal import Decimal
from pathlib import Path

import pytest

from marketplace.products import Products
from stacks import stage as stages
from stacks.stage import StageError
from tests.stacks.stage_files.files import PRODUCT, STAGE, load, write

FIRST = """
[[products]]
productCode = "first1234567890"
title = "First"
integration = "license"
pricingModel = "contract-with-consumption"
hourlyZeros = "api_calls"
[products.dimensions.api_calls]
unit = "call"
aggregation = "sum"
scale = 1000
price = 0.25
[[products.tiers]]
name = "basic_tier"
included = { api_calls = 5000 }
"""
SECOND = """
[[products]]
productCode = "second1234567890"
integration = "legacy"
pricingModel = "subscription"
tiers = []
[products.dimensions.api_calls]
unit = "call"
aggregation = "sum"
[products.dimensions.users]
unit = "user"
aggregation = "distinct"
"""
BOTH = FIRST + SECOND


def refusal(folder: Path, product: str, stage: str = STAGE) -> str:
    with pytest.raises(StageError) as raised:
        load(folder, stage, product=product)
    return str(raised.value)


def test_each_product_has_its_own_terms(tmp_path: Path) -> None:
    stage = load(tmp_path, STAGE, product=BOTH)
    first, second = stage.products
    assert (first.code, first.title, first.zeros) == ("first1234567890", "First", ("api_calls",))
    assert first.tiers[0].included == {"api_calls": Decimal(5000)}
    assert (second.integration, second.pricing_model, second.tiers) == ("legacy", "subscription", ())
    assert (first.dimensions["api_calls"].scale, second.dimensions["api_calls"].scale) == (1000, 1)
    assert stage.notices == {first.code: ("eventbridge",), second.code: ("sns",)}
    assert stage.ways_of_notices == {"eventbridge", "sns"}
    assert (stage.has_contracts, stage.currency) == (True, "USD")
    assert Products.from_json(stage.products.to_json()) == stage.products


def test_a_stage_s_own_list_takes_the_place_of_the_product_file_s(tmp_path: Path) -> None:
    assert load(tmp_path, STAGE + SECOND, product=BOTH).products.codes == ("second1234567890",)


def test_one_product_may_be_written_either_way(tmp_path: Path) -> None:
    listed = load(tmp_path, STAGE, product=SECOND).products
    keys = SECOND.replace("[[products]]\n", "").replace("[products.", "[")
    assert load(tmp_path, STAGE, "y", product=keys).products == listed


@pytest.mark.parametrize(
    ("product", "line"),
    [
        (
            PRODUCT + BOTH,
            "products stands beside productCode (stages/product.toml): write that product as another [[products]]"
            " table, or remove the list",
        ),
        ("products = []", "products is empty: write a [[products]] table for each product"),
        ('products = "x"', "products is 'x', not a list of tables: write a [[products]] table for each product"),
        (FIRST + FIRST, "products[1].productCode is 'first1234567890' twice: write one [[products]] table for it"),
        (
            SECOND + SECOND.replace("second", "third").replace('"legacy"', '"mixed"'),
            "products[1].integration is 'mixed', and so second1234567890 is not the only product with legacy buyers:"
            " AWS Marketplace may name a buyer of both by one CustomerIdentifier: deploy one of them as a stage"
            " of its own",
        ),
        (
            FIRST + FIRST.replace("first", "third").replace("title", 'currency = "EUR"\ntitle'),
            "products[1].currency is 'EUR', and other prices are in 'USD': alarms and reports add them up: leave out"
            " the prices, or deploy the product as a stage of its own",
        ),
        (
            BOTH.replace("tiers = []", 'tiers = []\nnotices = ["eventbridge"]'),
            "products[1].notices leaves out 'sns': integration = \"legacy\" learns of its buyers by it: add it",
        ),
        (
            BOTH.replace("tiers = []", 'tiers = []\nhourlyZeros = "calls"'),
            "products[1].hourlyZeros is 'calls': set it to one of off, every, api_calls, users",
        ),
        (
            BOTH.replace("{ api_calls = 5000 }", "{ users = 5 }"),
            "products[0].tiers[0].included.users is not a dimension of this product: include any of api_calls",
        ),
        (
            BOTH.replace('"contract-with-consumption"', '"subscription"'),
            'products[0].tiers include usage, and pricingModel = "subscription" has no contracts that could hold them:'
            ' set pricingModel = "contract-with-consumption", or tiers = []',
        ),
        (
            BOTH.replace("tiers = []\n", ""),
            "products[1].tiers is missing: add [[tiers]] tables, lowest first, or tiers = []",
        ),
        (BOTH.replace('title = "First"', "tilte = 1"), "products[0].tilte is not a known key: remove it or correct"),
    ],
)
def test_what_is_wrong_with_the_list_is_one_line(tmp_path: Path, product: str, line: str) -> None:
    assert refusal(tmp_path, product).startswith(f"stages/product.toml: {line}")


def test_prices_in_two_currencies_are_no_matter_where_one_product_has_none(tmp_path: Path) -> None:
    text = FIRST.replace("price = 0.25\n", "").replace("title", 'currency = "EUR"\ntitle')
    assert load(tmp_path, STAGE, product=text + FIRST.replace("first", "third")).currency == "USD"


def test_a_product_code_of_the_command_line_names_one_product(tmp_path: Path) -> None:
    folder = write(tmp_path, STAGE, product=BOTH)
    with pytest.raises(StageError) as raised:
        stages.load("x", folder=folder, product_code="sandbox1234567890")
    assert str(raised.value).startswith("stages/product.toml: products stands beside productCode (the command line): ")


def test_other_keys_may_name_a_dimension_of_any_product(tmp_path: Path) -> None:
    own = STAGE + "[unusual]\natLeastUnits = { users = 5 }\n"
    assert load(tmp_path, own, product=BOTH).unusual.at_least_units == {"users": 5}
    assert "unusual.atLeastUnits.nodes is not a dimension of this stage: name any of api_calls, users" in refusal(
        tmp_path, BOTH, own.replace("users", "nodes")
    )


def test_products_that_do_not_fit_into_an_environment_are_refused_with_their_size(tmp_path: Path) -> None:
    """200 dimensions of one product fit (tests/unit/marketplace/test_products.py); many such products do not."""

    def product(number: int) -> str:
        names = (f"measured_{(number * 7919 + n) * 2654435761 % 2**32:08x}" for n in range(200))
        tables = "".join(
            f'[products.dimensions.{name}]\nunit = "unit {name[-3:]}"\naggregation = "sum"\n' for name in names
        )
        return SECOND.split("[products.dim")[0].replace("second", f"n{number}n").replace("legacy", "license") + tables

    said = refusal(tmp_path, "".join(map(product, range(3))))
    assert said.startswith("stages/product.toml: products with their dimensions and tiers take ")
    assert " of the 3000 bytes that functions have for them: name fewer" in said
