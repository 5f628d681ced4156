"""One rule of the local Marketplace, as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Disagreement:
    """Sources that differ, or are silent. claims: who says what. taken: the reading. why: how it hurts more."""

    claims: str
    taken: str
    why: str


@dataclass(frozen=True)
class Rule:
    """id: area and number. source: where AWS says it. code: the ``module:name`` below ``marketplace_local`` of it."""

    id: str
    statement: str
    source: str
    code: str
    disagreement: Disagreement | None = None
