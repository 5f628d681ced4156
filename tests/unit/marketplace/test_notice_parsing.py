"""The shipped samples of Marketplace's notices are understood, each as what it is; so is what is unmistakable."""

import json
from pathlib import Path
from typing import Any

import pytest

from marketplace.notice import Notice
from marketplace.notices import parse
from tests.unit.messages import (
    ACCOUNT,
    AGREEMENT,
    PRODUCT,
    T0,
    agreement_ended,
    event,
    license_event,
    sns,
)

EVENTS = Path(__file__).parents[2] / "events"
BARE = {"action": "subscribe-success", "customer-identifier": "custA1", "product-code": PRODUCT}


def read(body: str) -> Notice:
    return parse(body, message_id="m", sent_ms=int(T0 * 1000))


@pytest.mark.parametrize(
    ("name", "source", "kind"),
    [
        ("eventbridge-advisory-issued", "eventbridge", "standing"),
        ("eventbridge-advisory-resolved", "eventbridge", "standing"),
        ("eventbridge-agreement-created", "eventbridge", "fact"),
        ("eventbridge-agreement-ended", "eventbridge", "end"),
        ("eventbridge-agreement-ended-renewed", "eventbridge", "fact"),
        ("eventbridge-agreement-renewed", "eventbridge", "fact"),
        ("eventbridge-billing-adjustment", "eventbridge", "standing"),
        ("eventbridge-cancellation-request", "eventbridge", "standing"),
        ("eventbridge-license-deprovisioned", "eventbridge", "end"),
        ("eventbridge-license-updated", "eventbridge", "start"),
        ("sns-entitlement-updated", "sns", "entitlement"),
        ("sns-envelope-subscribe-success", "sns", "start"),
        ("sns-subscribe-fail", "sns", "fail"),
        ("sns-subscribe-success-free-trial", "sns", "start"),
        ("sns-subscribe-success", "sns", "start"),
        ("sns-unsubscribe-pending", "sns", "end"),
        ("sns-unsubscribe-success", "sns", "end"),
    ],
)
def test_a_sample(name: str, source: str, kind: str) -> None:
    notice = read((EVENTS / f"{name}.json").read_text())
    assert (notice.source, notice.kind, notice.why) == (source, kind, None)
    assert (notice.customer_identifier is None) == (source == "eventbridge")
    assert (notice.license_id is None) == ("license" not in name)


def test_the_facts_of_a_licence_event() -> None:
    body = (EVENTS / "eventbridge-license-updated.json").read_text()
    notice = read(body)
    assert notice.id == json.loads(body)["id"]
    assert (notice.product_code, notice.product_id) == ("8y1zq7w4local0yawl2metering", "prod-local0yawl001")
    assert notice.account_id == "444455556666"
    assert (notice.license_id, notice.agreement_id) == ("l-0123456789abcdef0123456789abcdef", "agmt-1a2b3c4d5e6f7a8b9")


def test_sns_keeps_its_milliseconds_and_its_text_of_a_truth() -> None:
    notice = read(sns("subscribe-success", T0 + 0.123, isFreeTrialTermPresent=" False "))
    assert notice.at_ms == int(T0) * 1000 + 123
    assert notice.free_trial is False


# --- blanks and spellings ---------------------------------------------------------------------------------------------


def test_the_blanks_of_awss_own_example_are_no_part_of_an_identifier() -> None:
    padded = {name: f" \t{value}\n" for name, value in BARE.items()} | {"offer-identifier": " offer-1 "}
    notice = read(json.dumps(padded))
    assert (notice.kind, notice.action) == ("start", "subscribe-success")
    assert (notice.customer_identifier, notice.product_code, notice.offer_id) == ("custA1", PRODUCT, "offer-1")


def test_blanks_around_any_text_of_an_event_are_stripped() -> None:
    def padded(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: padded(entry) for name, entry in value.items()}
        return f" {value} " if isinstance(value, str) else value

    for plain in (license_event("Updated", T0), agreement_ended("CANCELLED", T0)):
        assert read(json.dumps(padded(json.loads(plain)))) == read(plain)


