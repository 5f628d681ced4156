"""The functions of subscriptions: queue records in, subscribers and kept notices out."""

import json
from decimal import Decimal
from itertools import permutations

import pytest

from buyer.handlers import subscription_notices
from buyer.notices.receive import Received
from buyer.notices.subscription import SubscriptionReceiver
from marketplace.notice import Notice
from runtime import clock
from tests.unit.buyer.notices.stage import Stage
from tests.unit.log_lines import log_lines
from tests.unit.messages import (
    ACCOUNT,
    AGREEMENT,
    ARN,
    LICENSE_ID,
    PRODUCT,
    T0,
    agreement_ended,
    license_event,
    sns,
)

S = int(T0)


def test_a_notice_before_the_registration_creates_the_row(stage: Stage) -> None:
    assert stage.receive(sns("subscribe-success", T0 + 0.25, isFreeTrialTermPresent="true")) == []
    row = stage.row("custA1")
    assert (row["subscriptionStatus"], row["subscriptionAction"]) == ("active", "subscribe-success")
    assert row["activePeriods"] == [{"start": S + 1}]
    assert (row["integration"], row["productCode"], row["freeTrial"]) == ("legacy", PRODUCT, True)
    assert (row["lastNoticeAt"], row["statusChangedAt"]) == (S + Decimal("0.25"), S)


def test_raw_delivery_takes_id_and_time_of_the_queue(stage: Stage) -> None:
    raw = json.dumps({"action": "subscribe-success", "customer-identifier": "custA1", "product-code": PRODUCT})
    assert stage.receive(raw) == []
    assert stage.row("custA1")["activePeriods"] == [{"start": S}]
    assert list(stage.row("custA1")["lifecycleNotices"]) == ["m0"]


def test_a_licence_carries_all_its_facts(stage: Stage) -> None:
    stage.receive(license_event("Updated", T0))
    row = stage.row(LICENSE_ID)
    assert (row["integration"], row["licenseArn"], row["agreementId"]) == ("license", ARN, AGREEMENT)
    assert (row["customerAWSAccountId"], row["offerId"]) == (ACCOUNT, "offer-1")
    assert (row["subscriptionStatus"], row["subscriptionAction"]) == ("active", "License Updated")


def test_an_events_form_of_the_arn_is_the_same_subscriber_and_overrides_no_sendable_one(stage: Stage) -> None:
    stage.receive(license_event("Updated", T0))
    stage.receive(license_event("Deprovisioned", T0 + 60, arn=f"aws:license-manager:us-east-1:{ACCOUNT}:{LICENSE_ID}"))
    assert stage.keys() == [LICENSE_ID]
    assert stage.row(LICENSE_ID)["licenseArn"] == ARN
    assert stage.row(LICENSE_ID)["subscriptionStatus"] == "pending_cancellation"


def test_an_end_sets_acceptance_in_the_same_write_and_cancelled_is_not_ours(stage: Stage) -> None:
    stage.receive(sns("subscribe-success", T0), sns("unsubscribe-pending", T0 + 100))
    stage.receive(sns("unsubscribe-success", T0 + 3700))
    row = stage.row("custA1")
    assert row["subscriptionStatus"] == "pending_cancellation"
    assert row["activePeriods"] == [{"start": S, "end": S + 100}]
    assert row["acceptsUntil"] == S + 100 + 45 * 60


def test_a_resubscription_opens_a_period_and_removes_acceptance(stage: Stage) -> None:
    stage.receive(
        sns("subscribe-success", T0), sns("unsubscribe-pending", T0 + 100), sns("subscribe-success", T0 + 200)
    )
    row = stage.row("custA1")
    assert "acceptsUntil" not in row
    assert row["activePeriods"] == [{"start": S, "end": S + 100}, {"start": S + 200}]


def test_any_order_gives_the_same_subscriber(stage: Stage) -> None:
    bodies = {
        "start": sns("subscribe-success", T0, customer="{c}"),
        "end": sns("unsubscribe-pending", T0 + 100, customer="{c}"),
        "again": sns("subscribe-success", T0 + 200, customer="{c}"),
    }
    seen = []
    for number, order in enumerate(permutations(bodies)):
        assert stage.receive(*(bodies[name].replace("{c}", f"c{number}") for name in order)) == []
        row = stage.row(f"c{number}")
        seen.append({k: v for k, v in row.items() if k not in ("customerIdentifier", "createdAt", "updatedAt")})
    assert len(seen) == 6
    assert all(row == seen[0] for row in seen)


