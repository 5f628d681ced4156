"""The room's doors on tables in moto: queue records in, subscribers and kept notices out."""

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from runtime import clock
from subscription import api, handlers
from tests.unit.log_lines import log_lines
from tests.unit.messages import (
    ACCOUNT,
    AGREEMENT,
    ARN,
    LICENSE_ID,
    PRODUCT,
    T0,
    Context,
    agreement_ended,
    event,
    failed,
    license_event,
    queue,
    sns,
)
from tests.unit.moto_tables import tables

S = int(T0)


class Room:
    """The notices' function and the operators' function, and the tables under them."""

    def __init__(self, subscribers: Any, notices: Any) -> None:
        self.subscribers = subscribers
        self.notices = notices

    def receive(self, *bodies: str) -> list[str]:
        return failed(handlers.handle_notices(queue(*bodies), Context()))

    def row(self, key: str) -> dict[str, Any]:
        return dict(self.subscribers.get_item(Key={"customerIdentifier": key})["Item"])

    def keys(self) -> list[str]:
        return sorted(item["customerIdentifier"] for item in self.subscribers.scan()["Items"])

    def kept(self) -> dict[str, str]:
        return {item["noticeId"]: item["reason"] for item in self.notices.scan()["Items"]}

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        request = {"httpMethod": "GET", "path": path, "headers": {}, "requestContext": {"stage": "v1"}}
        answer = api.handle(request, Context())
        return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def integration() -> str:
    return "mixed"


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch, integration: str) -> Iterator[Room]:
    with tables(monkeypatch) as (subscribers, notices):
        monkeypatch.setenv("PRODUCT_CODE", PRODUCT)
        monkeypatch.setenv("INTEGRATION", integration)
        monkeypatch.setenv("SUBSCRIBERS_TABLE", subscribers.name)
        monkeypatch.setenv("NOTICES_TABLE", notices.name)
        handlers.notice_desk.cache_clear()
        api.subscribers.cache_clear()
        yield Room(subscribers, notices)


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


@pytest.mark.parametrize("status", ["RENEWED", "REPLACED"])
def test_an_agreement_that_another_follows_ends_nothing(room: Room, status: str) -> None:
    room.receive(license_event("Updated", T0), agreement_ended(status, T0 + 100))
    assert room.row(LICENSE_ID)["subscriptionStatus"] == "active"


def test_an_end_without_a_start_is_not_active_yet(room: Room) -> None:
    room.receive(sns("unsubscribe-pending", T0))
    assert room.row("custA1")["subscriptionStatus"] == "pending"
    assert "acceptsUntil" not in room.row("custA1")


def test_failed_and_then_subscribed(room: Room) -> None:
    room.receive(sns("subscribe-fail", T0))
    assert room.row("custA1")["subscriptionStatus"] == "failed"
    room.receive(sns("subscribe-success", T0 - 5))
    assert room.row("custA1")["subscriptionStatus"] == "active"


def test_what_nobody_understands_is_kept_and_changes_nothing(room: Room) -> None:
    room.receive(sns("subscribe-success", T0))
    before = room.row("custA1")
    assert (
        room.receive(
            sns("subscribe-maybe", T0 + 1, id_="u1", contactEmail="a@b.example"),
            event("Licence Sold - Manufacturer", T0),
        )
        == []
    )
    assert room.row("custA1") == before
    assert set(room.kept().values()) == {"unknown"}
    assert "a@b.example" not in json.dumps(room.notices.scan()["Items"], default=str)


def test_another_products_notice_is_named_and_not_applied(room: Room) -> None:
    room.receive(sns("subscribe-success", T0, id_="s", **{"product-code": "other"}))
    room.receive(license_event("Updated", T0, product="other", id_="e"))
    assert room.kept() == {"s": "wrong_product", "e": "wrong_product"}
    assert room.keys() == []


def test_a_topic_that_tells_of_another_product_is_alarmed(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    """A topic is one product's: the stage's product code is wrong. EventBridge tells of all of a seller's products."""
    for notice, unknown in (
        (license_event("Updated", T0, product="other", id_="e"), 0),
        (sns("subscribe-success", T0, id_="s", **{"product-code": "other"}), 1),
    ):
        capsys.readouterr()
        room.receive(notice)
        told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        assert sum(sum(line.get("NoticesUnknown", [])) for line in told) == unknown


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "[]",
        "{}",
        json.dumps({"Message": "x"}),
        json.dumps({"action": "subscribe-success", "product-code": PRODUCT}),
        json.dumps({"action": "subscribe-success", "product-code": PRODUCT, "customer-identifier": "../x"}),
        json.dumps({"detail-type": "License Updated - Manufacturer", "id": "x", "time": "2026-11-15T00:00:00Z"}),
        license_event("Updated", T0, arn="arn:aws:s3:::bucket"),
    ],
)
def test_a_malformed_record_fails_alone(room: Room, body: str) -> None:
    assert room.receive(body, sns("subscribe-success", T0)) == ["m0"]
    assert room.keys() == ["custA1"]


def test_a_batch_of_failures_is_answered_record_by_record(room: Room) -> None:
    assert room.receive("x", "y") == ["m0", "m1"]


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


def test_no_log_line_holds_a_body(room: Room) -> None:
    with log_lines(handlers.logger) as written:
        room.receive(sns("subscribe-success", T0, contactEmail="a@b.example"), '{"action": "x", "mail": "c@d.example"')
    said = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(line["message"], line.get("outcome"), line.get("statuses")) for line in said] == [
        ("notice", "applied", {"custA1": "active"}),
        ("notice failed", None, None),
    ]
    assert "@" not in written.getvalue()


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
