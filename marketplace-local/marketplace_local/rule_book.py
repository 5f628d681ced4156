"""The rule book: ``RULES.md`` beside this file, one table row a rule."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).with_name("RULES.md")
_CONSTRAINT = re.compile(r"`(\w+\.\w+)`")


class Rule(NamedTuple):
    """One row. ``reading``: the differing sources and the reading taken, "" where the sources agree."""

    id: str
    statement: str
    source: str
    reading: str


@cache
def rules() -> dict[str, Rule]:
    """Every rule by its id, in the order of the page."""
    rows = re.findall(r"^\| ([A-Z]\d\d) \| (.+) \| (.+) \| (.*) ?\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {row[0]: Rule(*(cell.strip() for cell in row)) for row in rows}


@cache
def rule_of_constraint(constraint: str) -> str:
    """The id of the rule whose source names a constraint of botocore's models (``TagKey.max``), "" if none does."""
    found = (rule.id for rule in rules().values() if constraint in _CONSTRAINT.findall(rule.source))
    return next(found, "")