def test_a_notice_that_comes_again_writes_nothing(stage: Stage) -> None:
    body = sns("subscribe-success", T0)
    stage.receive(body)
    before = stage.row("custA1")
    assert stage.receive(body, body) == []
    assert stage.row("custA1") == before


def test_an_older_notice_still_brings_its_facts(stage: Stage) -> None:
    """H12 of the protocol's review: the end overtakes the start, with the activation in it."""
    stage.receive(agreement_ended("CANCELLED", T0 + 100))
    stage.receive(license_event("Deprovisioned", T0 + 120), license_event("Updated", T0))
    row = stage.row(LICENSE_ID)
    assert row["activePeriods"] == [{"start": S + 1, "end": S + 100}]
    assert row["customerAWSAccountId"] == ACCOUNT


def test_a_late_notice_fills_gaps_and_overrides_nothing(stage: Stage) -> None:
    stage.subscribers.put_item(
        Item={"customerIdentifier": LICENSE_ID, "integration": "license", "agreementId": "newer", "factsAt": S + 60}
    )
    stage.receive(license_event("Updated", T0))
    row = stage.row(LICENSE_ID)
    assert (row["agreementId"], row["customerAWSAccountId"], row["factsAt"]) == ("newer", ACCOUNT, S + 60)


def test_an_agreements_end_waits_until_its_licence_binds_it(stage: Stage) -> None:
    assert stage.receive(agreement_ended("CANCELLED", T0 + 100, id_="ended")) == []
    assert stage.kept() == {"ended": "agreement_unknown"}
    assert stage.keys() == []
    stage.receive(license_event("Updated", T0))
    row = stage.row(LICENSE_ID)
    assert (row["subscriptionStatus"], row["activePeriods"]) == (
        "pending_cancellation",
        [{"start": S + 1, "end": S + 100}],
    )
    assert "waitingForAgreement" not in stage.notices.get_item(Key={"noticeId": "ended"})["Item"]


def test_an_agreements_end_finds_its_licence(stage: Stage) -> None:
    stage.receive(license_event("Updated", T0), agreement_ended("CANCELLED", T0 + 100))
    assert stage.row(LICENSE_ID)["subscriptionStatus"] == "pending_cancellation"


def test_an_end_without_a_start_is_not_active_yet(stage: Stage) -> None:
    stage.receive(sns("unsubscribe-pending", T0))
    assert stage.row("custA1")["subscriptionStatus"] == "pending"
    assert "acceptsUntil" not in stage.row("custA1")


def test_failed_and_then_subscribed(stage: Stage) -> None:
    stage.receive(sns("subscribe-fail", T0))
    assert stage.row("custA1")["subscriptionStatus"] == "failed"
    stage.receive(sns("subscribe-success", T0 - 5))
    assert stage.row("custA1")["subscriptionStatus"] == "active"


