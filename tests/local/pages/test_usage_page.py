"""A buyer looks at its usage behind a signed link: in Chromium, on the deployed stage."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from ledger import tables
from local.cloud import LocalSession
from local.replay.buyers import Buyer
from local.stage import LocalStage
from stacks.synth import ROOT
from tests.local.pages.arriving import barriers, scrolls_sideways
from tests.local.pages.conftest import PATIENCE
from tests.local.pages.watched import Watched
from tests.local.stage.acting import Acting

pytestmark = [pytest.mark.local, pytest.mark.timeout(240)]

PICTURES = ROOT / "build" / "usage-page"


@pytest.fixture(scope="module")
def app(stage: LocalStage) -> LocalSession:
    """The vendor's app, with the rights that docs/buyers-page.md and docs/access.md name."""
    doors = stage.outputs["YawlMetering-local-Doors"]
    routes = [
        f"{doors['ApiStage']}/{route}"
        for route in (
            "GET/subscribers/*/access",
            "POST/subscribers/*/usage-link",
            "DELETE/subscribers/*/usage-link",
            "GET/subscribers/*/usage-summary",
        )
    ]
    return stage.cloud.accounts.api_caller("living-app", doors["RestApiId"], routes)


@pytest.fixture(scope="module")
def buyer(stage: LocalStage) -> Buyer:
    """A buyer with a contract that includes 500 calls and 5 executions: 450 calls and 12 executions are used."""
    acting = Acting(stage)
    found = acting.arrive(1)[0]
    acting.record(acting.event(found, "api_calls", 450), acting.event(found, "workflow_executions", 12))
    return found


def make(stage: LocalStage, app: LocalSession, buyer: Buyer) -> str:
    """A link's address on the local cloud, where the API has another one than it knows of."""
    answer = stage.api.call("POST", f"/subscribers/{buyer.customer_identifier}/usage-link", caller=app)
    assert answer.status == 200, answer.text
    return f"{stage.api.url}/usage-page/{answer.json['url'].rpartition('/')[2]}"


@pytest.fixture
def link(stage: LocalStage, app: LocalSession, buyer: Buyer) -> str:
    return make(stage, app, buyer)


@pytest.fixture(params=[("en-GB", "en"), ("de-AT", "de")], ids=["en", "de"])
def narrow(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[Watched, str]]:
    """A narrow screen of a reader of each language."""
    locale, language = request.param
    context = browser.new_context(locale=locale, viewport={"width": 320, "height": 640})
    context.set_default_timeout(PATIENCE)
    yield Watched(context), language
    context.close()


