"""Dimensions travel through an environment variable unchanged."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.dimensions import Dimension, from_json, to_json

names = st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable())
dimensions = st.builds(
    Dimension,
    name=names,
    unit=names,
    aggregation=st.sampled_from(["sum", "distinct", "max"]),
    scale=st.integers(1, 10**6),
    decimals=st.integers(0, 6),
)


@given(st.lists(dimensions, max_size=5, unique_by=lambda dimension: dimension.name))
def test_dimensions_are_read_back_in_order(made: list[Dimension]) -> None:
    by_name = {dimension.name: dimension for dimension in made}
    assert list(from_json(to_json(by_name)).items()) == list(by_name.items())


def test_defaults() -> None:
    made = from_json('[{"name": "d", "unit": "u"}]')["d"]
    assert (made.aggregation, made.scale, made.decimals) == ("sum", 1, 0)


@pytest.mark.parametrize("wrong", [{"name": "d"}, {"name": "d", "unit": "u", "colour": 1}])
def test_a_wrong_field_is_not_passed_over(wrong: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        from_json(json.dumps([wrong]))


@pytest.mark.parametrize(
    ("decimals", "largest"), [(0, "2147483647"), (1, "9999999999.999999"), (6, "9999999999.999999")]
)
def test_the_largest_quantity_is_the_models(decimals: int, largest: str) -> None:
    assert Dimension(name="d", unit="u", decimals=decimals).largest == Decimal(largest)
