"""A buyer comes from AWS Marketplace, registers, and is signed in to the vendor's app: the example of docs/handover.md,
in Chromium, on the deployed stage."""

import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from playwright.sync_api import Browser, Page

from local.stage import LocalStage
from stacks.synth import ROOT
from tests.local.pages.arriving import arrive, barriers, scrolls_sideways, stored
from tests.local.pages.conftest import PATIENCE
from tests.local.pages.watched import Watched

pytestmark = [pytest.mark.local, pytest.mark.timeout(180)]


class Remembering(WSGIRequestHandler):
    """What browsers sent to the app: the request line and the referrer of each request."""

    seen: list[tuple[str, str | None]]

    def log_message(self, *_: Any) -> None:
        self.seen.append((self.requestline, self.headers.get("Referer")))


@pytest.fixture(scope="module")
def app(stage: LocalStage) -> Iterator[Any]:
    """The example, where the local stage's ``[handover]`` expects it, with the rights that its text names."""
    spec = importlib.util.spec_from_file_location("handover_app", ROOT / "docs" / "examples" / "handover_app.py")
    assert spec and spec.loader
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    doors = stage.outputs["YawlMetering-local-Doors"]
    routes = [f"{doors['ApiStage']}/POST/{path}" for path in ("handovers/redeem", "subscribers/*/link")]
    caller = stage.cloud.accounts.api_caller("vendor-app", doors["RestApiId"], routes)
    running = example.App(example.signed_calls(stage.api.url, caller.region_name, caller.get_credentials()))
    assert stage.settings.handover
    port = urlsplit(stage.settings.handover.url).port
    assert port
    handler = type("Seen", (Remembering,), {"seen": []})
    running.seen = handler.seen  # type: ignore[attr-defined]
    with make_server("127.0.0.1", port, running, handler_class=handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield running
        server.shutdown()
        thread.join()


@pytest.fixture
def buyer(stage: LocalStage) -> dict[str, Any]:
    return stage.marketplace.create_buyer(
        stage.product_code, "license", entitlements=[{"dimension": "basic_tier", "value": 1}]
    )


def register(page: Page, *, email: str = "ada@example.com", button: str = "Register", field: str = "E-mail") -> None:
    page.get_by_label(field).fill(email)
    page.get_by_role("button", name=button).click()


def test_a_buyer_ends_in_the_app_and_comes_back_to_the_same_account(
    stage: LocalStage, watched: Watched, app: Any, buyer: dict[str, Any], tmp_path: Path
) -> None:
    page, key = watched.page, buyer["id"]
    arrive(stage, watched, buyer["token"], tmp_path)
    session = str(page.locator("input[name=session]").get_attribute("value"))
    assert page.get_by_text("YAWL Workflow Engine").count() == 1
    register(page)
    page.get_by_role("heading", name="You are registered").wait_for()
    handover = str(page.locator("input[name=handover]").get_attribute("value"))
    page.get_by_role("button", name="Continue to YAWL Workflow Engine").click()
    page.get_by_role("heading", name="Welcome, acct-").wait_for()
    (account,) = [each for each, said in app.accounts.items() if said["customerIdentifier"] == key]
    assert page.get_by_role("heading").inner_text() == f"Welcome, {account}"
    assert stored(stage, buyer)["linkedAccount"] == account
    # Pressed again, the same button is worth nothing.
    status, said = app._call("/handovers/redeem", {"handover": handover})
    assert (status, said["error"]["code"]) == (409, "used_handover")
    # The next visit from AWS Marketplace needs no form, and ends in the same account.
    arrive(stage, watched, stage.marketplace.new_token(key), tmp_path)
    assert page.get_by_role("heading", level=1).inner_text() == "Welcome back"
    assert page.get_by_text("Your purchase is linked to your account.").count() == 1
    page.get_by_role("button", name="Continue to").click()
    page.get_by_role("heading", name=f"Welcome, {account}").wait_for()
    # No address, referrer, log or table has what opens a door.
    second = [line for line, _ in app.seen if "POST" in line]
    assert len(second) >= 2
    assert {referrer for _, referrer in app.seen if referrer and "127.0.0.1:8097" not in referrer} == set()
    functions = stage.cloud.seller.client("lambda").list_functions()["Functions"]
    logs = "".join(
        stage.cloud.function_log(f["FunctionName"], lines=100_000)
        for f in functions
        if "Doors-registration" in f["FunctionName"] or "Doors-subscriberapi" in f["FunctionName"]
    )
    assert "hand-over redeemed" in logs
    for secret in (handover, handover.split(".")[2], session):
        assert [address for address in watched.addresses if secret in address] == []
        assert [line for line, _ in app.seen if secret in line] == []
        assert secret not in logs
        assert secret not in str(stored(stage, buyer))
    assert [error for error in watched.errors if "Content Security Policy" in error] == []


def test_the_whole_way_by_keyboard(
    stage: LocalStage, watched: Watched, app: Any, buyer: dict[str, Any], tmp_path: Path
) -> None:
    page = watched.page
    arrive(stage, watched, buyer["token"], tmp_path)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "email"
    page.keyboard.type("ada@example.com")
    for field in ("company", "name"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == field
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Register"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "focus is seen"
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="You are registered").wait_for()
    page.keyboard.press("Tab")
    assert "Continue to" in page.evaluate("document.activeElement.innerText")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Welcome, acct-").wait_for()


def test_the_whole_way_without_a_script_on_a_narrow_screen_in_german(
    stage: LocalStage, browser: Browser, app: Any, buyer: dict[str, Any], tmp_path: Path
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640}, locale="de-DE")
    context.set_default_timeout(PATIENCE)
    watched = Watched(context)
    page = watched.page
    arrive(stage, watched, buyer["token"], tmp_path)
    assert page.get_by_role("heading", level=1).inner_text() == "Ihr Konto einrichten"
    register(page, email="nobody@nowhere", button="Registrieren", field="E-Mail")
    assert "Eine E-Mail-Adresse wird gebraucht" in page.get_by_role("alert").inner_text()
    register(page, button="Registrieren", field="E-Mail")
    page.get_by_role("heading", name="Sie sind registriert").wait_for()
    page.get_by_role("button", name="Neue Schaltfläche anfordern").click()
    page.get_by_role("heading", name="Sie sind registriert").wait_for()
    page.get_by_role("button", name="Weiter zu").click()
    page.get_by_role("heading", name="Welcome, acct-").wait_for()
    assert stored(stage, buyer)["language"] == "de"
    context.close()


