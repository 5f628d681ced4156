"""The contract's tiers, as the stage file declares them: lowest first, each with what it includes a month.

A tier's name is a contract dimension of the product (``GetEntitlements`` → ``Entitlement.Dimension``).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

UNLIMITED = Decimal(-1)


@dataclass(frozen=True)
class Tier:
    """A tier of the stage.

    name: the contract dimension. included: recorded units per month by usage dimension; -1 is unlimited.
    """

    name: str
    included: dict[str, Decimal]


def to_json(tiers: Sequence[Tier]) -> str:
    """The tiers as the text of an environment variable, from which ``from_json`` reads them."""
    return json.dumps(
        [{"name": tier.name, "included": {k: str(v) for k, v in tier.included.items()}} for tier in tiers],
        separators=(",", ":"),
    )


def from_json(text: str) -> tuple[Tier, ...]:
    """The tiers from the text that ``to_json`` wrote, lowest first."""
    return tuple(
        Tier(entry["name"], {k: Decimal(v) for k, v in entry["included"].items()}) for entry in json.loads(text)
    )


def highest(tiers: Sequence[Tier], held: Iterable[str]) -> Tier | None:
    """The highest tier by the stage's order among the contract dimensions held; None if none is a tier."""
    names = set(held)
    return next((tier for tier in reversed(tiers) if tier.name in names), None)
