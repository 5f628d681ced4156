"""The room's doors on tables in moto: queue records in, subscribers and kept notices out."""

import json
from decimal import Decimal
from itertools import permutations

import pytest

from marketplace.notice import Notice
from runtime import clock
from subscription import handlers
from subscription.receive_notice import NoticeDesk, Received
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
from tests.unit.subscription.room import Room

S = int(T0)


def test_a_notice_before_the_registration_creates_the_row(room: Room) -> None:
    assert room.receive(sns("subscribe-success", T0 + 0.25, isFreeTrialTermPresent="true")) == []
    row = room.row("custA1")
    assert (row["subscriptionStatus"], row["subscriptionAction"]) == ("active", "subscribe-success")
    assert row["activePeriods"] == [{"start": S + 1}]
    assert (row["integration"], row["productCode"], row["freeTrial"]) == ("legacy", PRODUCT, True)
    assert (row["lastNoticeAt"], row["statusChangedAt"]) == (S + Decimal("0.25"), S)


def test_raw_delivery_takes_id_and_time_of_the_queue(room: Room) -> None:
    raw = json.dumps({"action": "subscribe-success", "customer-identifier": "custA1", "product-code": PRODUCT})
    assert room.receive(raw) == []
    assert room.row("custA1")["activePeriods"] == [{"start": S}]
    assert list(room.row("custA1")["lifecycleNotices"]) == ["m0"]


def test_a_licence_carries_all_its_facts(room: Room) -> None:
    room.receive(license_event("Updated", T0))
    row = room.row(LICENSE_ID)
    assert (row["integration"], row["licenseArn"], row["agreementId"]) == ("license", ARN, AGREEMENT)
    assert (row["customerAWSAccountId"], row["offerId"]) == (ACCOUNT, "offer-1")
    assert (row["subscriptionStatus"], row["subscriptionAction"]) == ("active", "License Updated")


def test_an_events_form_of_the_arn_is_the_same_subscriber_and_overrides_no_sendable_one(room: Room) -> None:
    room.receive(license_event("Updated", T0))
    room.receive(license_event("Deprovisioned", T0 + 60, arn=f"aws:license-manager:us-east-1:{ACCOUNT}:{LICENSE_ID}"))
    assert room.keys() == [LICENSE_ID]
    assert room.row(LICENSE_ID)["licenseArn"] == ARN
    assert room.row(LICENSE_ID)["subscriptionStatus"] == "pending_cancellation"


def test_an_end_sets_acceptance_in_the_same_write_and_cancelled_is_not_ours(room: Room) -> None:
    room.receive(sns("subscribe-success", T0), sns("unsubscribe-pending", T0 + 100))
    room.receive(sns("unsubscribe-success", T0 + 3700))
    row = room.row("custA1")
    assert row["subscriptionStatus"] == "pending_cancellation"
    assert row["activePeriods"] == [{"start": S, "end": S + 100}]
    assert row["acceptsUntil"] == S + 100 + 45 * 60


def test_a_resubscription_opens_a_period_and_removes_acceptance(room: Room) -> None:
    room.receive(sns("subscribe-success", T0), sns("unsubscribe-pending", T0 + 100), sns("subscribe-success", T0 + 200))
    row = room.row("custA1")
    assert "acceptsUntil" not in row
    assert row["activePeriods"] == [{"start": S, "end": S + 100}, {"start": S + 200}]


def test_any_order_gives_the_same_subscriber(room: Room) -> None:
    bodies = {
        "start": sns("subscribe-success", T0, customer="{c}"),
        "end": sns("unsubscribe-pending", T0 + 100, customer="{c}"),
        "again": sns("subscribe-success", T0 + 200, customer="{c}"),
    }
    seen = []
    for number, order in enumerate(permutations(bodies)):
        assert room.receive(*(bodies[name].replace("{c}", f"c{number}") for name in order)) == []
        row = room.row(f"c{number}")
        seen.append({k: v for k, v in row.items() if k not in ("customerIdentifier", "createdAt", "updatedAt")})
    assert len(seen) == 6
    assert all(row == seen[0] for row in seen)