def test_the_names_of_older_documentation_are_read() -> None:
    older = {"Action": "Subscribe-Success", "CustomerIdentifier": "custA1", "ProductCode": PRODUCT}
    assert read(json.dumps(older)) == read(json.dumps(BARE))


def test_two_spellings_of_one_field_that_disagree_are_not_guessed_at() -> None:
    both = BARE | {"CustomerIdentifier": "custB2"}
    assert (read(json.dumps(both)).kind, "twice" in str(read(json.dumps(both)).why)) == ("unreadable", True)
    assert read(json.dumps(BARE | {"CustomerIdentifier": "custA1"})).kind == "start"


def test_an_account_as_a_number_has_its_zeros_again() -> None:
    for said, meant in ((444455556666, "444455556666"), (12345678901, "012345678901"), (f" {ACCOUNT} ", ACCOUNT)):
        assert (
            read(event("Purchase Agreement Created", T0, detail={"acceptor": {"accountId": said}})).account_id == meant
        )


# --- envelopes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [0, 1, 2, 3])
def test_a_message_is_opened_however_often_it_was_encoded(times: int) -> None:
    """0 is an object. 1 is how SNS does it."""
    message: Any = BARE
    for _ in range(times):
        message = json.dumps(message)
    envelope = {"Type": "Notification", "MessageId": "n", "Timestamp": "2026-11-15T00:00:01.5Z", "Message": message}
    for body in (json.dumps(envelope), json.dumps(json.dumps(envelope)), "\ufeff" + json.dumps(envelope)):
        notice = read(body)
        assert (notice.id, notice.at_ms, notice.customer_identifier) == ("n", int(T0) * 1000 + 1500, "custA1")


def test_raw_delivery_may_be_encoded_twice() -> None:
    assert read(json.dumps(json.dumps(BARE))) == read(json.dumps(BARE))


@pytest.mark.parametrize(
    "inner", [sns("subscribe-success", T0, id_="inner"), license_event("Updated", T0, id_="inner")]
)
def test_what_a_topic_of_ones_own_passes_on_keeps_its_id_and_time(inner: str) -> None:
    passed_on = {"Type": "Notification", "MessageId": "o", "Timestamp": "2026-11-15T09:00:00Z", "Message": inner}
    assert read(json.dumps(passed_on)) == read(inner)


# --- what can never be read -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "not a JSON object"),
        ("ping", "not a JSON object"),
        ("[]", "not a JSON object"),
        ("7", "not a JSON object"),
        ("{}", "neither an SNS message"),
        ('{"Message": "ping"}', "not a JSON object"),
        ('{"Message": {"Message": {"Message": {"Message": {}}}}}', "neither an SNS message"),
        ("[" * 100_000, "nested too deeply"),
        (json.dumps({"Type": "SubscriptionConfirmation", "Message": "You have chosen"}), "SNS's SubscriptionConf"),
        (json.dumps({"Type": "UnsubscribeConfirmation", "Message": "You have"}), "SNS's UnsubscribeConfirmation"),
        (json.dumps(BARE | {"action": " "}), "action is missing"),
        (json.dumps(BARE | {"action": {"x": 1}}), "action is not a text"),
        (json.dumps(BARE | {"action": "subscribe-\u2713"}), "action is not a text"),
        (json.dumps(BARE | {"customer-identifier": None}), "customer-identifier is missing"),
        (json.dumps(BARE | {"customer-identifier": "../x"}), "customer-identifier is not one"),
        (json.dumps(BARE | {"customer-identifier": "\ud800"}), "customer-identifier is not a text"),
        (json.dumps(BARE | {"product-code": ""}), "product-code is missing"),
        (json.dumps({"Timestamp": "soon", "Message": BARE}), "Timestamp is missing"),
        (json.dumps({"Timestamp": "9999-12-31T23:59:59-12:00", "Message": BARE}), "not a time of these years"),
        (event("License Updated - Manufacturer", T0), "product.code is missing"),
        (event("License Updated", T0, detail={"product": {"id": "prod-1"}}), "product.code is missing"),
        (license_event("Deprovisioned", T0, arn=""), "license.arn is missing"),
        (license_event("Updated", T0, arn="arn:aws:license-manager::123:license:swatch-test"), "begins with l- or"),
        (license_event("Updated", T0, arn="arn:aws:s3:::bucket"), "begins with l- or lic-"),
        (event("Purchase Agreement Created", T0, detail={"agreement": {"id": "a b"}}), "agreement.id is not one"),
        (event("Purchase Agreement Created", T0, detail={"agreement": "a"}), "agreement.id is missing"),
        (event("Purchase Agreement Created", T0, detail={"acceptor": {"accountId": "12"}}), "acceptor.accountId is"),
        (event("Purchase Agreement Created", T0, detail={"acceptor": {"accountId": True}}), "acceptor.accountId is"),
        (json.dumps({"detail-type": "License Updated"}), "product.code is missing"),
    ],
)
def test_what_cannot_be_read_says_which_field_is_why(body: str, why: str) -> None:
    notice = read(body)
    assert (notice.kind, notice.id, notice.at) == ("unreadable", "m", T0)
    assert why in str(notice.why)


