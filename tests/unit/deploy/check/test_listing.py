"""The listing against the stage file: dimensions and their kinds, pricing model, visibility, product code."""

from collections.abc import Iterable
from typing import Any

import pytest

from deploy.check.catalog import Found, Product
from deploy.check.listing import dimension_lines, pricing_line, product_lines, visibility_line
from deploy.line import Line, State
from tests.unit.deploy.targets import stage

USAGE, CONTRACT = frozenset({"ExternallyMetered"}), frozenset({"Entitled"})
STAGE = stage()
(SOLD,) = STAGE.products
LISTED = {**dict.fromkeys(STAGE.dimensions, USAGE), **dict.fromkeys((tier.name for tier in SOLD.tiers), CONTRACT)}


def by_name(lines: Iterable[Line]) -> dict[str, Line]:
    return {line.about.removeprefix("dimension "): line for line in lines}


def test_a_listing_that_is_the_same_has_one_green_line_for_each_dimension() -> None:
    lines = by_name(dimension_lines(STAGE, SOLD, LISTED))
    assert set(lines) == set(LISTED)
    assert {line.state for line in lines.values()} == {State.GREEN}


def changed(**changes: frozenset[str] | None) -> dict[str, Line]:
    listed = {name: kinds for name, kinds in {**LISTED, **changes}.items() if kinds is not None}
    return {
        name: line
        for name, line in by_name(dimension_lines(STAGE, SOLD, listed)).items()
        if line.state is not State.GREEN
    }


def test_a_dimension_that_the_listing_lacks_is_named() -> None:
    (line,) = changed(api_calls=None).values()
    assert (line.about, line.state) == ("dimension api_calls", State.RED)
    assert "would be refused" in line.says and "ExternallyMetered" in line.remedy


def test_a_dimension_in_other_letters_is_another_one() -> None:
    found = changed(api_calls=None, Api_Calls=USAGE)
    assert found["api_calls"].state is State.RED
    assert "is written Api_Calls" in found["api_calls"].says


def test_a_dimension_of_the_other_kind_is_named_with_both() -> None:
    listed = {**LISTED, "api_calls": CONTRACT, "basic_tier": USAGE}
    found = [line for line in dimension_lines(STAGE, SOLD, listed) if line.state is State.RED]
    says = {line.about.removeprefix("dimension "): line.says for line in reversed(found)}
    assert "is Entitled in the listing" in says["api_calls"]
    assert "is ExternallyMetered in the listing" in says["basic_tier"]


def test_a_dimension_may_be_both_kinds() -> None:
    assert "api_calls" in changed(api_calls=USAGE | CONTRACT), (
        "as a contract it can be bought, and there is no such tier"
    )
    assert changed(basic_tier=CONTRACT | USAGE)["basic_tier"].state is State.YELLOW, "and nothing meters it"


def test_a_contract_that_is_no_tier_bills_what_buyers_have_paid_for() -> None:
    found = changed(platinum_tier=CONTRACT)
    assert found["platinum_tier"].state is State.RED
    assert "have nothing included" in found["platinum_tier"].says


def test_a_listed_dimension_that_is_never_metered_is_yellow() -> None:
    assert changed(seats=USAGE)["seats"].state is State.YELLOW


def offer(*types: str) -> dict[str, Any]:
    return {"Terms": [{"Type": type_} for type_ in ("LegalTerm", "SupportTerm", *types)]}


@pytest.mark.parametrize(
    ("types", "model"),
    [
        (["UsageBasedPricingTerm"], "subscription"),
        (["ConfigurableUpfrontPricingTerm"], "contract"),
        (["UsageBasedPricingTerm", "ConfigurableUpfrontPricingTerm"], "contract-with-consumption"),
        (["FreeTrialPricingTerm", "UsageBasedPricingTerm"], "subscription"),
    ],
)
def test_the_terms_of_the_public_offer_are_the_pricing_model(types: list[str], model: str) -> None:
    assert pricing_line(model, [offer(*types)]).state is State.GREEN
    wrong = "contract" if model != "contract" else "subscription"
    line = pricing_line(wrong, [offer(*types)])
    assert line.state is State.RED
    assert f'pricingModel = "{model}"' in line.remedy


def test_without_a_public_offer_the_pricing_model_cannot_be_known() -> None:
    assert pricing_line("subscription", []).state is State.YELLOW
    assert pricing_line("subscription", [offer()]).state is State.YELLOW


def test_two_public_offers_of_different_models_are_red() -> None:
    both = [offer("UsageBasedPricingTerm"), offer("ConfigurableUpfrontPricingTerm")]
    assert pricing_line("subscription", both).state is State.RED


@pytest.mark.parametrize(
    ("visibility", "state"),
    [
        ("Public", State.GREEN),
        ("Limited", State.GREEN),
        ("Draft", State.RED),
        ("Restricted", State.YELLOW),
        ("", State.YELLOW),
    ],
)
def test_the_listing_s_visibility_has_a_line(visibility: str, state: State) -> None:
    assert visibility_line(visibility).state is state


def product(code: str, kind: str = "SaaSProduct") -> Product:
    details = {"Description": {"ProductCode": code, "ProductTitle": f"Title of {code}", "Visibility": "Public"}}
    return Product(kind, f"prod-{code}", details)


def test_an_unknown_product_code_is_red_with_the_seller_s_codes() -> None:
    (line,) = product_lines(STAGE, SOLD, Found(None, (product("abc"),)))
    assert line.state is State.RED
    assert "abc (Title of abc)" in line.remedy and "stages/dev.toml" in line.remedy
    (line,) = product_lines(STAGE, SOLD, Found(None))
    assert "it has none" in line.remedy


def test_a_product_of_another_type_is_red() -> None:
    (line,) = product_lines(STAGE, SOLD, Found(product(SOLD.code, "AmiProduct")))
    assert line.state is State.RED
    assert "AmiProduct" in line.says


def test_each_thing_of_a_product_has_its_line() -> None:
    lines = list(product_lines(STAGE, SOLD, Found(product(SOLD.code))))
    assert [line.about for line in lines[:2]] == ["product", "visibility"]
    assert lines[-1].about == "pricing model"
    assert len(lines) == 3 + len(STAGE.dimensions) + len(SOLD.tiers)
