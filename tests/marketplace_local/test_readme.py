"""The README is complete: the requests of the admin interface, the kinds of faults, the number of rules."""

import re

from marketplace_local.admin import api as admin_api
from marketplace_local.admin import buyers as admin_buyers
from marketplace_local.faults.armed import KINDS
from marketplace_local.rule_book import PAGE, rules

README = (PAGE.parents[1] / "README.md").read_text(encoding="utf-8")


def rows(title: str) -> list[str]:
    """The first cells of a section's table."""
    section = README.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return [
        cell for cell in re.findall(r"^\| (.+?) \|", section, re.MULTILINE) if cell not in ("---", "kind", "request")
    ]


def test_the_kinds_of_faults() -> None:
    assert tuple(rows("Faults")) == KINDS


def test_the_requests_of_the_admin_interface() -> None:
    words = set(re.findall(r"[a-z/{}-]+", " ".join(rows("Admin API"))))
    paths = {*admin_api.POSTS, *admin_api.GETS, *(action for action in admin_buyers.ACTIONS)}
    actions = {word.removeprefix("buyers/{id}/") for word in words}
    assert paths <= words | actions


def test_the_number_of_rules() -> None:
    assert f"[{len(rules())} rules]" in README
