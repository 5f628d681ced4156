"""The commands that README and docs/deploy.md tell people to run, as they stand there.

A block that begins with three backticks and ``sh tried=<name>`` is run by the tests under that name.
"""

import re
from pathlib import Path

from stacks.synth import ROOT

PAGES = (ROOT / "README.md", ROOT / "docs" / "deploy.md")
_TRIED = re.compile(r"^```sh tried=(?P<name>\S+)\n(?P<commands>.*?)^```$", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
#: Commands that reach into an account.
TARGETS = re.compile(r"\bmake (bootstrap|deploy|rollback|destroy|check STAGE|smoke)\b")


def tried() -> dict[str, str]:
    """Commands by name. Fails if two blocks of one name differ."""
    found: dict[str, str] = {}
    for page in PAGES:
        for block in _TRIED.finditer(page.read_text(encoding="utf-8")):
            known = found.setdefault(block["name"], block["commands"])
            assert known == block["commands"], f"{page.name}: block {block['name']} differs from that of another page"
    return found


def untried(page: Path) -> list[str]:
    """Blocks of commands that reach into an account, and that no test runs."""
    blocks = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [b["text"] for b in blocks if TARGETS.search(b["text"]) and "tried=" not in b["info"]]
