"""Tiers: lowest first, the highest held wins."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.tiers import UNLIMITED, Tier, from_json, highest, to_json

TIERS = (Tier("basic", {"d": Decimal("0.5")}), Tier("pro", {"d": Decimal(5)}), Tier("all", {"d": UNLIMITED}))


@pytest.mark.parametrize(
    ("held", "name"),
    [
        (["basic"], "basic"),
        (["pro", "basic"], "pro"),
        (["basic", "all", "pro"], "all"),
        (["basic", "basic", "other"], "basic"),
        (["other"], None),
        (["Basic"], None),
        ([], None),
    ],
)
def test_the_highest_by_the_stages_order(held: list[str], name: str | None) -> None:
    found = highest(TIERS, iter(held))
    assert (found.name if found else None) == name


def test_without_tiers_none_is_held() -> None:
    assert highest((), ["basic"]) is None


amounts = st.dictionaries(st.text(max_size=9), st.just(UNLIMITED) | st.decimals(0, 10**9, places=6), max_size=4)


@given(st.lists(st.builds(Tier, st.text(max_size=9), amounts), max_size=4))
def test_tiers_are_read_back_exactly_and_in_order(tiers: list[Tier]) -> None:
    assert from_json(to_json(tiers)) == tuple(tiers)
