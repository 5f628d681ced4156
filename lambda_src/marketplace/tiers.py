"""The contract's tiers, as the stage file declares them: lowest first, each with what it includes a month.

A tier's name is a contract dimension of the product (``GetEntitlements`` → ``Entitlement.Dimension``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

UNLIMITED = Decimal(-1)


@dataclass(frozen=True)
class Tier:
    """A tier of a product.

    name: the contract dimension. included: recorded units per month by usage dimension; -1 is unlimited.
    """

    name: str
    included: dict[str, Decimal]


def highest(tiers: Sequence[Tier], held: Iterable[str]) -> Tier | None:
    """The highest tier by the stage's order among the contract dimensions held; None if none is a tier."""
    names = set(held)
    return next((tier for tier in reversed(tiers) if tier.name in names), None)
