"""What cannot be read, means nothing here or is about another product: kept and told, never dropped in silence."""

import json

import pytest

from tests.unit.messages import (
    AGREEMENT,
    LICENSE_ID,
    PRODUCT,
    T0,
    agreement_ended,
    event,
    license_event,
    sns,
)
from tests.unit.subscription.room import Room

ODD_LICENCE = "arn:aws:license-manager::123:license:swatch-test"
TOKEN = "s3cret"
CONFIRM = {
    "Type": "SubscriptionConfirmation",
    "Token": TOKEN,
    "Message": "You have chosen to subscribe",
    "SubscribeURL": f"https://sns.us-east-1.amazonaws.com/?Token={TOKEN}",
}


# --- unreadable -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "ping",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps({"Message": "x"}),
        json.dumps(CONFIRM),
        json.dumps({"action": "subscribe-success", "product-code": PRODUCT}),
        json.dumps({"action": "subscribe-success", "product-code": PRODUCT, "customer-identifier": "\ud800"}),
        json.dumps({"detail-type": "License Updated - Manufacturer", "id": "x", "time": "2026-11-15T00:00:00Z"}),
        event("License Updated - Manufacturer", T0, detail={"product": {"id": "prod-1"}}),
        license_event("Updated", T0, arn=ODD_LICENCE),
    ],
)
def test_what_can_never_be_read_goes_to_people_at_once_and_alone(room: Room, body: str) -> None:
    assert room.counted(body, sns("subscribe-success", T0)) == {"NoticesUnreadable": 1, "NoticesApplied": 1}
    assert room.kept() == {"m0": "unreadable"}
    assert room.details()["m0"]
    assert room.keys() == ["custA1"]


def test_it_is_kept_once_however_often_it_comes(room: Room) -> None:
    assert room.receive("ping") == room.receive("ping") == []
    assert room.kept() == {"m0": "unreadable"}


def test_neither_log_nor_table_has_a_secret_or_a_person(room: Room) -> None:
    said = room.said(
        json.dumps(CONFIRM), '{"action": "x", "mail": "c@d.example"', sns("subscribe-success", T0, contactEmail="a@b.c")
    )
    assert [(line["message"], line["outcome"], line["statuses"]) for line in said] == [
        ("notice", "unreadable", {}),
        ("notice", "unreadable", {}),
        ("notice", "applied", {"custA1": "active"}),
    ]
    assert "SubscriptionConfirmation" in said[0]["why"]
    stored = json.dumps(room.notices.scan()["Items"], default=str)
    for secret in (TOKEN, "@"):
        assert secret not in json.dumps(said)
        assert secret not in stored


# --- unknown ----------------------------------------------------------------------------------------------------------


def test_what_nobody_understands_is_kept_and_changes_nothing(room: Room) -> None:
    room.receive(sns("subscribe-success", T0))
    before = room.row("custA1")
    unknown = (
        sns("subscribe-maybe", T0 + 1, id_="u1", contactEmail="a@b.example"),
        event("Licence Sold - Manufacturer", T0, id_="u2"),
    )
    assert room.counted(*unknown) == {"NoticesUnknown": 2}
    assert room.row("custA1") == before
    assert room.kept() == {"u1": "unknown", "u2": "unknown"}
    assert "a@b.example" not in json.dumps(room.notices.scan()["Items"], default=str)


@pytest.mark.parametrize("status", ["ROLLED_BACK", "ARCHIVED", "ACTIVE", "", "unheard of"])
def test_an_agreement_of_an_unknown_status_ends_nobody_and_is_told(room: Room, status: str) -> None:
    room.receive(license_event("Updated", T0))
    assert room.counted(agreement_ended(status, T0 + 100, id_="odd")) == {"NoticesUnknown": 1}
    assert room.row(LICENSE_ID)["subscriptionStatus"] == "active"
    assert room.kept() == {"odd": "unknown"}
    assert "agreement.status" in room.details()["odd"]


