"""A rule's test, and the switch that takes the rule out of the real code, to show that the test then fails."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
from botocore.model import Shape

from marketplace_local import model
from tests.marketplace_local.market import Market

Test = Callable[[Market], None]
Switch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class RuleTest:
    """``switch`` turns the rule off until the patch is undone."""

    test: Test
    switch: Switch

    @property
    def name(self) -> str:
        return f"{self.test.__module__}.{self.test.__qualname__}"


#: rule's id → its test
RULE_TESTS: dict[str, RuleTest] = {}


def rule(rule_id: str, switch: Switch) -> Callable[[Test], Test]:
    """Marks the one test of a rule."""

    def mark(test: Test) -> Test:
        found = RuleTest(test, switch)
        known = RULE_TESTS.setdefault(rule_id, found)
        assert known.name == found.name, f"{rule_id} has two tests: {known.name} and {found.name}"
        return test

    return mark


def nothing(*_: object, **__: object) -> None:
    """Stands for a rule that is switched off."""


def without(place: str, instead: Any = nothing) -> Switch:
    """``module:name`` below ``marketplace_local`` does nothing, or something else; ``name`` may lead into a class."""
    module, _, name = place.partition(":")
    owner: Any = import_module(f"marketplace_local.{module}")
    *classes, last = name.split(".")
    for entry in classes:
        owner = getattr(owner, entry)
    assert hasattr(owner, last), place
    return lambda patch: patch.setattr(owner, last, instead)


def original(place: str) -> Any:
    """The real function, for a switch that calls it."""
    module, _, name = place.partition(":")
    found: Any = import_module(f"marketplace_local.{module}")
    for entry in name.split("."):
        found = getattr(found, entry)
    return found


def unbound(shape: str, *names: str) -> Switch:
    """The model has no ``min``, ``max``, ``pattern`` or ``enum`` for a shape."""
    real = model.constraint

    def constraint(given: Shape, name: str) -> Any:
        return None if given.name == shape and name in names else real(given, name)

    return _remodelled("constraint", constraint)


def optional(shape: str, member: str) -> Switch:
    """The model does not require a structure's member."""
    real = model.required

    def required(given: Any) -> tuple[str, ...]:
        return tuple(name for name in real(given) if (given.name, name) != (shape, member))

    return _remodelled("required", required)


def _remodelled(name: str, instead: Any) -> Switch:
    def apply(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(model, name, instead)
        compiled = model._checks
        patch.setattr(model, "_checks", compiled.__wrapped__)

    return apply