def test_a_notice_that_comes_again_writes_nothing(room: Room) -> None:
    body = sns("subscribe-success", T0)
    room.receive(body)
    before = room.row("custA1")
    assert room.receive(body, body) == []
    assert room.row("custA1") == before


def test_an_older_notice_still_brings_its_facts(room: Room) -> None:
    """H12 of the protocol's review: the end overtakes the start, with the activation in it."""
    room.receive(agreement_ended("CANCELLED", T0 + 100))
    room.receive(license_event("Deprovisioned", T0 + 120), license_event("Updated", T0))
    row = room.row(LICENSE_ID)
    assert row["activePeriods"] == [{"start": S + 1, "end": S + 100}]
    assert row["customerAWSAccountId"] == ACCOUNT


def test_a_late_notice_fills_gaps_and_overrides_nothing(room: Room) -> None:
    room.subscribers.put_item(
        Item={"customerIdentifier": LICENSE_ID, "integration": "license", "agreementId": "newer", "factsAt": S + 60}
    )
    room.receive(license_event("Updated", T0))
    row = room.row(LICENSE_ID)
    assert (row["agreementId"], row["customerAWSAccountId"], row["factsAt"]) == ("newer", ACCOUNT, S + 60)


def test_an_agreements_end_waits_until_its_licence_binds_it(room: Room) -> None:
    assert room.receive(agreement_ended("CANCELLED", T0 + 100, id_="ended")) == []
    assert room.kept() == {"ended": "agreement_unknown"}
    assert room.keys() == []
    room.receive(license_event("Updated", T0))
    row = room.row(LICENSE_ID)
    assert (row["subscriptionStatus"], row["activePeriods"]) == (
        "pending_cancellation",
        [{"start": S + 1, "end": S + 100}],
    )
    assert "waitingForAgreement" not in room.notices.get_item(Key={"noticeId": "ended"})["Item"]


def test_an_agreements_end_finds_its_licence(room: Room) -> None:
    room.receive(license_event("Updated", T0), agreement_ended("CANCELLED", T0 + 100))
    assert room.row(LICENSE_ID)["subscriptionStatus"] == "pending_cancellation"


def test_an_end_without_a_start_is_not_active_yet(room: Room) -> None:
    room.receive(sns("unsubscribe-pending", T0))
    assert room.row("custA1")["subscriptionStatus"] == "pending"
    assert "acceptsUntil" not in room.row("custA1")


def test_failed_and_then_subscribed(room: Room) -> None:
    room.receive(sns("subscribe-fail", T0))
    assert room.row("custA1")["subscriptionStatus"] == "failed"
    room.receive(sns("subscribe-success", T0 - 5))
    assert room.row("custA1")["subscriptionStatus"] == "active"


