"""The documentation's site needs nothing from outside: with the network blocked every diagram is drawn."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Route

from stacks.synth import ROOT
from tests.local.pages.watched import Watched

#: For a page that never gets ready. How long Mermaid draws depends on the machine, so no step has a limit of its own.
pytestmark = pytest.mark.timeout(600)
#: Material keeps each diagram in a closed shadow root, which a test cannot look into.
OPEN_SHADOWS = """
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) { return attach.call(this, {...options, mode: "open"}); };
"""


def pages_with_diagrams() -> dict[str, int]:
    """The number of Mermaid blocks of each page, by the page's address in the site."""
    sources = {**{f"{page.stem}.html": page for page in (ROOT / "docs").glob("*.md")}, "index.html": ROOT / "README.md"}
    counts = {uri: len(re.findall(r"^```mermaid$", page.read_text(), re.MULTILINE)) for uri, page in sources.items()}
    return {uri: count for uri, count in counts.items() if count}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    return folder


@pytest.mark.parametrize("uri", pages_with_diagrams())
def test_diagrams_are_drawn_without_a_network(uri: str, site: Path, watched: Watched) -> None:
    asked: list[str] = []

    def blocked(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    watched.context.set_default_timeout(0)
    watched.context.route(re.compile(r"^(?!file:|data:|blob:)"), blocked)
    watched.context.add_init_script(OPEN_SHADOWS)
    watched.page.goto((site / uri).as_uri())
    diagrams = watched.page.locator("div.mermaid svg")
    diagrams.nth(pages_with_diagrams()[uri] - 1).wait_for()
    assert diagrams.count() == pages_with_diagrams()[uri]
    # Mermaid draws a bomb in place of a diagram that it cannot read.
    assert watched.page.locator("div.mermaid svg[aria-roledescription=error]").count() == 0
    assert watched.errors == []
    assert asked == []


def test_every_page_loads_nothing_from_outside(site: Path) -> None:
    """No script, style, picture or font of another host in any page."""
    loaded = re.compile(r"<(?:script|img|iframe)[^>]*\ssrc=\"?(https?:)?//|<link[^>]*rel=\"?stylesheet\"?[^>]*//")
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 10
    assert [page.name for page in pages if loaded.search(page.read_text(encoding="utf-8"))] == []