@pytest.mark.parametrize("status", ["RENEWED", "REPLACED", "SUPERSEDED", "renewed"])
def test_an_agreement_that_another_follows_ends_nothing(room: Room, status: str) -> None:
    room.receive(license_event("Updated", T0), agreement_ended(status, T0 + 100))
    assert room.row(LICENSE_ID)["subscriptionStatus"] == "active"
    assert room.kept() == {}


@pytest.mark.parametrize("status", ["CANCELLED", "EXPIRED", "TERMINATED", "cancelled"])
def test_these_end_a_buyer(room: Room, status: str) -> None:
    room.receive(license_event("Updated", T0), agreement_ended(status, T0 + 100))
    assert room.row(LICENSE_ID)["subscriptionStatus"] == "pending_cancellation"


# --- another product's ------------------------------------------------------------------------------------------------


def test_another_products_notice_is_named_and_not_applied(room: Room) -> None:
    room.receive(sns("subscribe-success", T0, id_="s", **{"product-code": "other"}))
    room.receive(license_event("Updated", T0, product="other", id_="e"))
    assert room.kept() == {"s": "wrong_product", "e": "wrong_product"}
    assert room.keys() == []


def test_beside_buyers_of_ours_another_products_events_are_normal(room: Room) -> None:
    """EventBridge tells a seller of all his products, whatever else is odd about them."""
    room.receive(license_event("Updated", T0))
    for others in (
        license_event("Updated", T0, product="other", arn=ODD_LICENCE, id_="e1"),
        license_event("Updated", T0, product="other", arn="arn:aws:license-manager::1:license:l-2", id_="e2"),
    ):
        assert room.counted(others) == {"NoticesOfAnotherProduct": 1}
    assert room.details() == {}


def test_if_nobody_of_ours_is_active_somebody_is_told_that_all_may_be_another_products(room: Room) -> None:
    counted = room.counted(license_event("Updated", T0, product="other", id_="e"))
    assert counted == {"NoticesOfAnotherProduct": 1, "ProductCodeDoubted": 1}
    assert "no subscriber of this stage is active" in room.details()["e"]


def test_what_shows_that_the_product_code_is_wrong_is_told_beside_any_buyers(room: Room) -> None:
    room.receive(license_event("Updated", T0))
    id_for_code = {"product": {"id": PRODUCT, "code": "other"}, "license": {"arn": "aws:x:l-2"}}
    for told, why in (
        (sns("subscribe-success", T0, id_="1", **{"product-code": "other"}), "came by the topic"),
        (event("License Updated - Manufacturer", T0, id_="2", detail=id_for_code), "is the product's id"),
        (license_event("Updated", T0, product="other", id_="3"), "is one of this stage's subscribers"),
    ):
        assert room.counted(told) == {"NoticesOfAnotherProduct": 1, "ProductCodeDoubted": 1}
        assert why in room.details()[json.loads(told).get("id") or json.loads(told)["MessageId"]]


def test_the_end_of_another_products_agreement_waits_for_nobody(room: Room) -> None:
    """Its own events do not name the product, but its licence's did."""
    room.receive(license_event("Updated", T0, product="other", id_="e"))
    assert room.counted(agreement_ended("CANCELLED", T0 + 9, id_="ended")) == {"NoticesOfAnotherProduct": 1}
    assert room.kept()["ended"] == "wrong_product"


def test_an_agreement_that_is_ours_as_well_is_ours(room: Room) -> None:
    room.receive(license_event("Updated", T0, product="other", arn="aws:x:l-2"), license_event("Updated", T0))
    room.receive(agreement_ended("CANCELLED", T0 + 9))
    assert room.row(LICENSE_ID)["subscriptionStatus"] == "pending_cancellation"


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_only_what_a_buyer_could_miss_is_counted_as_waiting(room: Room) -> None:
    """Purchase Agreement Created comes before every licence: it would open a ticket for each new buyer."""
    created = {"agreement": {"id": AGREEMENT, "status": "ACTIVE"}}
    assert room.counted(event("Purchase Agreement Created - Proposer", T0, detail=created)) == {}
    assert room.counted(agreement_ended("CANCELLED", T0 + 100, id_="ended")) == {"NoticesWaiting": 1}
    assert room.kept()["ended"] == "agreement_unknown"
