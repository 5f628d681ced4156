"""Debian's Chromium, once for all tests of pages. Without it they fail: a page that nobody looked at is not tested."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.local.pages.watched import Watched

#: a browser that keeps to itself: no sandbox inside a container, no calls of its own
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: milliseconds in which a page has to do what is asked of it
PATIENCE = 15_000


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """For this folder only: Playwright's event loop stays in the thread, and other tests may want one of their own."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail(
            "there is no chromium: `make test` installs it, or apt-get install --no-install-recommends chromium"
        )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, timeout=30_000)
        yield started
        started.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """A fresh page: nothing kept from another test."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    yield Watched(context)
    context.close()
