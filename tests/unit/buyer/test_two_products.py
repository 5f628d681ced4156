"""Buyers and notices of a stage that sells two products: each by its own integration, pricing model and tiers."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from buyer.assembly import entitlements as notice_assembly
from buyer.assembly import notices as subscription_assembly
from buyer.assembly import registration as assembly
from buyer.handlers import entitlement_notices, registration, subscription_notices
from buyer.pages.branding import Branding
from buyer.registration.contact import ASKED_BY_DEFAULT
from buyer.signing_keys import SigningKeys
from ledger.tables import NOTICES, SUBSCRIBERS
from local.dynamodb.store import MemoryDynamoDB
from marketplace.client import ResolvedCustomer
from marketplace.products import Products
from marketplace.tiers import Tier
from runtime import clock
from runtime.settings import EntitlementNoticesSettings, RegistrationSettings
from tests.products import sold
from tests.unit.buyer.registration.door import NOW, TOKEN, WHO, Door, Times
from tests.unit.buyer.registration.secret import Secret
from tests.unit.marketplace_double import MarketplaceDouble, held
from tests.unit.messages import (
    ACCOUNT,
    AGREEMENT,
    ARN,
    LICENSE_ID,
    T0,
    Context,
    agreement_ended,
    failed,
    license_event,
    queue,
    sns,
)

#: Sold by licence, as contracts; and to legacy buyers, who hold none.
CONTRACT, USAGE = "contractproduct", "usageproduct1"
PRODUCTS = Products(
    (
        *sold(code=CONTRACT, integration="license", pricing_model="contract", tiers=(Tier("basic", {}),)),
        *sold(code=USAGE, integration="legacy"),
    )
)
BOUGHT = {
    TOKEN: ResolvedCustomer(product_code=CONTRACT, account_id=ACCOUNT, license_arn=ARN, agreement_id=AGREEMENT),
    "legacy": ResolvedCustomer(product_code=USAGE, customer_identifier="custA1", account_id=ACCOUNT, license_arn=ARN),
    "other": ResolvedCustomer(product_code="another", customer_identifier="custA1", account_id=ACCOUNT),
}


@pytest.fixture
def market() -> MarketplaceDouble:
    return MarketplaceDouble(buyers=dict(BOUGHT), holds=(held("basic"),))


@pytest.fixture
def settings() -> dict[str, str]:
    return {
        "PRODUCTS": PRODUCTS.to_json(),
        "NOTICES_OF": "all",
        "SUBSCRIBERS_TABLE": SUBSCRIBERS.name,
        "NOTICES_TABLE": NOTICES.name,
        "SELLER_ROLE_ARN": "",
        "EXTERNAL_ID": "",
    }


@pytest.fixture
def door(
    monkeypatch: pytest.MonkeyPatch, dynamodb: MemoryDynamoDB, market: MarketplaceDouble, settings: dict[str, str]
) -> Door:
    secret = Secret()
    own = {
        **settings,
        "METERING_REGION": "us-east-1",
        "SESSION_SECRET_ARN": secret.arn,
        "REGISTRATION_FIELDS": json.dumps(dict(ASKED_BY_DEFAULT)),
        "CONFIRM_WITHIN_SECONDS": "3600",
        "BRANDING": Branding().to_json(),
        **dict.fromkeys(("HANDOVER_URL", "HANDOVER_REDIRECTS", "HANDOVER_ISSUER", "HANDOVER_SECRET_ARN"), ""),
    }
    read = RegistrationSettings.from_env(own)
    monkeypatch.setattr(SigningKeys, "connect", lambda arn: SigningKeys(secret, arn))
    registrar, handouts, pages = assembly.registrar(read, market), assembly.handouts(read), assembly.pages(read)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(registration, "registrar", lambda: registrar)
    monkeypatch.setattr(registration, "handouts", lambda: handouts)
    monkeypatch.setattr(registration, "pages", lambda: pages)
    return Door(dynamodb.Table(SUBSCRIBERS.name), market, Times())


@pytest.fixture
def notices(
    monkeypatch: pytest.MonkeyPatch, dynamodb: MemoryDynamoDB, market: MarketplaceDouble, settings: dict[str, str]
) -> Any:
    read = EntitlementNoticesSettings.from_env(settings)
    subscriptions = subscription_assembly.subscription_receiver(read)
    contracts = notice_assembly.entitlement_receiver(read, market)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(subscription_notices, "receiver", lambda: subscriptions)
    monkeypatch.setattr(entitlement_notices, "receiver", lambda: contracts)
    return SimpleNamespace(
        table=dynamodb.Table(SUBSCRIBERS.name), kept=dynamodb.Table(NOTICES.name), market=market, receive=receive
    )


def receive(*bodies: str) -> None:
    """The notices as both queues get them."""
    for function in (subscription_notices, entitlement_notices):
        assert failed(function.handler(queue(*bodies), Context())) == []


def rows(table: Any) -> dict[str, Any]:
    return {item["customerIdentifier"]: item for item in table.scan()["Items"]}


def test_each_buyer_registers_by_its_product_and_only_contracts_are_fetched(door: Door) -> None:
    for token in (TOKEN, "legacy"):
        status, _ = door.json("/registrations", {"token": token, **WHO})
        assert status == 200
    found = rows(door.table)
    assert {key: (row["productCode"], row["integration"]) for key, row in found.items()} == {
        LICENSE_ID: (CONTRACT, "license"),
        "custA1": (USAGE, "legacy"),
    }
    assert (found[LICENSE_ID]["tier"], "entitlementsFetchedAt" in found["custA1"]) == ("basic", False)
    assert [asked["product_code"] for asked in door.marketplace.asked] == [CONTRACT]


def test_a_buyer_of_a_third_product_is_turned_away(door: Door) -> None:
    status, said = door.json("/registrations", {"token": "other", **WHO})
    assert (status, said["error"]["code"]) == (400, "wrong_product")
    assert rows(door.table) == {}


@pytest.mark.parametrize(("token", "key"), [(TOKEN, LICENSE_ID), ("legacy", "custA1")])
def test_the_page_s_session_is_good_for_either_product(door: Door, token: str, key: str) -> None:
    status, arrived = door.json("/register", {"token": token})
    assert status == 200
    status, said = door.json("/registrations", {"session": arrived["session"], **WHO})
    assert (status, said["customerId"], rows(door.table)[key]["email"]) == (200, key, WHO["email"])


def test_notices_of_both_are_applied_each_by_its_integration(notices: Any) -> None:
    receive(
        license_event("Updated", T0, product=CONTRACT),
        sns("subscribe-success", T0, **{"product-code": USAGE}),
    )
    found = rows(notices.table)
    assert {key: (row["productCode"], row["integration"], row["subscriptionStatus"]) for key, row in found.items()} == {
        LICENSE_ID: (CONTRACT, "license", "active"),
        "custA1": (USAGE, "legacy", "active"),
    }
    assert [asked["product_code"] for asked in notices.market.asked] == [CONTRACT]


def test_a_licence_of_the_legacy_product_becomes_no_subscriber(notices: Any) -> None:
    """Its hours would be sent both ways."""
    receive(license_event("Updated", T0, product=USAGE))
    assert rows(notices.table) == {}


def test_a_legacy_notice_about_the_product_of_licences_changes_nothing(notices: Any) -> None:
    receive(sns("subscribe-success", T0, **{"product-code": CONTRACT}))
    assert rows(notices.table) == {}
    assert {item["reason"] for item in notices.kept.scan()["Items"]} == {"other_integration"}


def test_a_third_product_s_notices_are_no_business_of_the_stage(notices: Any) -> None:
    receive(license_event("Updated", T0, product="another"))
    assert rows(notices.table) == {}
    assert {item["reason"] for item in notices.kept.scan()["Items"]} == {"wrong_product"}


def test_an_agreement_s_event_names_no_product_and_ends_its_licence(notices: Any) -> None:
    receive(license_event("Updated", T0, product=CONTRACT))
    receive(agreement_ended("CANCELLED", T0 + 60))
    assert rows(notices.table)[LICENSE_ID]["subscriptionStatus"] == "pending_cancellation"


def test_the_environment_says_all_of_it(settings: dict[str, str]) -> None:
    assert json.loads(settings["PRODUCTS"])[0]["tiers"] == {"basic": []}
