"""Every rule has one test and every test one rule; each test fails without its rule; the page for people is current."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from marketplace_local.rule_book import RULES
from marketplace_local.rule_book.page import markdown
from tests.marketplace_local.market import Market, Transport
from tests.marketplace_local.rules.rule import RULE_TESTS, original

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[2] / "docs" / "local-marketplace.md"
for path in sorted(FOLDER.glob("test_*.py")):
    if path != Path(__file__):
        import_module(f"tests.marketplace_local.rules.{path.stem}")


def test_every_rule_has_a_test_and_every_test_a_rule() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert set(RULE_TESTS) == set(ids)
    assert len(ids) >= 120
    tests = [entry.test for entry in RULE_TESTS.values()]
    assert len(tests) == len(set(tests)), "one test holds two rules"


def test_every_rule_names_its_source_and_its_code() -> None:
    for rule in RULES:
        assert rule.statement.endswith("."), rule.id
        assert rule.source, rule.id
        assert original(rule.code) is not None, rule.id


@pytest.mark.parametrize("rule_id", [rule.id for rule in RULES])
def test_without_the_rule_its_test_fails(
    rule_id: str, open_market: Callable[[Transport], Market], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = RULE_TESTS[rule_id]
    found.test(open_market("in process"))
    found.switch(monkeypatch)
    # KeyError: what nobody asked for is missed by the code behind
    with pytest.raises((AssertionError, ClientError, KeyError, pytest.fail.Exception)):
        found.test(open_market("in process"))


def test_the_page_for_people_is_current() -> None:
    """``python -m marketplace_local.rule_book > docs/local-marketplace.md``"""
    assert PAGE.read_text(encoding="utf-8") == markdown()
