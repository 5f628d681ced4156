"""Every file and folder that a page names is there. (``mkdocs build --strict`` in ``make check`` checks links.)"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.synth import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/**/README.md")]
#: Folders that a path in a page may begin with. Pages name functions' modules without ``lambda_src``.
BEGINNINGS = {path.name: ROOT for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")} | {
    path.name: ROOT / "lambda_src" for path in (ROOT / "lambda_src").iterdir() if path.is_dir()
}
#: What commands write, and npm's folder.
MADE = ("build/", "node_modules/")
_QUOTED = re.compile(r"`(?P<path>[A-Za-z_][\w./*-]*/[\w./*-]*)`")


def named(page: Path) -> Iterator[str]:
    """The paths in the page's text, outside of blocks."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for found in _QUOTED.finditer(text):
        path = found["path"]
        if path.split("/")[0] in BEGINNINGS and not path.startswith(MADE):
            yield path


def exists(path: str) -> bool:
    """True for a file, a folder, a module without ``.py``, a name in a module, and a pattern that matches."""
    root = BEGINNINGS[path.split("/")[0]]
    folder, _, last = path.rstrip("/").rpartition("/")
    tried = (path, f"{path}.py", f"{folder}/{last.split('.')[0]}.py")
    return any(next(root.glob(each.rstrip("/")), None) for each in tried)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_in_a_page_exists(page: Path) -> None:
    assert [path for path in named(page) if not exists(path)] == []


def test_paths_are_found() -> None:
    assert sum(len(list(named(page))) for page in PAGES) > 50
