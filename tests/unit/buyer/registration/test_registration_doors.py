"""The public function: a buyer's browser, a program, and those who want neither good."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from buyer.handlers import registration
from marketplace.client import ResolvedCustomer
from tests.unit.buyer.registration.door import JSON, NOW, TOKEN, WHO, Door, Page
from tests.unit.log_lines import log_lines
from tests.unit.marketplace_double import refused
from tests.unit.messages import ACCOUNT, AGREEMENT, ARN, LICENSE_ID, PRODUCT, T0


def test_marketplaces_post_stores_ids_and_entitlements_and_answers_the_page(door: Door) -> None:
    answer = door.form("/register", {"x-amzn-marketplace-token": TOKEN, "x-amzn-marketplace-offer-type": "free-trial"})
    assert answer["statusCode"] == 200
    row = door.row()
    assert (row["integration"], row["subscriptionStatus"], row["tier"]) == ("legacy", "pending", "basic_tier")
    assert (row["customerAWSAccountId"], row["productCode"], row["freeTrial"]) == (ACCOUNT, PRODUCT, True)
    assert row["createdAt"] == "2026-11-15T00:00:00Z"
    assert "email" not in row


def test_the_pages_form_leads_to_registrations_without_the_token(door: Door) -> None:
    answer = door.form("/register", {"x-amzn-marketplace-token": TOKEN})
    page = Page(answer["body"])
    assert page.action == "registrations"
    assert {name for name, value in page.inputs.items() if not value} == set(WHO)
    assert set(page.inputs) == {"session", *WHO}
    assert "tok7Kq" not in answer["body"]
    done = door.form("/registrations", {"session": str(page.inputs["session"])} | WHO)
    assert done["statusCode"] == 200
    assert "custA1" in done["body"]
    assert {name: door.row()[name] for name in WHO} == WHO


def test_a_page_is_kept_nowhere_and_runs_nothing(door: Door) -> None:
    answer = door.form("/register", {"x-amzn-marketplace-token": TOKEN})
    headers = answer["headers"]
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Set-Cookie" not in headers
    style = re.search("<style>(.*)</style>", answer["body"], re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert f"'sha256-{digest}'" in headers["Content-Security-Policy"]
    assert "<script" not in answer["body"] and '"<&' not in answer["body"]


def test_a_program_registers_in_one_call(door: Door) -> None:
    assert door.json("/registrations", {"token": "licensed"} | WHO) == (
        200,
        {
            "message": "Registration successful",
            "customerId": LICENSE_ID,
            "product": {"code": PRODUCT, "title": "Order Flow"},
            "status": "pending",
            "tier": "basic_tier",
            "entitlements": [{"dimension": "basic_tier", "value": "1"}],
        },
    )
    row = door.row(LICENSE_ID)
    assert (row["integration"], row["licenseArn"], row["agreementId"]) == ("license", ARN, AGREEMENT)
    assert (row["email"], row["tier"]) == (WHO["email"], "basic_tier")
    assert float(row["entitlementsFetchedAt"]) == NOW


def test_a_program_may_arrive_as_a_browser_does(door: Door) -> None:
    status, said = door.json("/register", {"x-amzn-marketplace-token": TOKEN})
    assert (status, said["customerId"]) == (200, "custA1")


def test_a_body_in_base64_and_headers_in_any_case(door: Door) -> None:
    body = base64.b64encode(json.dumps({"token": TOKEN} | WHO).encode()).decode()
    kind = {"CONTENT-TYPE": "application/json; charset=utf-8"}
    answer = door.request("POST", "/registrations", body, kind, isBase64Encoded=True)
    assert answer["statusCode"] == 200


def test_registering_again_clobbers_nothing(door: Door) -> None:
    live = {
        "customerIdentifier": "custA1",
        "integration": "legacy",
        "subscriptionStatus": "active",
        "activePeriods": [{"start": int(T0)}],
        "lifecycleNotices": {"n": {"kind": "start", "at": "2026-11-15T00:00:00Z"}},
        "statusChangedAt": int(T0),
        "createdAt": "2026-01-01T00:00:00Z",
        "freeTrial": False,
        "company": "Acme Holding",
        "version": 7,
    }
    door.table.put_item(Item=live)
    door.form("/register", {"x-amzn-marketplace-token": TOKEN, "x-amzn-marketplace-offer-type": "free-trial"})
    door.json("/registrations", {"token": TOKEN, "email": WHO["email"]})
    row = door.row()
    assert {name: row[name] for name in live if name != "version"} == {k: v for k, v in live.items() if k != "version"}
    assert row["email"] == WHO["email"]


def test_ids_are_stored_before_the_entitlements_are_fetched(door: Door) -> None:
    """A notice that comes during the fetch must find the row."""
    seen: list[dict[str, Any]] = []
    door.marketplace.meanwhile = lambda: seen.append(door.row())
    door.json("/registrations", {"token": TOKEN} | WHO)
    assert seen[0]["customerIdentifier"] == "custA1"


@pytest.mark.parametrize("pricing_model", ["subscription"])
def test_a_plain_subscription_fetches_no_entitlements(door: Door) -> None:
    assert door.json("/registrations", {"token": TOKEN} | WHO)[0] == 200
    assert door.marketplace.asked == []
    assert "entitlementsFetchedAt" not in door.row()


@pytest.mark.parametrize(
    ("buyer", "status", "code"),
    [
        (refused("InvalidTokenException", "ResolveCustomer"), 400, "invalid_token"),
        (refused("ExpiredTokenException", "ResolveCustomer"), 400, "expired_token"),
        (refused("ValidationException", "ResolveCustomer"), 400, "invalid_token"),
        (refused("ThrottlingException", "ResolveCustomer"), 503, "marketplace_busy"),
        (refused("InternalServiceErrorException", "ResolveCustomer", 500), 503, "marketplace_busy"),
        (refused("AccessDeniedException", "ResolveCustomer"), 503, "marketplace_unavailable"),
        (refused("DisabledApiException", "ResolveCustomer"), 503, "marketplace_unavailable"),
        (ResolvedCustomer(product_code="other", customer_identifier="custA1"), 400, "wrong_product"),
        (ResolvedCustomer(product_code=PRODUCT), 500, "integration_mismatch"),
    ],
)
def test_what_marketplace_says_of_a_token(door: Door, buyer: Any, status: int, code: str) -> None:
    door.marketplace.buyers["t"] = buyer
    answer = door.request("POST", "/registrations", json.dumps({"token": "t"} | WHO), JSON)
    error = json.loads(answer["body"])["error"]
    assert (answer["statusCode"], error["code"]) == (status, code)
    assert set(error) == {"code", "message", "details"}
    assert ("Retry-After" in answer["headers"]) == (status == 503)
    assert door.table.scan()["Items"] == []


@pytest.mark.parametrize("code", ["InvalidParameterException", "AccessDeniedException", "ExpiredTokenException"])
def test_a_fault_of_ours_is_never_called_the_buyers(door: Door, code: str) -> None:
    door.marketplace.holds = refused(code, "GetEntitlements")
    status, said = door.json("/registrations", {"token": TOKEN} | WHO)
    assert (status, said["error"]["code"]) == (503, "marketplace_unavailable")


def test_a_busy_entitlement_service_costs_nobody_what_he_typed_and_the_next_try_completes(door: Door) -> None:
    holds, door.marketplace.holds = door.marketplace.holds, refused("ThrottlingException", "GetEntitlements")
    status, said = door.json("/registrations", {"token": TOKEN} | WHO)
    assert (status, said["error"]["code"]) == (503, "marketplace_busy")
    assert door.row()["email"] == WHO["email"]
    door.marketplace.holds = holds
    assert door.json("/registrations", {"token": TOKEN} | WHO)[0] == 200
    assert (door.row()["tier"], door.row()["email"]) == ("basic_tier", WHO["email"])


@pytest.mark.parametrize(
    ("path", "posted", "status", "code", "field"),
    [
        ("/register", {}, 400, "missing_token", "token"),
        ("/registrations", WHO, 400, "missing_token", "token"),
        ("/registrations", {"session": "x"} | WHO, 400, "invalid_session", "session"),
        ("/registrations", {"token": TOKEN}, 400, "bad_request", "email"),
        ("/registrations", {"token": TOKEN, "email": "a@b.example", "name": "x" * 300}, 400, "bad_request", "name"),
        ("/registrations", {"token": 5}, 400, "bad_request", "token"),
        ("/registrations", {"token": "x" * 17_000}, 413, "payload_too_large", None),
        ("/nowhere", {}, 404, "not_found", None),
        ("/health", {}, 405, "method_not_allowed", None),
    ],
)
def test_refusals(door: Door, path: str, posted: dict[str, Any], status: int, code: str, field: str | None) -> None:
    answered, payload = door.json(path, posted)
    assert (answered, payload["error"]["code"]) == (status, code)
    assert payload["error"]["details"].get("field") == field


def test_another_media_type_is_refused(door: Door) -> None:
    answer = door.request("POST", "/register", "<token>1</token>", {"Content-Type": "application/xml"})
    assert (answer["statusCode"], json.loads(answer["body"])["error"]["code"]) == (415, "unsupported_media_type")


def test_a_missing_body_and_missing_headers_are_refused(door: Door) -> None:
    answer = door.request("POST", "/register", None, None)
    assert answer["statusCode"] == 415


def test_a_browser_is_answered_with_a_page_when_it_is_refused(door: Door) -> None:
    answer = door.form("/register", {"x-amzn-marketplace-token": "<script>"})
    assert answer["statusCode"] == 400
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert "invalid_token" in answer["body"] and "<script" not in answer["body"]


def test_what_is_shown_is_escaped(door: Door) -> None:
    evil = '"><script>alert(1)</script>'
    answer = door.form("/registrations", door.arrive() | {"email": evil, "company": evil})
    assert answer["statusCode"] == 400
    assert "<script" not in answer["body"]
    assert Page(answer["body"]).inputs["company"] == evil


def test_health_is_public_and_says_nothing_else(door: Door) -> None:
    answer = door.request("GET", "/health", None, {})
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"status": "ok"})


def test_no_token_and_no_personal_data_in_any_log_line_or_row(door: Door) -> None:
    with log_lines(registration.logger) as written:
        session = door.arrive()
        door.form("/registrations", session | WHO)
        door.form("/registrations", session | {"email": "broken", "company": WHO["company"]})
        door.marketplace.buyers["sesame"] = refused("ExpiredTokenException", "ResolveCustomer")
        door.json("/registrations", {"token": "sesame"} | WHO)
        door.marketplace.buyers["sesame"] = RuntimeError(f"sesame {WHO['email']}")
        assert door.json("/registrations", {"token": "sesame"} | WHO)[1]["error"]["code"] == "internal_error"
    said = written.getvalue()
    assert [json.loads(line)["message"] for line in said.splitlines()] == [
        "buyer arrived",
        "buyer registered",
        "request refused",
        "request refused",
        "request failed",
    ]
    # parts that no encoding changes
    for secret in ("tok7Kq", "sesame", "acme", "Acme", "Example", session["session"]):
        assert secret not in said
    assert "tok7Kq" not in str(door.row())


def test_a_legacy_buyers_licence_row_lives_no_longer(door: Door) -> None:
    """Its event came before the registration told that the buyer is a legacy one: no hour is sent both ways."""
    early = {
        "customerIdentifier": LICENSE_ID,
        "integration": "license",
        "subscriptionStatus": "active",
        "activePeriods": [{"start": int(T0)}],
        "lifecycleNotices": {"n": {"kind": "start", "at": "2026-11-15T00:00:00Z"}},
        "agreementId": AGREEMENT,
        "version": 1,
    }
    door.table.put_item(Item=early)
    assert door.json("/registrations", {"token": TOKEN} | WHO)[0] == 200
    gone = door.row(LICENSE_ID)
    assert (gone["supersededBy"], gone["subscriptionStatus"]) == ("custA1", "pending")
    assert not {"activePeriods", "lifecycleNotices", "agreementId"} & set(gone)
    assert (door.row()["agreementId"], door.row()["integration"]) == (AGREEMENT, "legacy")


def test_a_registered_licence_is_never_superseded(door: Door) -> None:
    door.json("/registrations", {"token": "licensed"} | WHO)
    before = door.row(LICENSE_ID)
    door.json("/registrations", {"token": TOKEN} | WHO)
    assert door.row(LICENSE_ID) == before


@pytest.mark.parametrize("integration", ["license"])
def test_the_stages_integration_decides_the_key(door: Door) -> None:
    assert door.json("/registrations", {"token": TOKEN} | WHO)[1]["customerId"] == LICENSE_ID
