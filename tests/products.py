"""What a stage sells, for tests that care about a part of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from marketplace.dimensions import Dimension
from marketplace.products import Product, Products
from marketplace.tiers import Tier
from stacks.stage import Stage


def sold(
    dimensions: Mapping[str, Dimension] | None = None,
    *,
    code: str = "product",
    integration: str = "mixed",
    pricing_model: str = "subscription",
    tiers: Sequence[Tier] = (),
    **others: Any,
) -> Products:
    """One product."""
    product = Product(
        code=code,
        integration=integration,
        pricing_model=pricing_model,
        dimensions=dimensions or {},
        tiers=tuple(tiers),
        **others,
    )
    return Products((product,))


def selling(stage: Stage, *, notices: tuple[str, ...] = (), currency: str = "", **changes: Any) -> Stage:
    """The stage with its only product changed. notices, currency: others than it has."""
    (product,) = stage.products
    changed = replace(product, **changes)
    return replace(
        stage,
        products=Products((changed,)),
        notices={changed.code: notices or stage.notices[product.code]},
        currencies={changed.code: currency or stage.currencies[product.code]},
    )
