"""What docs/errors.md says about a code: the page is the one place where errors and verdicts are explained."""

import re
from functools import cache
from typing import NamedTuple

from ops.stage import ROOT

PAGE = ROOT / "docs" / "errors.md"
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


class Meaning(NamedTuple):
    """One row of the page. section: its heading. cells: the other columns by their heads, as plain text."""

    section: str
    code: str
    cells: dict[str, str]

    @property
    def sentences(self) -> list[str]:
        """``head: text`` for each column that says something."""
        return [f"{head}: {text}" for head, text in self.cells.items() if text]


def meanings(code: str) -> list[Meaning]:
    """The rows of a code, in the page's order; a code may be an answer, a reason and a verdict."""
    return [meaning for meaning in _page() if meaning.code == code]


def meaning(code: str, section: str) -> Meaning | None:
    """The row of a code in one section of the page."""
    return next((each for each in meanings(code) if each.section == section), None)


def codes() -> list[str]:
    """Every code of the page."""
    return list(dict.fromkeys(each.code for each in _page()))


@cache
def _page() -> tuple[Meaning, ...]:
    found: list[Meaning] = []
    section, heads = "", list[str]()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section, heads = line.removeprefix("## ").strip(), []
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not heads:
                heads = cells
            elif not set("".join(cells)) <= {"-", " ", ":"}:
                named = {head: _plain(cell) for head, cell in zip(heads[1:], cells[1:], strict=False)}
                found += [Meaning(section, code, named) for code in re.findall(r"`([^`]+)`", cells[0])]
    return tuple(found)


def _plain(text: str) -> str:
    return _LINK.sub(r"\1", text).replace("`", "").replace("*", "")
