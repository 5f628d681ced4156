"""Every row of the rule book has a test and every test a row; a refusal names the row that it breaks."""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from marketplace_local import rule_book
from tests.marketplace_local.market import Market, Transport
from tests.marketplace_local.rules.rule import RULE_TESTS

FOLDER = Path(__file__).parent
for path in sorted(FOLDER.glob("test_*.py")):
    if path != Path(__file__):
        import_module(f"tests.marketplace_local.rules.{path.stem}")

SOURCE = rule_book.PAGE.parent
CODE = {path: path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")}
#: ids of the rules that a refusal or a status names: in the code, or as a constraint of botocore's models
NAMED = {found for text in CODE.values() for found in re.findall(r'rule="([A-Z]\d\d)"|return "([A-Z]\d\d)"', text)}
NAMED_IN_CODE = sorted({id for pair in NAMED for id in pair if id})
CONSTRAINTS = re.findall(r"`(\w+\.\w+)`", "".join(rule.source for rule in rule_book.rules().values()))


def test_every_row_has_a_test_and_every_test_a_row() -> None:
    ids = re.findall(r"^\| ([A-Z]\d+) ", rule_book.PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(ids) == len(set(ids)) >= 120
    assert ids == list(rule_book.rules())
    assert set(RULE_TESTS) == set(ids)
    tests = [entry.test for entry in RULE_TESTS.values()]
    assert len(tests) == len(set(tests)), "one test holds two rules"


def test_every_row_is_a_sentence_with_a_source() -> None:
    for rule in rule_book.rules().values():
        assert rule.statement.endswith(".") and rule.source, rule.id
        assert not rule.reading or "**Taken:** " in rule.reading, rule.id


def test_the_code_names_rows_of_the_page_only() -> None:
    for path, text in CODE.items():
        assert set(re.findall(r"\b[A-Z]\d\d\b", text)) <= set(rule_book.rules()), path


@pytest.mark.parametrize("rule_id", list(rule_book.rules()))
def test_without_the_rule_its_test_fails(
    rule_id: str, open_market: Callable[[Transport], Market], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = RULE_TESTS[rule_id]
    market = open_market("in process")
    found.test(market)
    if rule_id in NAMED_IN_CODE or "`" in rule_book.rules()[rule_id].source:
        calls = market.state.log.calls
        assert rule_id in {call.rule for call in calls} | {result["rule"] for call in calls for result in call.results}
    found.switch(monkeypatch)
    # A LookupError or a ValueError comes from code that relies on the rule, also where a test unpacks a list.
    with pytest.raises((AssertionError, ClientError, LookupError, ValueError, pytest.fail.Exception)):
        found.test(open_market("in process"))
