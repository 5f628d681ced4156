"""docs/rights.md is of today's templates: each right has a proof or a reason, and none is there that no role has."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from stacks.synth import ROOT
from tests.rights import page, recording
from tests.rights.reasons import REASONS, RULES, reason_of
from tests.rights.roles import Right
from tests.synthesized import Assembly

AGAIN = "run `python -m tests.rights.record` (or, where only a stack lost rights, `python -m tests.rights.page`)"


@pytest.fixture(scope="module")
def rights(prod: Assembly, dev: Assembly, engines: Assembly, company: Assembly, seller: Assembly) -> set[Right]:
    """All rights of the stages that the page lists."""
    return page.rights_of((prod, dev, engines, company, seller))


def test_every_right_is_used_by_a_test_or_has_a_reason_or_is_named_as_not_shown_yet(rights: set[Right]) -> None:
    assert page.unproved(rights, recording.load()) == page.waiting(), AGAIN


def test_the_page_is_of_todays_templates_and_of_the_record(rights: set[Right]) -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(rights, recording.load()), AGAIN


def test_no_right_that_was_used_has_a_reason_why_it_cannot_be(rights: set[Right]) -> None:
    """A reason that a run contradicts is false."""
    assert [right for right in recording.load() if right in rights and reason_of(right)] == []


def test_each_reason_is_of_some_right(rights: set[Right]) -> None:
    given = {reason_of(right) for right in rights}
    assert given - {None} == set(REASONS) == {name for *_, name in RULES}


@pytest.mark.parametrize("number", range(len(RULES)))
def test_each_rule_speaks_of_a_right(rights: set[Right], number: int) -> None:
    others = (*RULES[:number], *RULES[number + 1 :])
    assert any(reason_of(right) != reason_of(right, others) for right in rights), RULES[number]


@cache
def functions_of(file: str) -> set[str]:
    (path,) = (ROOT / "tests" / "local").glob(f"*/{file}")
    return {
        node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)
    }


def named() -> Iterator[tuple[str, str]]:
    for use in recording.load().values():
        for test in use.tests:
            file, _, function = test.partition("::")
            yield file, function


def test_the_tests_that_used_a_right_are_still_there() -> None:
    assert {(file, function) for file, function in named() if function not in functions_of(file)} == set(), AGAIN


def test_what_was_recorded_is_of_rights_that_are_still_there(rights: set[Right], local: Assembly) -> None:
    assert set(recording.load()) - rights - page.rights_of([local]) == set(), AGAIN


def test_a_new_right_is_noticed(rights: set[Right]) -> None:
    new = Right("function report", "dynamodb:DeleteItem", "table MeteringRecords")
    assert page.unproved({*rights, new}, recording.load()) == sorted([*page.waiting(), new])
