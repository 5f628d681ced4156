"""Values to DynamoDB and back: exactly boto3's conversion, which is the oracle."""

from decimal import Decimal, DecimalException
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from ledger.attribute_values import from_attributes, to_attribute, to_attributes

numbers = st.one_of(
    st.integers(-(10**38) + 1, 10**38 - 1),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12),
)
scalars = st.one_of(st.none(), st.booleans(), st.text(), numbers)
sets = st.one_of(st.sets(st.text(), min_size=1), st.sets(numbers, min_size=1))
values = st.recursive(
    st.one_of(scalars, sets), lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)), max_leaves=12
)


def unordered(attribute: Any) -> Any:
    """Sets travel as lists in any order."""
    if isinstance(attribute, dict):
        return {
            name: sorted(value) if name in ("SS", "NS") and isinstance(value, list) else unordered(value)
            for name, value in attribute.items()
        }
    return [unordered(entry) for entry in attribute] if isinstance(attribute, list) else attribute


@given(st.dictionaries(st.text(), values))
def test_an_item_travels_as_boto3_writes_and_reads_it(item: dict[str, Any]) -> None:
    written, read = TypeSerializer(), TypeDeserializer()
    stored = {name: written.serialize(value) for name, value in item.items()}
    assert unordered(to_attributes(item)) == unordered(stored)
    assert from_attributes(stored) == {name: read.deserialize(value) for name, value in stored.items()} == item
    assert from_attributes(to_attributes(item)) == item


@pytest.mark.parametrize(
    "value", [1.5, float("nan"), Decimal("NaN"), Decimal("-Infinity"), set(), b"x", {1, "a"}, {True}]
)
def test_what_has_no_exact_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        to_attribute(value)


@pytest.mark.parametrize("number", [10**38 + 1, Decimal("1.00000000000000000000000000000000000001"), Decimal("1E127")])
def test_a_number_that_does_not_fit_is_never_rounded(number: Any) -> None:
    with pytest.raises(DecimalException):
        to_attribute(number)
    with pytest.raises(DecimalException):
        TypeSerializer().serialize(number)


def test_sets_of_both_kinds_and_tuples() -> None:
    assert to_attribute(frozenset({"a"})) == {"SS": ["a"]}
    assert to_attribute({Decimal(2)}) == {"NS": ["2"]}
    assert to_attribute(("a", 1)) == {"L": [{"S": "a"}, {"N": "1"}]}
