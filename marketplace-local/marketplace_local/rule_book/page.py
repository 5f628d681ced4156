"""The rule book as a page for people."""

from collections.abc import Iterator

from marketplace_local.rule_book import CHAPTERS, RULES, Rule

_HEAD = """# The rules of the local Marketplace

[`marketplace-local`](../marketplace-local/README.md) answers as AWS Marketplace does, by these {rules} rules. Each is
held by one test in `tests/marketplace_local/rules`, which is seen to fail when the rule is switched off. In {differing}
of them the sources disagree or are silent: a newer text of AWS's replaces an older one; otherwise the reading is taken
that hurts a seller more, or a setting has both.

This page is made of `marketplace_local/rule_book`: `python -m marketplace_local.rule_book > docs/local-marketplace.md`.
"""


def markdown() -> str:
    """The whole page."""
    differing = sum(rule.disagreement is not None for rule in RULES)
    return _HEAD.format(rules=len(RULES), differing=differing) + "\n" + "\n".join(_body()) + "\n"


def _body() -> Iterator[str]:
    for title, rules in CHAPTERS.items():
        yield f"## {title}\n\n| rule | | source |\n| --- | --- | --- |"
        yield from (_row(rule) for rule in rules)
        yield ""
    yield "## Where sources disagree\n\n| rule | sources | reading taken | how it hurts more |"
    yield "| --- | --- | --- | --- |"
    for rule in RULES:
        if differs := rule.disagreement:
            yield f"| {rule.id} | {_cell(differs.claims)} | {_cell(differs.taken)} | {_cell(differs.why)} |"


def _row(rule: Rule) -> str:
    return f"| {rule.id} | {_cell(rule.statement)} | {_cell(rule.source)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
