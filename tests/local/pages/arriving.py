"""A buyer arrives in a browser, and what is stored then."""

from html import escape
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from ledger import tables
from local.stage import LocalStage
from stacks.synth import ROOT
from tests.local.pages.watched import Watched

#: The rules of WCAG 2.2 A and AA that axe can decide, and its best practices.
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


def arrive(stage: LocalStage, watched: Watched, token: str, folder: Path) -> None:
    """As Marketplace's "Set up your account" does: another site's page posts the token to ours."""
    page = folder / "marketplace.html"
    page.write_text(
        f'<!doctype html><form method="post" action="{escape(stage.api.url)}/register">'
        f'<input type="hidden" name="x-amzn-marketplace-token" value="{escape(token)}">'
        "<button>Set up your account</button></form>"
    )
    watched.page.goto(page.as_uri())
    watched.page.get_by_role("button").click()
    watched.page.wait_for_url(f"{stage.api.url}/register")


def stored(stage: LocalStage, buyer: dict[str, Any]) -> dict[str, Any]:
    (item,) = [i for i in stage.items(tables.SUBSCRIBERS) if i["customerIdentifier"] == buyer["id"]]
    return item


def barriers(page: Page) -> list[str]:
    """What axe finds on the page: the rules that it breaks, with the elements. The page's own policy lets no script in;
    a debugger's is none of its own."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: tags}).then(r => r.violations.map("
        "v => v.id + ': ' + v.nodes.map(n => n.html).join(' ')))",
        list(WCAG),
    )
    return list(found)


def scrolls_sideways(page: Page) -> bool:
    """Whether anything is wider than the window."""
    wider = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return bool(wider)