def test_what_fails_here_comes_again_and_the_others_do_not(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    received = SubscriptionReceiver.receive

    def failing(receiver: SubscriptionReceiver, notice: Notice, body: str, now: float) -> Received:
        if notice.customer_identifier == "bad":
            raise RuntimeError(body)
        return received(receiver, notice, body, now)

    monkeypatch.setattr(SubscriptionReceiver, "receive", failing)
    with log_lines(subscription_notices.logger) as written:
        bad = sns("subscribe-success", T0, customer="bad", contactEmail="a@b.example")
        assert stage.receive(bad, sns("subscribe-success", T0), bad) == ["m0", "m2"]
    assert stage.keys() == ["custA1"]
    assert "@" not in written.getvalue()


def test_final_meterings_word_stands(stage: Stage) -> None:
    stage.receive(sns("subscribe-success", T0), sns("unsubscribe-pending", T0 + 100))
    stage.subscribers.update_item(
        Key={"customerIdentifier": "custA1"},
        UpdateExpression="SET subscriptionStatus = :s, version = version + :one",
        ExpressionAttributeValues={":s": "cancelled", ":one": 1},
    )
    stage.receive(sns("unsubscribe-success", T0 + 3700))
    assert stage.row("custA1")["subscriptionStatus"] == "cancelled"


@pytest.mark.parametrize("integration", ["legacy", "mixed"])
def test_a_legacy_buyers_licence_is_no_second_subscriber(stage: Stage) -> None:
    stage.receive(sns("subscribe-success", T0))
    stage.subscribers.update_item(
        Key={"customerIdentifier": "custA1"},
        UpdateExpression="SET agreementId = :a",
        ExpressionAttributeValues={":a": AGREEMENT},
    )
    stage.receive(license_event("Updated", T0), license_event("Deprovisioned", T0 + 50))
    assert stage.keys() == ["custA1"]
    row = stage.row("custA1")
    assert (row["integration"], row["subscriptionStatus"]) == ("legacy", "active")
    assert (row["customerAWSAccountId"], row["licenseArn"]) == (ACCOUNT, ARN)


def test_a_superseded_licence_is_not_revived(stage: Stage) -> None:
    stage.subscribers.put_item(Item={"customerIdentifier": LICENSE_ID, "integration": "license", "supersededBy": "c1"})
    stage.subscribers.put_item(Item={"customerIdentifier": "c1", "integration": "legacy", "version": 1})
    stage.receive(license_event("Updated", T0))
    assert "activePeriods" not in stage.row(LICENSE_ID)
    assert (stage.row("c1")["agreementId"], "activePeriods" in stage.row("c1")) == (AGREEMENT, False)


@pytest.mark.parametrize("integration", ["legacy"])
def test_where_licences_are_not_billed_an_unknown_one_waits(stage: Stage) -> None:
    stage.receive(license_event("Updated", T0, id_="e"))
    assert stage.keys() == []
    assert stage.kept() == {"e": "agreement_unknown"}


@pytest.mark.parametrize("integration", ["license"])
def test_where_only_licences_are_billed_a_legacy_notice_is_kept(stage: Stage) -> None:
    stage.receive(sns("subscribe-success", T0, id_="s"), license_event("Updated", T0))
    assert stage.keys() == [LICENSE_ID]
    assert stage.kept() == {"s": "other_integration"}


def test_a_subscriber_as_an_operator_sees_it(stage: Stage) -> None:
    stage.receive(license_event("Updated", T0), license_event("Deprovisioned", T0 + 60))
    status, shown = stage.get(f"/subscribers/{LICENSE_ID}")
    assert status == 200
    assert (shown["subscriptionStatus"], shown["agreementId"]) == ("pending_cancellation", AGREEMENT)
    assert shown["activePeriods"] == [{"start": clock.iso(S + 1), "end": clock.iso(S + 60)}]
    assert shown["acceptsUntil"] == clock.iso(S + 60 + 2700)
    assert "version" not in shown


def test_entitlements_as_an_operator_sees_them(stage: Stage) -> None:
    stage.subscribers.put_item(
        Item={
            "customerIdentifier": "custA1",
            "tier": "basic_tier",
            "entitlements": [{"dimension": "basic_tier", "value": "1", "expiresAt": S}],
            "entitlementsFetchedAt": S,
        }
    )
    assert stage.get("/subscribers/custA1/entitlements") == (
        200,
        {
            "customerIdentifier": "custA1",
            "tier": "basic_tier",
            "fetchedAt": clock.iso(S),
            "entitlements": [{"dimension": "basic_tier", "value": "1", "expirationDate": clock.iso(S)}],
        },
    )


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subscribers/nobody", 404, "not_found"),
        ("/subscribers/nobody/entitlements", 404, "not_found"),
        ("/subscribers/" + "x" * 200, 400, "bad_request"),
        ("/subscribers/a b", 400, "bad_request"),
        ("/elsewhere", 404, "not_found"),
    ],
)
def test_errors_of_the_operators_door(stage: Stage, path: str, status: int, code: str) -> None:
    answered, payload = stage.get(path)
    assert (answered, payload["error"]["code"]) == (status, code)
    assert set(payload["error"]) == {"code", "message", "details"}


def test_a_failed_offer_makes_no_contract_wait_for_a_fetch_that_nobody_makes(stage: Stage) -> None:
    stage.receive(sns("subscribe-success", T0))
    stage.receive(sns("subscribe-fail", T0 + 3600, id_="later"))
    row = stage.row("custA1")
    assert (row["subscriptionStatus"], row["lastNoticeAt"]) == ("active", S)
