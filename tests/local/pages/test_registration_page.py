"""A buyer registers with a browser: Marketplace's POST, our form, the registered page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from local.stage import LocalStage
from tests.local.pages.arriving import arrive, stored
from tests.local.pages.watched import Watched

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]

XSS = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


@pytest.fixture
def buyer(stage: LocalStage) -> dict[str, Any]:
    """Known at Marketplace, not here; its id is the billing key."""
    return stage.marketplace.create_buyer(
        stage.product_code, "legacy", entitlements=[{"dimension": "basic_tier", "value": 1}]
    )


def test_a_buyer_registers(stage: LocalStage, watched: Watched, buyer: dict[str, Any], tmp_path: Path) -> None:
    page, token = watched.page, buyer["token"]
    arrive(stage, watched, token, tmp_path)
    assert page.get_by_role("heading", level=1).inner_text() == "Set up your account"
    # the token has left already: a signed session stands for it
    assert token not in page.content()
    session = page.locator("input[name=session]").get_attribute("value")
    assert session and buyer["id"] not in session
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Company").fill("Analytical Engines")
    page.get_by_label("Your name").fill("Ada Łovelace")
    page.get_by_role("button", name="Register").click()
    page.wait_for_url(f"{stage.api.url}/registrations")
    assert page.get_by_role("heading", level=1).inner_text() == "You are registered"
    assert page.get_by_text("Your customer number").inner_text().endswith(buyer["id"])
    item = stored(stage, buyer)
    kept = (item["email"], item["company"], item["name"], item["tier"])
    assert kept == ("ada@example.com", "Analytical Engines", "Ada Łovelace", "basic_tier")
    # the token: in Marketplace's own body, and nowhere else; the session: in the forms alone
    for secret in (token, quote(token, safe=""), session):
        assert [address for address in watched.addresses if secret in address] == []
        assert secret not in str(item)
    assert token not in page.content() and quote(token, safe="") not in page.content()
    assert session not in page.locator("main").inner_text()
    assert watched.context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert watched.errors == []


def test_the_token_reaches_no_log(stage: LocalStage, watched: Watched, buyer: dict[str, Any], tmp_path: Path) -> None:
    arrive(stage, watched, buyer["token"], tmp_path)
    functions = stage.cloud.seller.client("lambda").list_functions()["Functions"]
    (name,) = [f["FunctionName"] for f in functions if "Doors-registration" in f["FunctionName"]]
    log = stage.cloud.function_log(name, lines=100_000)
    assert buyer["id"] in log, "the arrival is logged"
    assert buyer["token"] not in log
    assert quote(buyer["token"], safe="") not in log
    assert "@example.com" not in log
    assert str(watched.page.locator("input[name=session]").get_attribute("value")) not in log


def test_the_browser_asks_for_an_address(
    stage: LocalStage, watched: Watched, buyer: dict[str, Any], tmp_path: Path
) -> None:
    arrive(stage, watched, buyer["token"], tmp_path)
    watched.page.get_by_label("Company").fill("Nameless")
    watched.page.get_by_role("button", name="Register").click()
    assert watched.page.evaluate("document.querySelector('#email').validity.valueMissing")
    assert watched.page.url == f"{stage.api.url}/register"
    assert "company" not in stored(stage, buyer)


def test_what_looks_like_a_script_stays_text(
    stage: LocalStage, watched: Watched, buyer: dict[str, Any], tmp_path: Path
) -> None:
    page = watched.page
    arrive(stage, watched, buyer["token"], tmp_path)
    page.get_by_label("E-mail").fill("mallory@example.com")
    page.get_by_label("Company").fill(XSS)
    page.get_by_label("Your name").fill(XSS)
    page.get_by_role("button", name="Register").click()
    page.wait_for_url(f"{stage.api.url}/registrations")
    assert page.get_by_role("heading", level=1).inner_text() == "You are registered"
    assert page.locator("script, img").count() == 0
    assert watched.dialogs == []
    # an operator gets it as it is, as data
    answer = stage.api.call("GET", f"/subscribers/{buyer['id']}", caller=stage.usage_sender)
    assert answer.json["company"] == XSS
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def fill_in(watched: Watched, email: str = "ada@example.com") -> None:
    watched.page.get_by_label("E-mail").fill(email)
    watched.page.get_by_role("button", name="Register").click()


@pytest.fixture
def short_lived_tokens(stage: LocalStage) -> Iterator[None]:
    """As those of an agreement's entitlement."""
    stage.marketplace.set_settings(tokenMinutes=30)
    yield
    stage.marketplace.set_settings(tokenMinutes=240)


