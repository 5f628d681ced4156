"""A dimension's largest quantities."""

from decimal import Decimal

import pytest

from marketplace.dimensions import Dimension


@pytest.mark.parametrize(
    ("decimals", "largest"), [(0, "2147483647"), (1, "9999999999.999999"), (6, "9999999999.999999")]
)
def test_the_largest_quantity_is_the_models(decimals: int, largest: str) -> None:
    assert Dimension(name="d", unit="u", decimals=decimals).largest == Decimal(largest)
