"""The products of a stage as functions read them: by code, and through an environment variable of few bytes."""

import json
import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.dimensions import Dimension
from marketplace.products import READABLE, Product, Products
from marketplace.tiers import UNLIMITED, Tier

CALLS = Dimension(name="calls", unit="call", scale=1000, price=Decimal("0.05"))
USERS = Dimension(name="users", unit="user", aggregation="distinct")
FIRST = Product(
    code="first1234567890",
    title="First",
    integration="license",
    pricing_model="contract-with-consumption",
    dimensions={"calls": CALLS, "users": USERS},
    tiers=(Tier("basic", {"calls": Decimal("0.5")}), Tier("all", {"calls": UNLIMITED, "users": UNLIMITED})),
    hourly_zeros="users",
    allowance_period="contract",
)
SECOND = Product(
    code="second1234567890",
    integration="legacy",
    pricing_model="subscription",
    dimensions={"calls": Dimension(name="calls", unit="call", decimals=2)},
)
BOTH = Products((FIRST, SECOND))


def words(number: int, seed: int = 1) -> list[str]:
    """Names as sellers give them, of words that occur again and again."""
    some = [
        "api",
        "calls",
        "users",
        "data",
        "job",
        "build",
        "report",
        "seat",
        "image",
        "minute",
        "export",
        "node",
        "query",
        "search",
        "index",
        "token",
    ]
    found: dict[str, None] = {}
    pick = random.Random(seed)
    while len(found) < number:
        found["_".join(pick.sample(some, 3))] = None
    return list(found)


def large(dimensions: int, tiers: int, seed: int = 1) -> Product:
    pick = random.Random(seed)
    names = words(dimensions, seed)
    sold = {n: Dimension(name=n, unit=pick.choice(["call", "GB"]), price=Decimal(pick.randint(1, 999))) for n in names}
    held = [Tier(f"t{t}", {n: Decimal(pick.choice([10, 500]) * 10**t) for n in names}) for t in range(tiers)]
    return Product(
        code=f"code{seed}567890",
        integration="license",
        pricing_model="contract",
        dimensions=sold,
        tiers=tuple(held),
    )


def test_each_is_found_by_its_code_and_without_one_only_where_there_is_no_choice() -> None:
    assert BOTH.of(FIRST.code) is FIRST
    assert BOTH.of(SECOND.code) is SECOND
    assert BOTH.of("another") is None
    assert BOTH.of(None) is None
    assert Products((SECOND,)).of(None) is SECOND
    assert Products((SECOND,)).of("another") is None
    assert (BOTH.codes, list(BOTH), len(BOTH)) == ((FIRST.code, SECOND.code), [FIRST, SECOND], 2)


def test_a_short_text_is_plain_json_without_defaults() -> None:
    text = BOTH.to_json()
    assert json.loads(text)[1] == {
        "code": "second1234567890",
        "integration": "legacy",
        "pricingModel": "subscription",
        "dimensions": {"name": ["calls"], "unit": ["call"], "decimals": [2]},
    }
    assert Products.from_json(text) == BOTH


names = st.text(min_size=1, max_size=40)
amounts = st.decimals(0, 10**9, places=6)
dimensions = st.builds(
    Dimension,
    name=names,
    unit=names,
    aggregation=st.sampled_from(["sum", "distinct", "max"]),
    scale=st.integers(1, 10**6),
    decimals=st.integers(0, 6),
    price=st.none() | amounts,
)


@given(st.lists(dimensions, max_size=5, unique_by=lambda each: each.name), st.data())
def test_dimensions_and_tiers_are_read_back_exactly_and_in_order(made: list[Dimension], data: st.DataObject) -> None:
    included = st.dictionaries(st.sampled_from([each.name for each in made]), amounts | st.just(UNLIMITED))
    tiers = (
        data.draw(st.lists(st.builds(Tier, names, included), max_size=3, unique_by=lambda t: t.name)) if made else []
    )
    by_name = {each.name: each for each in made}
    product = Product(code="p", integration="mixed", pricing_model="contract", dimensions=by_name, tiers=tuple(tiers))
    (read,) = Products.from_json(Products((product,)).to_json())
    assert read == product
    assert list(read.dimensions) == list(by_name)


@given(st.integers(1, 60), st.integers(0, 4), st.integers(1, 9))
def test_whatever_travels_arrives(dimensions: int, tiers: int, seed: int) -> None:
    products = Products((large(dimensions, tiers, seed), FIRST))
    assert Products.from_json(products.to_json()) == products


def test_as_many_dimensions_as_a_product_may_have_fit_into_an_environment() -> None:
    # AWS Marketplace takes 200 dimensions, AWS Lambda 4,096 bytes; 3,000 of them are for what grows with a stage.
    text = Products((large(200, 3),)).to_json()
    assert READABLE < len(text) < 3_000
    assert Products.from_json(text) == Products((large(200, 3),))


@pytest.mark.parametrize(
    ("model", "zeros", "named"),
    [
        ("subscription", "every", ("calls", "users")),
        ("contract-with-consumption", "users", ("users",)),
        ("subscription", "off", ()),
        # A pure contract is metered only beyond what it includes.
        ("contract", "every", ()),
    ],
)
def test_an_idle_hour_sends_a_zero_of_these_dimensions(model: str, zeros: str, named: tuple[str, ...]) -> None:
    product = Product(
        code="p", integration="license", pricing_model=model, dimensions=FIRST.dimensions, hourly_zeros=zeros
    )
    assert product.zeros == named


def test_a_dimension_is_named_with_its_product_only_where_another_product_has_its_name() -> None:
    assert BOTH.label(FIRST.code, "calls") == "calls (first1234567890)"
    assert BOTH.label(FIRST.code, "users") == "users"
    assert BOTH.label(None, "calls") == "calls"
    assert Products((FIRST,)).label(FIRST.code, "calls") == "calls"
    assert BOTH.dimensions == {
        "calls (first1234567890)": CALLS,
        "users": USERS,
        "calls (second1234567890)": SECOND.dimensions["calls"],
    }


@pytest.mark.parametrize("model", ["subscription", "contract", "contract-with-consumption"])
def test_only_contracts_have_entitlements(model: str) -> None:
    product = Product(code="p", integration="license", pricing_model=model, dimensions={})
    assert product.has_contracts == (model != "subscription")
