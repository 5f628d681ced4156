"""The room's door on tables in moto: a notice comes, what the contract includes is fetched and stored."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from entitlement import handlers
from marketplace import tiers
from marketplace.tiers import Tier
from runtime import clock
from tests.unit.log_lines import log_lines
from tests.unit.marketplace_double import MarketplaceDouble, held, refused
from tests.unit.messages import ACCOUNT, ARN, LICENSE_ID, PRODUCT, T0, Context, failed, license_event, queue, sns
from tests.unit.moto_tables import tables

TIERS = (Tier("basic_tier", {}), Tier("professional_tier", {}), Tier("enterprise_tier", {}))
NOW = T0 + 10.5


class Room:
    def __init__(self, subscribers: Any, notices: Any, marketplace: MarketplaceDouble) -> None:
        self.subscribers = subscribers
        self.notices = notices
        self.marketplace = marketplace

    def receive(self, *bodies: str) -> list[str]:
        return failed(handlers.handle_notices(queue(*bodies), Context()))

    def row(self, key: str = "custA1") -> dict[str, Any]:
        return dict(self.subscribers.get_item(Key={"customerIdentifier": key}).get("Item", {}))

    def put(self, **item: Any) -> None:
        self.subscribers.put_item(Item={"customerIdentifier": "custA1", "integration": "legacy", "version": 1} | item)


@pytest.fixture
def pricing_model() -> str:
    return "contract-with-consumption"


@pytest.fixture
def integration() -> str:
    return "mixed"


@pytest.fixture
def notices_of() -> str:
    return "all"


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch, pricing_model: str, integration: str, notices_of: str) -> Iterator[Room]:
    marketplace = MarketplaceDouble()
    with tables(monkeypatch) as (subscribers, notices):
        for name, value in {
            "PRODUCT_CODE": PRODUCT,
            "INTEGRATION": integration,
            "NOTICES_OF": notices_of,
            "PRICING_MODEL": pricing_model,
            "TIERS": tiers.to_json(TIERS),
            "SELLER_ROLE_ARN": "",
            "EXTERNAL_ID": "",
            "SUBSCRIBERS_TABLE": subscribers.name,
            "NOTICES_TABLE": notices.name,
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(clock, "now", lambda: NOW)
        monkeypatch.setattr(handlers, "source", lambda: marketplace)
        handlers.desk.cache_clear()
        yield Room(subscribers, notices, marketplace)


@pytest.mark.parametrize("action", ["entitlement-updated", "entitlement-expired"])
def test_the_highest_tier_held_is_stored_with_the_time_of_the_fetch(room: Room, action: str) -> None:
    room.put(subscriptionStatus="active", email="a@b.example", activePeriods=[{"start": int(T0)}])
    room.marketplace.holds = (held("basic_tier"), held("professional_tier", "2026-12-31T00:00:00"), held("seats"))
    assert room.receive(sns(action, T0)) == []
    row = room.row()
    assert row["tier"] == "professional_tier"
    assert row["entitlement"] == {"dimension": "professional_tier", "expirationDate": "2026-12-31T00:00:00Z"}
    assert [entry["dimension"] for entry in row["entitlements"]] == ["basic_tier", "professional_tier", "seats"]
    assert float(row["entitlementsFetchedAt"]) == NOW
    assert (row["subscriptionStatus"], row["email"]) == ("active", "a@b.example")
    assert room.marketplace.asked == [{"product_code": PRODUCT, "customer_identifier": "custA1"}]


def test_a_notice_before_the_registration_creates_the_row(room: Room) -> None:
    room.marketplace.holds = (held("basic_tier"),)
    room.receive(sns("entitlement-updated", T0))
    row = room.row()
    assert (row["subscriptionStatus"], row["integration"], row["tier"]) == ("pending", "legacy", "basic_tier")


def test_a_licences_update_syncs_it_by_its_arn(room: Room) -> None:
    room.marketplace.holds = (held("basic_tier", license_arn=ARN, account_id=ACCOUNT),)
    assert room.receive(license_event("Updated", T0)) == []
    row = room.row(LICENSE_ID)
    assert (row["tier"], row["licenseArn"], row["customerAWSAccountId"]) == ("basic_tier", ARN, ACCOUNT)
    assert room.marketplace.asked == [{"product_code": PRODUCT, "license_arn": ARN, "account_id": ACCOUNT}]


def test_get_entitlements_gives_the_form_of_the_licence_to_send(room: Room) -> None:
    room.marketplace.holds = (held("basic_tier", license_arn=ARN, account_id=ACCOUNT),)
    room.receive(license_event("Updated", T0, arn=f"aws:license-manager:us-east-1:{ACCOUNT}:{LICENSE_ID}"))
    assert room.row(LICENSE_ID)["licenseArn"] == ARN


def test_a_start_is_followed_so_that_the_fetch_is_newer_than_the_last_notice(room: Room) -> None:
    room.put(subscriptionStatus="active", lastNoticeAt=int(T0))
    room.marketplace.holds = (held("basic_tier"),)
    room.receive(sns("subscribe-success", T0))
    assert room.row()["entitlementsFetchedAt"] >= room.row()["lastNoticeAt"]


def test_a_notice_from_ahead_of_our_clock_counts_as_before_its_fetch(room: Room) -> None:
    room.marketplace.holds = (held("basic_tier"),)
    room.receive(sns("subscribe-success", NOW + 2))
    assert float(room.row()["entitlementsFetchedAt"]) == NOW + 2


def test_an_end_fetches_nothing(room: Room) -> None:
    """What a leaver held decides his last hours; asked now, Marketplace would say nothing."""
    room.put(subscriptionStatus="active", tier="basic_tier")
    assert room.receive(sns("unsubscribe-pending", T0), license_event("Deprovisioned", T0)) == []
    assert room.marketplace.asked == []
    assert room.row()["tier"] == "basic_tier"


def test_a_contract_that_is_gone_expires_and_comes_back(room: Room) -> None:
    room.put(subscriptionStatus="active", statusChangedAt=1)
    room.marketplace.holds = (held("basic_tier"),)
    room.receive(sns("entitlement-updated", T0))
    room.marketplace.holds = ()
    room.receive(sns("entitlement-updated", T0 + 1))
    row = room.row()
    assert (row["subscriptionStatus"], row["entitlements"], row["lastHeld"]["tier"]) == ("expired", [], "basic_tier")
    assert row["statusChangedAt"] == int(NOW)
    assert "tier" not in row and "entitlement" not in row
    room.marketplace.holds = (held("professional_tier"),)
    room.receive(sns("entitlement-updated", T0 + 2))
    assert (room.row()["subscriptionStatus"], room.row()["tier"]) == ("active", "professional_tier")


def test_a_contract_that_is_listed_with_nothing_is_gone_like_one_that_is_not_listed(room: Room) -> None:
    """What was held before stays for the hours that are still to be sealed."""
    room.put(subscriptionStatus="active", statusChangedAt=1)
    room.marketplace.holds = (held("basic_tier"),)
    room.receive(sns("entitlement-updated", T0))
    room.marketplace.holds = (replace(held("basic_tier"), value="0"),)
    room.receive(sns("entitlement-updated", T0 + 1))
    row = room.row()
    assert (row["subscriptionStatus"], row["lastHeld"]["tier"]) == ("expired", "basic_tier")
    assert "tier" not in row and "entitlement" not in row


@pytest.mark.parametrize("status", ["pending", "pending_cancellation", "final_metering", "cancelled"])
def test_the_life_cycle_is_not_clobbered(room: Room, status: str) -> None:
    room.put(subscriptionStatus=status, tier="basic_tier", entitlement={"dimension": "basic_tier"})
    room.receive(sns("entitlement-updated", T0))
    assert room.row()["subscriptionStatus"] == status


def test_an_older_fetch_never_overwrites_a_newer_one(room: Room) -> None:
    room.put(tier="enterprise_tier", entitlementsFetchedAt=int(NOW) + 5)
    room.marketplace.holds = (held("basic_tier"),)
    assert room.receive(sns("entitlement-updated", T0)) == []
    assert room.row()["tier"] == "enterprise_tier"


def test_a_fetch_that_was_overtaken_while_it_ran_is_dropped(room: Room) -> None:
    room.put(tier="basic_tier")
    room.marketplace.holds = (held("basic_tier"),)
    room.marketplace.meanwhile = lambda: room.put(tier="enterprise_tier", entitlementsFetchedAt=int(NOW) + 1, version=9)
    room.receive(sns("entitlement-updated", T0))
    assert room.row()["tier"] == "enterprise_tier"


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_a_fetch_that_fails_says_that_what_is_held_is_old_and_the_notice_comes_again(room: Room, code: str) -> None:
    room.put(tier="basic_tier", productCode=PRODUCT, factsAt=int(T0) + 60)
    before = room.row()
    room.marketplace.holds = refused(code, "GetEntitlements")
    with log_lines(handlers.logger) as written:
        assert room.receive(sns("entitlement-updated", T0)) == ["m0"]
    after = room.row()
    assert after["lastNoticeAt"] == Decimal(str(T0)), "until a fetch has worked, no hour is sealed by an older one"
    changed = {"lastNoticeAt", "version", "updatedAt", "schema"}
    assert {n: v for n, v in after.items() if n not in changed} == {n: v for n, v in before.items() if n not in changed}
    assert json.loads(written.getvalue())["awsCode"] == code


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return {name: sum(values) for line in told for name, values in line.items() if isinstance(values, list)}


@pytest.mark.parametrize(
    ("code", "operation", "faults"),
    [
        ("AccessDeniedException", "GetEntitlements", 1),
        ("InvalidParameterException", "GetEntitlements", None),
        ("ThrottlingException", "GetEntitlements", None),
        # the role of the account that published the product does not let us in
        ("AccessDenied", "AssumeRole", 1),
        # our own table refuses: that is nothing of Marketplace's product
        ("AccessDeniedException", "UpdateItem", None),
    ],
)
def test_a_product_that_marketplace_refuses_is_counted_for_its_alarm(
    room: Room, capsys: pytest.CaptureFixture[str], code: str, operation: str, faults: int | None
) -> None:
    room.marketplace.holds = refused(code, operation)
    assert room.receive(sns("entitlement-updated", T0)) == ["m0"]
    assert counted(capsys).get("ProductFaults") == faults


def test_what_cannot_be_read_is_kept_and_the_others_of_the_batch_are_synced(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    room.marketplace.holds = (held("basic_tier"),)
    assert room.receive("junk", sns("entitlement-updated", T0)) == []
    assert room.row()["tier"] == "basic_tier"
    assert {item["noticeId"]: item["reason"] for item in room.notices.scan()["Items"]} == {"m0": "unreadable"}
    assert counted(capsys) == {"NoticesUnreadable": 1, "EntitlementsSynced": 1}


@pytest.mark.parametrize("notices_of", ["111122223333"])
def test_a_stage_of_test_accounts_fetches_for_these_alone(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    """Before a legacy buyer registers his account is not known; registering fetches what he holds."""
    room.put(customerAWSAccountId=ACCOUNT)
    room.receive(
        sns("entitlement-updated", T0), license_event("Updated", T0), sns("subscribe-success", T0, customer="c9")
    )
    assert room.marketplace.asked == []
    assert (room.row(LICENSE_ID), room.row("c9"), room.notices.scan()["Items"]) == ({}, {}, [])
    assert counted(capsys) == {"NoticesKeptOut": 3}
    room.put(customerAWSAccountId="111122223333")
    room.receive(sns("entitlement-updated", T0))
    assert len(room.marketplace.asked) == 1


def test_other_products_and_unknown_actions_are_kept(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    room.receive(
        sns("entitlement-updated", T0, id_="p", **{"product-code": "other"}), sns("entitlement-shrunk", T0, id_="u")
    )
    assert {item["noticeId"]: item["reason"] for item in room.notices.scan()["Items"]} == {
        "p": "wrong_product",
        "u": "unknown",
    }
    assert room.row() == {}
    # a topic is one product's, so the stage's product code must be wrong
    assert counted(capsys) == {"NoticesUnknown": 1, "ProductCodeDoubted": 1}


@pytest.mark.parametrize("pricing_model", ["subscription"])
def test_a_plain_subscription_has_nothing_to_fetch(room: Room) -> None:
    assert room.receive(license_event("Updated", T0)) == []
    assert room.marketplace.asked == []


@pytest.mark.parametrize("integration", ["legacy"])
def test_where_licences_are_not_billed_an_unknown_one_makes_no_subscriber(room: Room) -> None:
    assert room.receive(license_event("Updated", T0)) == []
    assert room.row(LICENSE_ID) == {}