def test_what_fails_here_comes_again_and_the_others_do_not(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    received = NoticeDesk.receive

    def failing(desk: NoticeDesk, notice: Notice, body: str, now: float) -> Received:
        if notice.customer_identifier == "bad":
            raise RuntimeError(body)
        return received(desk, notice, body, now)

    monkeypatch.setattr(NoticeDesk, "receive", failing)
    with log_lines(handlers.logger) as written:
        bad = sns("subscribe-success", T0, customer="bad", contactEmail="a@b.example")
        assert room.receive(bad, sns("subscribe-success", T0), bad) == ["m0", "m2"]
    assert room.keys() == ["custA1"]
    assert "@" not in written.getvalue()


def test_final_meterings_word_stands(room: Room) -> None:
    room.receive(sns("subscribe-success", T0), sns("unsubscribe-pending", T0 + 100))
    room.subscribers.update_item(
        Key={"customerIdentifier": "custA1"},
        UpdateExpression="SET subscriptionStatus = :s, version = version + :one",
        ExpressionAttributeValues={":s": "cancelled", ":one": 1},
    )
    room.receive(sns("unsubscribe-success", T0 + 3700))
    assert room.row("custA1")["subscriptionStatus"] == "cancelled"


@pytest.mark.parametrize("integration", ["legacy", "mixed"])
def test_a_legacy_buyers_licence_is_no_second_subscriber(room: Room) -> None:
    room.receive(sns("subscribe-success", T0))
    room.subscribers.update_item(
        Key={"customerIdentifier": "custA1"},
        UpdateExpression="SET agreementId = :a",
        ExpressionAttributeValues={":a": AGREEMENT},
    )
    room.receive(license_event("Updated", T0), license_event("Deprovisioned", T0 + 50))
    assert room.keys() == ["custA1"]
    row = room.row("custA1")
    assert (row["integration"], row["subscriptionStatus"]) == ("legacy", "active")
    assert (row["customerAWSAccountId"], row["licenseArn"]) == (ACCOUNT, ARN)


def test_a_superseded_licence_is_not_revived(room: Room) -> None:
    room.subscribers.put_item(Item={"customerIdentifier": LICENSE_ID, "integration": "license", "supersededBy": "c1"})
    room.subscribers.put_item(Item={"customerIdentifier": "c1", "integration": "legacy", "version": 1})
    room.receive(license_event("Updated", T0))
    assert "activePeriods" not in room.row(LICENSE_ID)
    assert (room.row("c1")["agreementId"], "activePeriods" in room.row("c1")) == (AGREEMENT, False)


@pytest.mark.parametrize("integration", ["legacy"])
def test_where_licences_are_not_billed_an_unknown_one_waits(room: Room) -> None:
    room.receive(license_event("Updated", T0, id_="e"))
    assert room.keys() == []
    assert room.kept() == {"e": "agreement_unknown"}


@pytest.mark.parametrize("integration", ["license"])
def test_where_only_licences_are_billed_a_legacy_notice_is_kept(room: Room) -> None:
    room.receive(sns("subscribe-success", T0, id_="s"), license_event("Updated", T0))
    assert room.keys() == [LICENSE_ID]
    assert room.kept() == {"s": "other_integration"}


def test_a_subscriber_as_an_operator_sees_it(room: Room) -> None:
    room.receive(license_event("Updated", T0), license_event("Deprovisioned", T0 + 60))
    status, shown = room.get(f"/subscribers/{LICENSE_ID}")
    assert status == 200
    assert (shown["subscriptionStatus"], shown["agreementId"]) == ("pending_cancellation", AGREEMENT)
    assert shown["activePeriods"] == [{"start": clock.iso(S + 1), "end": clock.iso(S + 60)}]
    assert shown["acceptsUntil"] == clock.iso(S + 60 + 2700)
    assert "version" not in shown


def test_entitlements_as_an_operator_sees_them(room: Room) -> None:
    room.subscribers.put_item(
        Item={
            "customerIdentifier": "custA1",
            "tier": "basic_tier",
            "entitlements": [{"dimension": "basic_tier", "value": "1", "expiresAt": S}],
            "entitlementsFetchedAt": S,
        }
    )
    assert room.get("/subscribers/custA1/entitlements") == (
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
def test_errors_of_the_operators_door(room: Room, path: str, status: int, code: str) -> None:
    answered, payload = room.get(path)
    assert (answered, payload["error"]["code"]) == (status, code)
    assert set(payload["error"]) == {"code", "message", "details"}


def test_a_failed_offer_makes_no_contract_wait_for_a_fetch_that_nobody_makes(room: Room) -> None:
    room.receive(sns("subscribe-success", T0))
    room.receive(sns("subscribe-fail", T0 + 3600, id_="later"))
    row = room.row("custA1")
    assert (row["subscriptionStatus"], row["lastNoticeAt"]) == ("active", S)
