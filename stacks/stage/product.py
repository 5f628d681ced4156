"""What the product sells, as a stage file says it: usage dimensions, and contract tiers with what they include."""

import re
from collections.abc import Mapping
from typing import get_args

from marketplace.dimensions import Aggregation, Dimension
from marketplace.tiers import Tier
from stacks.stage.section import Section


def read_dimensions(section: Section) -> dict[str, Dimension]:
    """By name, in the file's order. Raises StageError."""
    remedy = "write it as a table: unit, aggregation, and where needed scale and decimals"
    found = {}
    for name in section.names():
        # the name is also an attribute of the open hour and part of "<customer>|<hour>|<dimension>"
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,99}", name):
            raise section.fault(name, "is no usable dimension name", "use a letter, then letters, digits and _")
        entry = section.section(name, remedy=remedy)
        found[name] = Dimension(
            name=name,
            unit=entry.matching("unit", r"\S.{0,49}", 'say what one unit is, for example "call"'),
            aggregation=entry.one_of("aggregation", get_args(Aggregation)),  # type: ignore[arg-type]
            scale=entry.number("scale", 1, 1_000_000_000, default=1),
            decimals=entry.number("decimals", 0, 6, default=0),
            price=entry.amount(
                "price", remedy="set the list price of one billed unit, for example 0.05, or leave it out"
            ),
        )
        entry.close()
    return found


def read_tiers(top: Section, dimensions: Mapping[str, Dimension]) -> tuple[Tier, ...]:
    """Lowest first. Raises StageError."""
    tiers: list[Tier] = []
    for entry in top.sections("tiers", remedy="add [[tiers]] tables, lowest first, or tiers = []"):
        name = entry.matching("name", r"\S{1,255}", "set it to the contract dimension of this tier")
        if name in {tier.name for tier in tiers}:
            raise entry.fault("name", f"is {name!r} twice", "name each tier once, lowest first")
        tiers.append(Tier(name, entry.decimals("included", list(dimensions))))
        entry.close()
    return tuple(tiers)
