"""Tiers: lowest first, the highest held wins."""

from decimal import Decimal

import pytest

from marketplace.tiers import UNLIMITED, Tier, highest

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
