"""The function of entitlements: a notice comes, what the contract includes is fetched and stored."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from buyer.assembly import entitlements as assembly
from buyer.handlers import entitlement_notices
from ledger.tables import NOTICES, SUBSCRIBERS
from local.dynamodb.store import MemoryDynamoDB
from marketplace.tiers import Tier
from runtime import clock
from runtime.settings import EntitlementNoticesSettings
from tests.products import sold
from tests.unit.emitted import emitted
from tests.unit.log_lines import log_lines
from tests.unit.marketplace_double import MarketplaceDouble, held, refused
from tests.unit.messages import ACCOUNT, ARN, LICENSE_ID, PRODUCT, T0, Context, failed, license_event, queue, sns

TIERS = (Tier("basic_tier", {}), Tier("professional_tier", {}), Tier("enterprise_tier", {}))
NOW = T0 + 10.5


class Stage:
    def __init__(self, subscribers: Any, notices: Any, marketplace: MarketplaceDouble) -> None:
        self.subscribers = subscribers
        self.notices = notices
        self.marketplace = marketplace

    def receive(self, *bodies: str) -> list[str]:
        return failed(entitlement_notices.handler(queue(*bodies), Context()))

    def row(self, key: str = "custA1") -> dict[str, Any]:
        return dict(self.subscribers.get_item(Key={"customerIdentifier": key}).get("Item", {}))

    def put(self, **item: Any) -> None:
        self.subscribers.put_item(Item={"customerIdentifier": "custA1", "integration": "legacy", "version": 1} | item)


@pytest.fixture
def pricing_model() -> str:
    return "contract-with-consumption"


@pytest.fixture
def stage(
    monkeypatch: pytest.MonkeyPatch, dynamodb: MemoryDynamoDB, environment: None, integration: str, pricing_model: str
) -> Stage:
    marketplace = MarketplaceDouble()
    settings = {
        "PRODUCTS": sold(code=PRODUCT, integration=integration, pricing_model=pricing_model, tiers=TIERS).to_json(),
        "SELLER_ROLE_ARN": "",
        "EXTERNAL_ID": "",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    receiver = assembly.entitlement_receiver(EntitlementNoticesSettings.from_env(), marketplace)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(entitlement_notices, "receiver", lambda: receiver)
    return Stage(dynamodb.Table(SUBSCRIBERS.name), dynamodb.Table(NOTICES.name), marketplace)


@pytest.mark.parametrize("action", ["entitlement-updated", "entitlement-expired"])
def test_the_highest_tier_held_is_stored_with_the_time_of_the_fetch(stage: Stage, action: str) -> None:
    stage.put(subscriptionStatus="active", email="a@b.example", activePeriods=[{"start": int(T0)}])
    stage.marketplace.holds = (held("basic_tier"), held("professional_tier", "2026-12-31T00:00:00"), held("seats"))
    assert stage.receive(sns(action, T0)) == []
    row = stage.row()
    assert row["tier"] == "professional_tier"
    assert row["entitlement"] == {"dimension": "professional_tier", "expirationDate": "2026-12-31T00:00:00Z"}
    assert [entry["dimension"] for entry in row["entitlements"]] == ["basic_tier", "professional_tier", "seats"]
    assert float(row["entitlementsFetchedAt"]) == NOW
    assert (row["subscriptionStatus"], row["email"]) == ("active", "a@b.example")
    assert stage.marketplace.asked == [{"product_code": PRODUCT, "customer_identifier": "custA1"}]


def test_a_notice_before_the_registration_creates_the_row(stage: Stage) -> None:
    stage.marketplace.holds = (held("basic_tier"),)
    stage.receive(sns("entitlement-updated", T0))
    row = stage.row()
    assert (row["subscriptionStatus"], row["integration"], row["tier"]) == ("pending", "legacy", "basic_tier")


def test_a_licences_update_syncs_it_by_its_arn(stage: Stage) -> None:
    stage.marketplace.holds = (held("basic_tier", license_arn=ARN, account_id=ACCOUNT),)
    assert stage.receive(license_event("Updated", T0)) == []
    row = stage.row(LICENSE_ID)
    assert (row["tier"], row["licenseArn"], row["customerAWSAccountId"]) == ("basic_tier", ARN, ACCOUNT)
    assert stage.marketplace.asked == [{"product_code": PRODUCT, "license_arn": ARN, "account_id": ACCOUNT}]


def test_get_entitlements_gives_the_form_of_the_licence_to_send(stage: Stage) -> None:
    stage.marketplace.holds = (held("basic_tier", license_arn=ARN, account_id=ACCOUNT),)
    stage.receive(license_event("Updated", T0, arn=f"aws:license-manager:us-east-1:{ACCOUNT}:{LICENSE_ID}"))
    assert stage.row(LICENSE_ID)["licenseArn"] == ARN


def test_a_start_is_followed_so_that_the_fetch_is_newer_than_the_last_notice(stage: Stage) -> None:
    stage.put(subscriptionStatus="active", lastNoticeAt=int(T0))
    stage.marketplace.holds = (held("basic_tier"),)
    stage.receive(sns("subscribe-success", T0))
    assert stage.row()["entitlementsFetchedAt"] >= stage.row()["lastNoticeAt"]


def test_a_notice_from_ahead_of_our_clock_counts_as_before_its_fetch(stage: Stage) -> None:
    stage.marketplace.holds = (held("basic_tier"),)
    stage.receive(sns("subscribe-success", NOW + 2))
    assert float(stage.row()["entitlementsFetchedAt"]) == NOW + 2


def test_an_end_fetches_nothing(stage: Stage) -> None:
    """What a cancelled customer held decides its last hours; asked now, Marketplace would name nothing."""
    stage.put(subscriptionStatus="active", tier="basic_tier")
    assert stage.receive(sns("unsubscribe-pending", T0), license_event("Deprovisioned", T0)) == []
    assert stage.marketplace.asked == []
    assert stage.row()["tier"] == "basic_tier"


def test_a_contract_that_is_gone_expires_and_comes_back(stage: Stage) -> None:
    stage.put(subscriptionStatus="active", statusChangedAt=1)
    stage.marketplace.holds = (held("basic_tier"),)
    stage.receive(sns("entitlement-updated", T0))
    stage.marketplace.holds = ()
    stage.receive(sns("entitlement-updated", T0 + 1))
    row = stage.row()
    assert (row["subscriptionStatus"], row["entitlements"], row["lastHeld"]["tier"]) == ("expired", [], "basic_tier")
    assert row["statusChangedAt"] == int(NOW)
    assert "tier" not in row and "entitlement" not in row
    stage.marketplace.holds = (held("professional_tier"),)
    stage.receive(sns("entitlement-updated", T0 + 2))
    assert (stage.row()["subscriptionStatus"], stage.row()["tier"]) == ("active", "professional_tier")


def test_a_contract_that_is_listed_with_nothing_is_gone_like_one_that_is_not_listed(stage: Stage) -> None:
    """What was held before stays for the hours that are still to be sealed."""
    stage.put(subscriptionStatus="active", statusChangedAt=1)
    stage.marketplace.holds = (held("basic_tier"),)
    stage.receive(sns("entitlement-updated", T0))
    stage.marketplace.holds = (replace(held("basic_tier"), value="0"),)
    stage.receive(sns("entitlement-updated", T0 + 1))
    row = stage.row()
    assert (row["subscriptionStatus"], row["lastHeld"]["tier"]) == ("expired", "basic_tier")
    assert "tier" not in row and "entitlement" not in row


@pytest.mark.parametrize("status", ["pending", "pending_cancellation", "final_metering", "cancelled"])
def test_the_life_cycle_is_not_clobbered(stage: Stage, status: str) -> None:
    stage.put(subscriptionStatus=status, tier="basic_tier", entitlement={"dimension": "basic_tier"})
    stage.receive(sns("entitlement-updated", T0))
    assert stage.row()["subscriptionStatus"] == status


def test_an_older_fetch_never_overwrites_a_newer_one(stage: Stage) -> None:
    stage.put(tier="enterprise_tier", entitlementsFetchedAt=int(NOW) + 5)
    stage.marketplace.holds = (held("basic_tier"),)
    assert stage.receive(sns("entitlement-updated", T0)) == []
    assert stage.row()["tier"] == "enterprise_tier"


def test_a_fetch_that_was_overtaken_while_it_ran_is_dropped(stage: Stage) -> None:
    stage.put(tier="basic_tier")
    stage.marketplace.holds = (held("basic_tier"),)
    stage.marketplace.meanwhile = lambda: stage.put(
        tier="enterprise_tier", entitlementsFetchedAt=int(NOW) + 1, version=9
    )
    stage.receive(sns("entitlement-updated", T0))
    assert stage.row()["tier"] == "enterprise_tier"


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_a_fetch_that_fails_says_that_what_is_held_is_old_and_the_notice_comes_again(stage: Stage, code: str) -> None:
    stage.put(tier="basic_tier", productCode=PRODUCT, factsAt=int(T0) + 60)
    before = stage.row()
    stage.marketplace.holds = refused(code, "GetEntitlements")
    with log_lines(entitlement_notices.logger) as written:
        assert stage.receive(sns("entitlement-updated", T0)) == ["m0"]
    after = stage.row()
    assert after["lastNoticeAt"] == Decimal(str(T0)), "until a fetch has worked, no hour is sealed by an older one"
    changed = {"lastNoticeAt", "version", "updatedAt", "schema"}
    assert {n: v for n, v in after.items() if n not in changed} == {n: v for n, v in before.items() if n not in changed}
    assert json.loads(written.getvalue())["awsCode"] == code


@pytest.mark.parametrize(
    ("code", "operation", "faults"),
    [
        ("AccessDeniedException", "GetEntitlements", 1),
        ("InvalidParameterException", "GetEntitlements", 0),
        ("ThrottlingException", "GetEntitlements", 0),
        # the role of the account that published the product does not let us in
        ("AccessDenied", "AssumeRole", 1),
        # our own table refuses: that is nothing of Marketplace's product
        ("AccessDeniedException", "UpdateItem", 0),
    ],
)
def test_a_product_that_marketplace_refuses_is_counted_for_its_alarm(
    stage: Stage, capsys: pytest.CaptureFixture[str], code: str, operation: str, faults: int
) -> None:
    stage.marketplace.holds = refused(code, operation)
    assert stage.receive(sns("entitlement-updated", T0)) == ["m0"]
    assert emitted(capsys)["ProductFaults"] == faults


def test_what_cannot_be_read_is_kept_and_the_others_of_the_batch_are_synced(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.marketplace.holds = (held("basic_tier"),)
    assert stage.receive("junk", sns("entitlement-updated", T0)) == []
    assert stage.row()["tier"] == "basic_tier"
    assert {item["noticeId"]: item["reason"] for item in stage.notices.scan()["Items"]} == {"m0": "unreadable"}
    assert emitted(capsys) == {"NoticesUnreadable": 1, "EntitlementsSynced": 1}


@pytest.mark.parametrize("notices_of", ["111122223333"])
def test_a_stage_of_test_accounts_fetches_for_these_alone(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Before a legacy buyer registers its account is not known; registering fetches what it holds."""
    stage.put(customerAWSAccountId=ACCOUNT)
    stage.receive(
        sns("entitlement-updated", T0), license_event("Updated", T0), sns("subscribe-success", T0, customer="c9")
    )
    assert stage.marketplace.asked == []
    assert (stage.row(LICENSE_ID), stage.row("c9"), stage.notices.scan()["Items"]) == ({}, {}, [])
    assert emitted(capsys) == {"NoticesKeptOut": 3}
    stage.put(customerAWSAccountId="111122223333")
    stage.receive(sns("entitlement-updated", T0))
    assert len(stage.marketplace.asked) == 1


def test_other_products_and_unknown_actions_are_kept(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.receive(
        sns("entitlement-updated", T0, id_="p", **{"product-code": "other"}), sns("entitlement-shrunk", T0, id_="u")
    )
    assert {item["noticeId"]: item["reason"] for item in stage.notices.scan()["Items"]} == {
        "p": "wrong_product",
        "u": "unknown",
    }
    assert stage.row() == {}
    # a topic is one product's, so the stage's product code must be wrong
    assert emitted(capsys) == {"NoticesUnknown": 1, "ProductCodeDoubted": 1}


@pytest.mark.parametrize("pricing_model", ["subscription"])
def test_a_plain_subscription_has_nothing_to_fetch(stage: Stage) -> None:
    assert stage.receive(license_event("Updated", T0)) == []
    assert stage.marketplace.asked == []


@pytest.mark.parametrize("integration", ["legacy"])
def test_where_licences_are_not_billed_an_unknown_one_makes_no_subscriber(stage: Stage) -> None:
    assert stage.receive(license_event("Updated", T0)) == []
    assert stage.row(LICENSE_ID) == {}