@pytest.mark.parametrize(("locale", "language"), [("en-GB", "en"), ("de-AT", "de")])
def test_every_page_is_free_of_barriers_and_fits_a_narrow_screen(
    stage: LocalStage, browser: Browser, buyer: dict[str, Any], tmp_path: Path, locale: str, language: str
) -> None:
    context = browser.new_context(locale=locale, viewport={"width": 320, "height": 640})
    context.set_default_timeout(PATIENCE)
    watched = Watched(context)
    page, looked_at = watched.page, []

    def look() -> None:
        looked_at.append(page.get_by_role("heading", level=1).inner_text())
        assert page.locator("html").get_attribute("lang") == language
        assert barriers(page) == []
        assert not scrolls_sideways(page)

    page.goto(f"{stage.api.url}/register")
    look()
    arrive(stage, watched, "junk", tmp_path)
    look()
    arrive(stage, watched, buyer["token"], tmp_path)
    look()
    page.locator("#email").fill("nobody@nowhere")
    page.locator("button").click()
    page.get_by_role("alert").wait_for()
    assert page.evaluate("document.activeElement.id") == "email"
    look()
    page.locator("#email").fill("ada@example.com")
    page.locator("button").click()
    page.locator("input[name=handover]").wait_for(state="attached")
    look()
    arrive(stage, watched, stage.marketplace.new_token(buyer["id"]), tmp_path)
    page.locator("summary").click()
    look()
    assert len(set(looked_at)) == 5, looked_at
    context.close()


def test_axe_finds_what_is_wrong(watched: Watched) -> None:
    """Otherwise an empty list would say nothing."""
    watched.page.set_content("<html><body><input><p style='color:#999;background:#fff'>faint</p></body></html>")
    found = {each.split(":")[0] for each in barriers(watched.page)}
    assert {"label", "color-contrast", "html-has-lang"} <= found


def test_another_sites_form_is_refused_by_a_real_browser(
    stage: LocalStage, watched: Watched, buyer: dict[str, Any], tmp_path: Path
) -> None:
    arrive(stage, watched, buyer["token"], tmp_path)
    session = str(watched.page.locator("input[name=session]").get_attribute("value"))
    before = stored(stage, buyer)
    evil = tmp_path / "evil.html"
    evil.write_text(
        f'<!doctype html><form method="post" action="{stage.api.url}/registrations">'
        f'<input name="session" value="{session}"><input name="email" value="evil@example.com">'
        "<button>Win</button></form>"
    )
    watched.page.goto(evil.as_uri())
    with watched.page.expect_response("**/registrations") as response:
        watched.page.get_by_role("button").click()
    assert response.value.status == 403
    assert stored(stage, buyer) == before
    # Its own page is still good.
    arrive(stage, watched, buyer["token"], tmp_path)
    register(watched.page)
    watched.page.get_by_role("heading", name="You are registered").wait_for()
