"""The page for people, by plain HTTP: what its forms do, what it shows, and which requests it refuses."""

import http.client
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from marketplace_local.clock import MovableClock
from marketplace_local.server import LocalMarketplace
from tests.marketplace_local.market import PRODUCT, Market, record

SCRIPT = "<script>alert(1)</script>"


def request(
    market: Market, path: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> tuple[int, str, http.client.HTTPMessage]:
    """A browser's GET, or its POST of a form; ``headers`` replace what the browser would send."""
    host = urlsplit(market.server.url).netloc
    sent = {"Host": host} | ({"Origin": market.server.url} if form is not None else {}) | (headers or {})
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request(
        "GET" if form is None else "POST", path, None if form is None else urlencode(form).encode(), sent
    )
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, answer.headers


def submit(market: Market, path: str, **form: str) -> str:
    """A form that succeeds; the page that it leads to."""
    status, _, headers = request(market, path, {name.replace("__", "."): value for name, value in form.items()})
    assert status == 303
    return headers["Location"]


def test_buying_with_a_contract_and_a_free_trial(market: Market) -> None:
    page = submit(market, "/page/buy", productCode=PRODUCT, kind="legacy", units__gold_tier="2", freeTrial="on")
    (buyer,) = market.admin.buyers()
    assert page == f"/buyers/{buyer['id']}"
    assert (buyer["kind"], buyer["freeTrial"], buyer["periods"][0]["end"]) == ("legacy", True, None)
    assert buyer["entitlements"] == [{"dimension": "gold_tier", "value": 2, "expiresAt": "2027-11-10T12:30:00Z"}]
    _, text, _ = request(market, page)
    assert "2 of gold_tier" in text and "isFreeTrialTermPresent" in text
    (token,) = market.state.tokens
    assert market.metering.resolve_customer(RegistrationToken=token)["CustomerIdentifier"] == buyer["id"]


def test_cancel_expire_and_renew(market: Market) -> None:
    buyer = market.buyer(entitlements=[{"dimension": "gold_tier", "value": 1, "expiresAt": "2026-12-01T00:00:00Z"}])

    def do(action: str) -> dict[str, Any]:
        submit(market, "/page/buyer", id=buyer["id"], do=action)
        return market.admin.buyer(buyer["id"])

    assert do("end")["periods"][0]["end"] == "2026-11-15T12:30:00Z"
    assert market.statuses(record(buyer)) == ["Success"], "final records are taken for an hour"
    renewed = do("renew")
    assert (len(renewed["periods"]), renewed["entitlements"][0]["expiresAt"]) == (2, "2027-11-15T12:30:00Z")
    expired = do("expire")
    assert (expired["periods"][1]["end"], expired["entitlements"][0]["expiresAt"]) == ("2026-11-15T12:30:00Z",) * 2
    assert do("suspend")["suspended"] and not do("resume")["suspended"]
    assert "ended" in request(market, "/")[1]


def test_the_next_call_breaks_and_only_that(market: Market) -> None:
    buyer = market.buyer()
    submit(market, "/page/fault", kind="error", operation="BatchMeterUsage", error="AccessDeniedException")
    assert "times 1, operation BatchMeterUsage, error AccessDeniedException" in request(market, "/")[1]
    market.refused("AccessDeniedException", record(buyer))
    assert market.statuses(record(buyer)) == ["Success"]
    submit(market, "/page/fault", kind="throttle", operation="GetEntitlements")
    submit(market, "/page/no-faults")
    assert market.admin.faults() == []


def test_calls_records_and_refusals_with_their_rules_are_shown(market: Market) -> None:
    buyer = market.buyer()
    market.statuses(record(buyer))
    market.statuses(record(buyer, Quantity=6))
    market.refused("InvalidUsageDimensionException", record(buyer, dimension="other"))
    for path in ("/", "/watch"):
        text = request(market, path)[1]
        assert 'href="/rules#D01"' in text and "First write wins" in text
        assert 'href="/rules#I12"' in text and "2026-11-15T11:00:00Z" in text
        assert "1 accepted, 1 duplicates, 1 rejected" in text
    assert 'id="D01"' in request(market, "/rules")[1]


def test_a_product_and_its_fulfilment_url(market: Market) -> None:
    url = "https://seller.example:8443/register"
    submit(market, "/page/product", productCode="p 2", dimensions="runs, gb", fulfilmentUrl=url)
    page = submit(market, "/page/buy", productCode="p 2", kind="license")
    status, text, headers = request(market, page)
    assert (status, f'action="{url}"' in text) == (200, True)
    assert "form-action 'self' https://seller.example:8443;" in headers["Content-Security-Policy"]
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    market.admin.change_listing("p 2", fulfilmentUrl="javascript:alert(1)")
    assert "javascript" not in str(request(market, page)[1:])


def test_the_clock_is_set_and_moved() -> None:
    with LocalMarketplace(now=MovableClock()) as server:
        market = Market(server, None, None)  # type: ignore[arg-type]
        submit(market, "/page/clock", now="2026-12-01T05:00:00Z")
        submit(market, "/page/clock", advance="3600")
        assert market.admin.health()["now"][:14] == "2026-12-01T06:"
        assert request(market, "/page/clock", {"now": "soon"})[0] == 400


def test_what_comes_from_outside_is_escaped(market: Market) -> None:
    market.admin.create_product(SCRIPT, ["runs"], contract_dimensions=[SCRIPT])
    buyer = market.admin.create_buyer(SCRIPT)
    market.refused("InvalidUsageDimensionException", record(market.buyer(), dimension=SCRIPT))
    for path in ("/", f"/buyers/{buyer['id']}", f"/buyers/{SCRIPT}"):
        text = request(market, path)[1]
        assert "<script>" not in text and "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Host": "localhost:1", "Origin": "http://localhost:1"},
    ],
)
def test_another_sites_form_does_nothing(market: Market, headers: dict[str, str]) -> None:
    status, _, _ = request(market, "/page/buy", {"productCode": PRODUCT}, headers)
    assert status == 403
    assert market.admin.buyers() == []


def test_a_name_of_another_site_for_this_machine_shows_nothing(market: Market) -> None:
    """DNS rebinding: the page shows registration tokens."""
    assert request(market, "/", headers={"Host": "evil.example"})[0] == 403


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/page/buy", {"productCode": "nobody's"}, 404),
        ("/page/buy", {"productCode": PRODUCT, "units.runs": "1"}, 400),
        ("/page/buy", {"productCode": PRODUCT, "units.gold_tier": "many"}, 400),
        ("/page/buyer", {"id": "nobody", "do": "end"}, 404),
        ("/page/product", {}, 400),
        ("/page/fault", {"kind": "sabotage"}, 400),
        ("/page/clock", {"now": "2026-12-01T05:00:00Z"}, 409),
        ("/page/nothing", {}, 404),
        ("/nothing", None, 404),
        ("/buyers/nobody", None, 404),
    ],
)
def test_the_page_shows_why_a_form_failed(market: Market, path: str, form: dict[str, str] | None, status: int) -> None:
    found, text, _ = request(market, path, form)
    assert (found, 'role="alert"' in text) == (status, True)
    assert market.admin.buyers() == []


def test_other_methods_are_refused(market: Market) -> None:
    connection = http.client.HTTPConnection(urlsplit(market.server.url).netloc, timeout=10)
    connection.request("PUT", "/")
    assert connection.getresponse().status == 405
    connection.close()
