"""The local Marketplace's page in a browser."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

import boto3
import pytest

from marketplace_local.admin import MarketplaceAdmin
from marketplace_local.loopback import LoopbackHandler, LoopbackServer
from marketplace_local.server import LocalMarketplace
from tests.local.pages.watched import Watched

pytestmark = [pytest.mark.timeout(120)]


class Seller(LoopbackHandler):
    """A seller's registration page, which keeps the tokens that reach it."""

    tokens: list[str]

    def do_GET(self) -> None:
        self.respond(204, {}, b"")  # The browser looks for an icon.

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.tokens += form["x-amzn-marketplace-token"]
        self.respond(200, {"Content-Type": "text/html"}, b"<h1>Welcome</h1>")


@pytest.fixture
def seller() -> Iterator[tuple[str, list[str]]]:
    """Its address and the tokens that it received."""
    tokens: list[str] = []
    handler: type[BaseHTTPRequestHandler] = type("Remembering", (Seller,), {"tokens": tokens})
    with LoopbackServer(0, handler) as server:  # type: ignore[arg-type]
        yield f"{server.url}/register", tokens


@pytest.fixture
def marketplace() -> Iterator[LocalMarketplace]:
    with LocalMarketplace() as server:
        yield server


def test_a_stranger_buys_meters_breaks_a_call_and_cancels(
    marketplace: LocalMarketplace, seller: tuple[str, list[str]], watched: Watched
) -> None:
    page, admin = watched.page, MarketplaceAdmin(marketplace.url)
    page.goto(marketplace.url)
    page.get_by_label("Product code").fill("prod-1")
    page.get_by_label("Usage dimensions").fill("runs")
    page.get_by_label("Contract dimensions").fill("users")
    page.get_by_label("Fulfilment URL").fill(seller[0])
    page.get_by_role("button", name="Add the product").click()
    page.get_by_label("Units of users").fill("3")
    page.get_by_label("Free trial").check()
    page.get_by_role("button", name="Buy prod-1").click()
    page.get_by_role("heading", name="Buyer l-").wait_for()
    (buyer,) = admin.buyers()
    assert page.url == f"{marketplace.url}/buyers/{buyer['id']}"
    assert page.get_by_text("3 of users until").count() == 1
    token = page.get_by_label("Registration token").input_value()
    page.get_by_role("button", name="Set up your account").click()
    page.get_by_role("heading", name="Welcome").wait_for()
    assert seller[1] == [token]
    page.goto(marketplace.url)
    page.get_by_label("Fault").select_option("throttle")
    page.get_by_role("button", name="Break it").click()
    page.get_by_role("list", name="Armed faults").wait_for()
    # The lists are refreshed while a form that is being filled in stays as it is.
    page.get_by_label("Error class").fill("half typed")
    client = boto3.client(
        "meteringmarketplace", region_name="us-east-1", endpoint_url=marketplace.url,
        aws_access_key_id="x", aws_secret_access_key="x",
    )  # fmt: skip
    at = admin.health()["now"]
    usage = {"Timestamp": at, "Dimension": "runs", "Quantity": 5, "CustomerAWSAccountId": buyer["accountId"]}
    client.batch_meter_usage(UsageRecords=[{**usage, "LicenseArn": buyer["licenseArn"]}])  # type: ignore[list-item]
    page.get_by_role("cell", name="ThrottlingException").first.wait_for()
    page.get_by_role("region", name="Accepted records").get_by_role("cell", name=buyer["id"]).wait_for()
    assert page.get_by_label("Error class").input_value() == "half typed"
    page.get_by_role("link", name=buyer["id"]).click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("License Deprovisioned").wait_for()
    assert admin.buyer(buyer["id"])["periods"][0]["end"]
    assert (watched.errors, watched.dialogs) == ([], [])
    assert {address.split("/")[2] for address in watched.addresses} == {
        url.split("/")[2] for url in (marketplace.url, seller[0])
    }


def test_it_works_without_scripts(marketplace: LocalMarketplace, watched: Watched) -> None:
    admin = MarketplaceAdmin(marketplace.url)
    admin.create_product("prod-1", ["runs"])
    assert watched.context.browser is not None
    context = watched.context.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(marketplace.url)
    page.get_by_role("button", name="Buy prod-1").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Purchase Agreement Ended").wait_for()
    page.goto(marketplace.url)
    page.get_by_role("button", name="One day on").click()
    page.get_by_role("cell", name="ended").wait_for()
    context.close()


def test_another_sites_form_is_refused_by_a_real_browser(marketplace: LocalMarketplace, watched: Watched) -> None:
    admin = MarketplaceAdmin(marketplace.url)
    admin.create_product("prod-1", ["runs"])
    watched.page.set_content(
        f'<form method="post" action="{marketplace.url}/page/buy">'
        '<input name="productCode" value="prod-1"><button>Win</button></form>'
    )
    with watched.page.expect_response("**/page/buy") as response:
        watched.page.get_by_role("button").click()
    assert response.value.status == 403
    assert admin.buyers() == []
