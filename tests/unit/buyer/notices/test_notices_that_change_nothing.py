"""What cannot be read, means nothing here or is about another product: kept and told, never dropped in silence."""

import json

import pytest

from tests.unit.buyer.notices.stage import Stage
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
def test_what_can_never_be_read_goes_to_people_at_once_and_alone(stage: Stage, body: str) -> None:
    assert stage.counted(body, sns("subscribe-success", T0)) == {"NoticesUnreadable": 1, "NoticesApplied": 1}
    assert stage.kept() == {"m0": "unreadable"}
    assert stage.details()["m0"]
    assert stage.keys() == ["custA1"]


def test_it_is_kept_once_however_often_it_comes(stage: Stage) -> None:
    assert stage.receive("ping") == stage.receive("ping") == []
    assert stage.kept() == {"m0": "unreadable"}


def test_neither_log_nor_table_has_a_secret_or_a_person(stage: Stage) -> None:
    said = stage.logged(
        json.dumps(CONFIRM), '{"action": "x", "mail": "c@d.example"', sns("subscribe-success", T0, contactEmail="a@b.c")
    )
    assert [(line["message"], line["outcome"], line["customers"]) for line in said] == [
        ("notice", "unreadable", {}),
        ("notice", "unreadable", {}),
        ("notice", "applied", {"custA1": "active"}),
    ]
    assert "SubscriptionConfirmation" in said[0]["why"]
    stored = json.dumps(stage.notices.scan()["Items"], default=str)
    for secret in (TOKEN, "@"):
        assert secret not in json.dumps(said)
        assert secret not in stored


# --- unknown ----------------------------------------------------------------------------------------------------------


def test_what_nobody_understands_is_kept_and_changes_nothing(stage: Stage) -> None:
    stage.receive(sns("subscribe-success", T0))
    before = stage.row("custA1")
    unknown = (
        sns("subscribe-maybe", T0 + 1, id_="u1", contactEmail="a@b.example"),
        event("Licence Sold - Manufacturer", T0, id_="u2"),
    )
    assert stage.counted(*unknown) == {"NoticesUnknown": 2}
    assert stage.row("custA1") == before
    assert stage.kept() == {"u1": "unknown", "u2": "unknown"}
    assert "a@b.example" not in json.dumps(stage.notices.scan()["Items"], default=str)


@pytest.mark.parametrize("status", ["ROLLED_BACK", "ARCHIVED", "ACTIVE", "", "unheard of"])
def test_an_agreement_of_an_unknown_status_ends_nobody_and_is_told(stage: Stage, status: str) -> None:
    stage.receive(license_event("Updated", T0))
    assert stage.counted(agreement_ended(status, T0 + 100, id_="odd")) == {"NoticesUnknown": 1}
    assert stage.row(LICENSE_ID)["subscriptionStatus"] == "active"
    assert stage.kept() == {"odd": "unknown"}
    assert "agreement.status" in stage.details()["odd"]


@pytest.mark.parametrize("status", ["RENEWED", "REPLACED", "SUPERSEDED", "renewed"])
def test_an_agreement_that_another_follows_ends_nothing(stage: Stage, status: str) -> None:
    stage.receive(license_event("Updated", T0), agreement_ended(status, T0 + 100))
    assert stage.row(LICENSE_ID)["subscriptionStatus"] == "active"
    assert stage.kept() == {}


@pytest.mark.parametrize("status", ["CANCELLED", "EXPIRED", "TERMINATED", "cancelled"])
def test_these_end_a_buyer(stage: Stage, status: str) -> None:
    stage.receive(license_event("Updated", T0), agreement_ended(status, T0 + 100))
    assert stage.row(LICENSE_ID)["subscriptionStatus"] == "pending_cancellation"


# --- another product's ------------------------------------------------------------------------------------------------


def test_another_products_notice_is_named_and_not_applied(stage: Stage) -> None:
    stage.receive(sns("subscribe-success", T0, id_="s", **{"product-code": "other"}))
    stage.receive(license_event("Updated", T0, product="other", id_="e"))
    assert stage.kept() == {"s": "wrong_product", "e": "wrong_product"}
    assert stage.keys() == []


def test_beside_buyers_of_ours_another_products_events_are_normal(stage: Stage) -> None:
    """EventBridge sends a seller the events of all its products, whatever else is odd about them."""
    stage.receive(license_event("Updated", T0))
    for others in (
        license_event("Updated", T0, product="other", arn=ODD_LICENCE, id_="e1"),
        license_event("Updated", T0, product="other", arn="arn:aws:license-manager::1:license:l-2", id_="e2"),
    ):
        assert stage.counted(others) == {"NoticesOfAnotherProduct": 1}
    assert stage.details() == {}


def test_if_nobody_of_ours_is_active_somebody_is_told_that_all_may_be_another_products(stage: Stage) -> None:
    counted = stage.counted(license_event("Updated", T0, product="other", id_="e"))
    assert counted == {"NoticesOfAnotherProduct": 1, "ProductCodeDoubted": 1}
    assert "no subscriber of this stage is active" in stage.details()["e"]


def test_what_shows_that_the_product_code_is_wrong_is_told_beside_any_buyers(stage: Stage) -> None:
    stage.receive(license_event("Updated", T0))
    id_for_code = {"product": {"id": PRODUCT, "code": "other"}, "license": {"arn": "aws:x:l-2"}}
    for told, why in (
        (sns("subscribe-success", T0, id_="1", **{"product-code": "other"}), "came by the topic"),
        (event("License Updated - Manufacturer", T0, id_="2", detail=id_for_code), "is the product's id"),
        (license_event("Updated", T0, product="other", id_="3"), "is one of this stage's subscribers"),
    ):
        assert stage.counted(told) == {"NoticesOfAnotherProduct": 1, "ProductCodeDoubted": 1}
        assert why in stage.details()[json.loads(told).get("id") or json.loads(told)["MessageId"]]


def test_the_end_of_another_products_agreement_waits_for_nobody(stage: Stage) -> None:
    """Its own events do not name the product, but its licence's did."""
    stage.receive(license_event("Updated", T0, product="other", id_="e"))
    assert stage.counted(agreement_ended("CANCELLED", T0 + 9, id_="ended")) == {"NoticesOfAnotherProduct": 1}
    assert stage.kept()["ended"] == "wrong_product"


def test_an_agreement_that_is_ours_as_well_is_ours(stage: Stage) -> None:
    stage.receive(license_event("Updated", T0, product="other", arn="aws:x:l-2"), license_event("Updated", T0))
    stage.receive(agreement_ended("CANCELLED", T0 + 9))
    assert stage.row(LICENSE_ID)["subscriptionStatus"] == "pending_cancellation"


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_only_what_a_buyer_could_miss_is_counted_as_waiting(stage: Stage) -> None:
    """Purchase Agreement Created comes before every licence: it would open a ticket for each new buyer."""
    created = {"agreement": {"id": AGREEMENT, "status": "ACTIVE"}}
    assert stage.counted(event("Purchase Agreement Created - Proposer", T0, detail=created)) == {}
    assert stage.counted(agreement_ended("CANCELLED", T0 + 100, id_="ended")) == {"NoticesWaiting": 1}
    assert stage.kept()["ended"] == "agreement_unknown"