@pytest.mark.usefixtures("short_lived_tokens")
@pytest.mark.parametrize("minutes", [31, 61])
def test_the_page_may_stay_open_for_longer_than_the_token_lives(
    stage: LocalStage, watched: Watched, buyer: dict[str, Any], tmp_path: Path, minutes: int
) -> None:
    arrive(stage, watched, buyer["token"], tmp_path)
    stage.clock.set(stage.clock() + 60 * minutes)
    fill_in(watched)
    watched.page.wait_for_url(f"{stage.api.url}/registrations")
    assert watched.page.get_by_role("heading", level=1).inner_text() == "You are registered"
    assert stored(stage, buyer)["email"] == "ada@example.com"
    # a reload sends the form again
    watched.page.reload()
    assert watched.page.get_by_role("heading", level=1).inner_text() == "You are registered"


def test_after_four_hours_the_page_leads_back_to_marketplace_and_a_new_token_works(
    stage: LocalStage, watched: Watched, buyer: dict[str, Any], tmp_path: Path
) -> None:
    arrive(stage, watched, buyer["token"], tmp_path)
    stage.clock.set(stage.clock() + 241 * 60)
    fill_in(watched)
    watched.page.wait_for_url(f"{stage.api.url}/registrations")
    assert "more than four hours" in watched.page.get_by_role("alert").inner_text()
    assert watched.page.get_by_role("link", name="your subscriptions in AWS Marketplace").count() == 1
    arrive(stage, watched, stage.marketplace.new_token(buyer["id"]), tmp_path)
    fill_in(watched)
    watched.page.wait_for_url(f"{stage.api.url}/registrations")
    assert stored(stage, buyer)["email"] == "ada@example.com"


def test_an_address_in_another_script_is_accepted_and_a_wrong_one_keeps_the_form(
    stage: LocalStage, watched: Watched, buyer: dict[str, Any], tmp_path: Path
) -> None:
    page = watched.page
    arrive(stage, watched, buyer["token"], tmp_path)
    page.get_by_label("Company").fill("O'Neil & Söhne")
    fill_in(watched, "nobody@nowhere")
    page.wait_for_url(f"{stage.api.url}/registrations")
    assert "An e-mail address is needed" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Company").input_value() == "O'Neil & Söhne"
    assert page.get_by_label("E-mail").input_value() == "nobody@nowhere"
    fill_in(watched, "用户@例え.テスト")
    page.get_by_role("heading", name="You are registered").wait_for()
    assert (stored(stage, buyer)["email"], stored(stage, buyer)["company"]) == ("用户@例え.テスト", "O'Neil & Söhne")


@pytest.mark.parametrize("path", ["/register", "/registrations"])
def test_a_bookmarked_page_says_where_to_begin(stage: LocalStage, watched: Watched, path: str) -> None:
    answer = watched.page.goto(f"{stage.api.url}{path}")
    assert answer is not None and answer.status == 200
    assert watched.page.get_by_role("heading", level=1).inner_text() == "Begin in AWS Marketplace"
    assert watched.page.get_by_role("main").get_by_role("link").count() == 1
    assert watched.errors == []


@pytest.mark.parametrize("token", ["junk", XSS], ids=["junk", "script"])
def test_a_wrong_token_is_a_page_that_says_what_to_do(
    stage: LocalStage, watched: Watched, tmp_path: Path, token: str
) -> None:
    arrive(stage, watched, token, tmp_path)
    assert watched.page.get_by_role("heading", level=1).inner_text() == "This did not work"
    assert "AWS Marketplace" in watched.page.get_by_role("alert").inner_text()
    assert watched.page.locator("script, img, form").count() == 0
    assert token not in watched.page.content()
    assert watched.dialogs == []


def test_no_script_runs_on_the_page_and_nobody_may_frame_it(
    stage: LocalStage, watched: Watched, buyer: dict[str, Any], tmp_path: Path
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"x-amzn-marketplace-token={quote(buyer['token'], safe='')}"
    answer = stage.api.call("POST", "/register", body, headers=form)
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "set-cookie" not in answer.headers
    # and Chromium holds to it: what gets in nevertheless does not run
    arrive(stage, watched, buyer["token"], tmp_path)
    watched.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\" onerror=\"document.title = 1\">')"
    )
    watched.page.wait_for_timeout(200)
    assert watched.page.title() == "Set up your account · Order Flow Ltd"
    assert any("Content Security Policy" in error for error in watched.errors)