def test_the_reason_quotes_nothing_of_the_message() -> None:
    for body in ('{"mail": "a@b.example"', json.dumps(BARE | {"customer-identifier": "a@b.example"})):
        assert "a@b" not in str(read(body).why)


def test_an_unreadable_notice_still_says_whose_it_is() -> None:
    """So that another product's oddities wake nobody."""
    notice = read(license_event("Updated", T0, arn="arn:aws:license-manager::123:license:swatch-test", product="other"))
    assert (notice.kind, notice.product_code, notice.account_id) == ("unreadable", "other", ACCOUNT)
    raw = read(json.dumps(BARE | {"customer-identifier": "../x", "product-code": "other"}))
    assert (raw.kind, raw.product_code) == ("unreadable", "other")


# --- what an event means ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("CANCELLED", "end"),
        ("EXPIRED", "end"),
        ("TERMINATED", "end"),
        (" cancelled ", "end"),
        ("RENEWED", "fact"),
        ("REPLACED", "fact"),
        ("SUPERSEDED", "fact"),
        ("Superseded", "fact"),
        ("ROLLED_BACK", "unknown"),
        ("ARCHIVED", "unknown"),
        ("ACTIVE", "unknown"),
        ("UNHEARD_OF", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        (7, "unknown"),
    ],
)
def test_only_an_end_ends(status: Any, kind: str) -> None:
    notice = read(agreement_ended(status, T0))
    assert (notice.kind, notice.agreement_id) == (kind, AGREEMENT)
    assert ("agreement.status" in str(notice.why)) == (kind == "unknown")


def test_an_unheard_of_status_is_named_if_it_is_one() -> None:
    assert "ROLLED_BACK" in str(read(agreement_ended("rolled_back", T0)).why)
    assert "a@b" not in str(read(agreement_ended("a@b.example", T0)).why)


@pytest.mark.parametrize(
    ("detail_type", "topic", "state", "warns"),
    [
        ("Purchase Agreement Advisory Issued - Manufacturer", "advisory", "issued", True),
        ("Purchase Agreement Advisory Resolved - Manufacturer", "advisory", "resolved", False),
        ("Spend Threshold Reached", "spend_threshold", "reached", False),
        ("Spend Threshold Vet Succeeded - Manufacturer", "spend_threshold", "vet_succeeded", False),
        ("Spend Threshold Vet Failed", "spend_threshold", "vet_failed", True),
        (
            "Agreement Cancellation Request Pending Approval - Proposer",
            "cancellation_request",
            "pending_approval",
            False,
        ),
        (
            "Agreement Cancellation Request Validation Failed - Proposer",
            "cancellation_request",
            "validation_failed",
            False,
        ),
        ("Purchase Agreement Billing Adjustment Completed - Proposer", "billing_adjustment", "completed", False),
    ],
)
def test_what_tells_how_an_agreement_stands(detail_type: str, topic: str, state: str, warns: bool) -> None:
    notice = read(event(detail_type, T0))
    assert (notice.kind, notice.topic, notice.state, notice.is_warning) == ("standing", topic, state, warns)


def test_a_cancellation_request_names_its_buyer_and_product_beside_the_agreement() -> None:
    notice = read((EVENTS / "eventbridge-cancellation-request.json").read_text())
    assert (notice.account_id, notice.product_id) == ("444455556666", "prod-local0yawl001")