def picture(page: Page, name: str) -> None:
    """For people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def test_a_buyer_sees_its_month(watched: Watched, link: str, buyer: Buyer) -> None:
    page = watched.page
    page.goto(link)
    assert page.get_by_role("heading", level=1).inner_text() == "Your usage"
    text = page.locator("main").inner_text()
    assert "Your subscription is active" in text
    assert "450 of 500 included (90 %)" in text
    assert "12 used; 5 are included, so that is 240 %" in text
    assert buyer.customer_identifier in text
    assert page.locator("svg.bar .near, svg.bar .over").count() >= 2
    # The stylesheet got through the policy: the bars have their colours.
    assert page.locator("svg.bar .near").first.evaluate("e => getComputedStyle(e).fill") == "rgb(154, 103, 0)"
    picture(page, "wide-en")
    assert watched.errors == []
    assert watched.context.cookies() == []


def test_every_page_is_free_of_barriers_and_fits_a_narrow_screen(narrow: tuple[Watched, str], link: str) -> None:
    watched, language = narrow
    page = watched.page
    for name, address in (("page", link), ("refused", f"{link}x")):
        page.goto(address)
        assert page.locator("html").get_attribute("lang") == language
        assert barriers(page) == []
        assert not scrolls_sideways(page)
        picture(page, f"narrow-{language}-{name}")


def test_a_keyboard_reaches_all_that_can_be_used(watched: Watched, link: str) -> None:
    page = watched.page
    page.goto(link)
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.className || document.activeElement.innerText"))
    assert [each for each in reached if each in ("wide", "button", "Deutsch")] == ["wide", "button", "Deutsch"]
    page.get_by_role("link", name="Deutsch").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Ihre Nutzung").wait_for()


def test_the_page_needs_no_script(browser: Browser, link: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(link)
    assert "450 of 500 included" in page.locator("main").inner_text()
    page.get_by_role("link", name="Deutsch").click()
    page.get_by_role("heading", name="Ihre Nutzung").wait_for()
    context.close()


def test_the_months_come_as_a_file(
    watched: Watched, link: str, stage: LocalStage, app: LocalSession, buyer: Buyer
) -> None:
    page = watched.page
    page.goto(link)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert {row["dimension"]: row["recorded"] for row in rows}["api_calls"] == "450"
    summary = stage.api.call("GET", f"/subscribers/{buyer.customer_identifier}/usage-summary", caller=app).json
    used = {use["dimension"]: use["recorded"] for use in summary["months"][0]["dimensions"]}
    assert used == {row["dimension"]: row["recorded"] for row in rows if row["month"] == summary["months"][0]["month"]}


def test_an_answer_on_access_and_its_repeat(stage: LocalStage, app: LocalSession, buyer: Buyer) -> None:
    path = f"/subscribers/{buyer.customer_identifier}/access?dimension=api_calls"
    answer = stage.api.call("GET", path, caller=app)
    assert (answer.status, answer.json["allowed"], answer.json["reason"]) == (200, True, "active")
    again = stage.api.call("GET", path, caller=app, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status, again.text) == (304, "")
    assert stage.api.call("GET", path).status == 403


def test_a_revoked_link_shows_nothing(watched: Watched, stage: LocalStage, app: LocalSession, buyer: Buyer) -> None:
    page, address = watched.page, make(stage, app, buyer)
    assert stage.api.call("DELETE", f"/subscribers/{buyer.customer_identifier}/usage-link", caller=app).status == 204
    answer = page.goto(address)
    assert answer is not None and answer.status == 410
    assert "withdrawn" in page.get_by_role("alert").inner_text()
    assert buyer.customer_identifier not in page.content()
    # A later link works.
    page.goto(make(stage, app, buyer))
    assert page.get_by_role("heading", level=1).inner_text() == "Your usage"


def test_no_link_is_kept_anywhere(watched: Watched, stage: LocalStage, link: str, buyer: Buyer) -> None:
    """Not in a log group, a table, a queue or an object of a bucket."""
    page = watched.page
    page.goto(link)
    page.goto(f"{link}?language=de")
    page.goto(f"{link}x")
    text = link.rpartition("/")[2]
    secrets = (text, text.partition(".")[0])
    seller = stage.cloud.seller
    logs = seller.client("logs")
    looked_at: dict[str, str] = {}
    for group in logs.describe_log_groups()["logGroups"]:
        events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        looked_at[group["logGroupName"]] = "\n".join(event["message"] for event in events)
    assert any("usage shown" in said and buyer.customer_identifier in said for said in looked_at.values())
    for table in tables.ALL_TABLES:
        looked_at[table.name] = json.dumps(stage.items(table), default=str)
    assert buyer.customer_identifier in looked_at[tables.SUBSCRIBERS.name]
    sqs = seller.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        answer: Any = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        looked_at[url] = json.dumps(answer.get("Messages", []), default=str)
    s3 = seller.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        for key in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            body = s3.get_object(Bucket=bucket["Name"], Key=key["Key"])["Body"].read()
            looked_at[f"{bucket['Name']}/{key['Key']}"] = body.decode(errors="replace")
    for secret in secrets:
        assert [place for place, said in looked_at.items() if secret in said] == []
