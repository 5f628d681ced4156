"""What a contract dimension's value says: held, or merely listed. Whatever GetEntitlements answers, nothing fails."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyer.entitlements import fetched
from ledger.entitlements import dimensions_held
from ledger.subscriber import from_item
from marketplace.entitlements import Entitlement, from_api, held_tier, is_held
from marketplace.tiers import Tier

TIER = Tier("basic_tier", {})

HELD: tuple[Any, ...] = (
    {"IntegerValue": 1},
    {"IntegerValue": 2_147_483_647},
    {"DoubleValue": 0.5},
    {"DoubleValue": 1e22},
    {"BooleanValue": True},
    {"StringValue": "True"},
    {"StringValue": "Gold"},
    {"StringValue": " 3 "},
    {"IntegerValue": None, "StringValue": "Gold"},
)
LISTED: tuple[Any, ...] = (
    None,
    {},
    {"IntegerValue": None},
    {"IntegerValue": 0},
    {"IntegerValue": -1},
    {"DoubleValue": 0.0},
    {"DoubleValue": -0.0},
    {"DoubleValue": -2.5},
    {"DoubleValue": float("nan")},
    {"DoubleValue": float("inf")},
    {"BooleanValue": False},
    {"StringValue": ""},
    {"StringValue": "  "},
    {"StringValue": "False"},
    {"StringValue": "FALSE "},
    {"StringValue": "0"},
    {"StringValue": "-0.00"},
    {"StringValue": "sNaN"},
)


def read(value: Any, **more: Any) -> Entitlement:
    found = from_api({"Dimension": "basic_tier", "Value": value} | more)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "held"), [(value, True) for value in HELD] + [(value, False) for value in LISTED], ids=str
)
def test_a_value_is_held_or_merely_listed(value: Any, held: bool) -> None:
    entitlement = read(value)
    assert is_held(entitlement.value) is held
    assert held_tier([TIER], [entitlement], 0) == (TIER if held else None)
    stored = from_item({"customerIdentifier": "c", "entitlements": [{"dimension": "d", "value": entitlement.value}]})
    assert dimensions_held(stored, 0) == (("d",) if held else ())


def test_an_entry_without_a_value_is_listed() -> None:
    found = from_api({"Dimension": "basic_tier"})
    assert found is not None and not is_held(found.value)


@pytest.mark.parametrize("entry", [{}, {"Dimension": None}, {"Dimension": " "}, {"Value": {"IntegerValue": 1}}])
def test_an_entry_without_a_dimension_holds_nothing(entry: dict[str, Any]) -> None:
    assert from_api(entry) is None


def test_the_entitlement_shown_is_one_that_is_held() -> None:
    listed, held = read({}), read({"IntegerValue": 1}, Dimension="seats")
    change = fetched(from_item({"customerIdentifier": "c"}), [listed, held], tiers=[], fetched_at=0)
    assert change is not None
    assert change.set["entitlement"] == {"dimension": "seats"}


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.text(), st.decimals()))
def test_no_value_is_an_error(value: Any) -> None:
    name = {bool: "BooleanValue", int: "IntegerValue", float: "DoubleValue", str: "StringValue"}.get(type(value))
    found = read({name or "StringValue": str(value) if isinstance(value, Decimal) else value})
    assert is_held(found.value) in (True, False)
