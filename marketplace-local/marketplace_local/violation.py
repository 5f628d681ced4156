"""What a request breaks, and where."""

from typing import Any, NamedTuple

from marketplace_local.rule_book import rule_of_constraint

#: The names that lead to a value, innermost first: ``("Dimension", ("1.member", ("UsageRecords", None)))``
Place = tuple[str, Any] | None


class Violation(NamedTuple):
    """One constraint that a value breaks: ``path`` as in ``UsageRecords.1.member.Dimension``, ``constraint`` as in
    ``TagKey.max`` or, for a member that is missing, ``Tag.Key``.
    """

    path: str
    message: str
    constraint: str


def path_of(place: Place) -> str:
    """The path as messages show it: the outermost name first, with dots between."""
    names: list[str] = []
    while place:
        names.append(str(place[0]))
        place = place[1]
    return ".".join(reversed(names))


def describe(broken: list[Violation]) -> str:
    """The message of a refused request: the first few violations."""
    listed = "; ".join(f"Value at '{v.path}' failed to satisfy constraint: Member {v.message}" for v in broken[:5])
    return f"{len(broken)} validation error(s) detected: {listed}"


def rule_of(broken: list[Violation]) -> str:
    """The id of the rule of the first violation, "" if the rule book has none."""
    return rule_of_constraint(broken[0].constraint)
