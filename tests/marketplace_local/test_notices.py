"""Notices have the shapes that AWS sends."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from marketplace_local import notices
from marketplace_local.notices import Agreement
from marketplace_local.notices import standing as standing_notices
from tests.marketplace_local.market import Market
from tests.marketplace_local.sample_notices import AGREEMENT, CUSTOMER, ENDED, PRODUCT_CODE, STARTED, samples

EVENTS = Path(__file__).parents[1] / "events"


@pytest.mark.parametrize("name", sorted(samples()))
def test_the_sample_files_are_up_to_date(name: str) -> None:
    """``python -m tests.marketplace_local.sample_notices tests/events`` writes them."""
    assert json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8")) == samples()[name]


def test_a_subscription_notice() -> None:
    """User guide, SaaS notifications; ``isFreeTrialTermPresent`` is a string."""
    assert notices.subscription_notice(
        "subscribe-success", CUSTOMER, PRODUCT_CODE, offer_identifier="offer-1", free_trial=True
    ) == {
        "action": "subscribe-success",
        "customer-identifier": CUSTOMER,
        "product-code": PRODUCT_CODE,
        "offer-identifier": "offer-1",
        "isFreeTrialTermPresent": "true",
    }


@pytest.mark.parametrize("action", ["unsubscribe-pending", "unsubscribe-success"])
def test_the_offer_is_named_at_the_start_only(action: Any) -> None:
    """User guide, SaaS notifications: offer-identifier with subscribe-success and subscribe-fail."""
    assert "offer-identifier" not in notices.subscription_notice(action, CUSTOMER, "p", offer_identifier="offer-1")


def test_the_envelope_holds_the_body_as_text() -> None:
    """SNS without raw delivery."""
    body = notices.entitlement_notice(CUSTOMER, PRODUCT_CODE)
    topic = notices.entitlement_topic(PRODUCT_CODE)
    envelope = notices.sns_envelope(body, topic, message_id="m-1", at=STARTED + 0.25)
    assert json.loads(envelope["Message"]) == body
    assert envelope["Timestamp"] == "2026-11-15T08:05:10.250Z"
    assert topic == f"arn:aws:sns:us-east-1:287250355862:aws-mp-entitlement-notification-{PRODUCT_CODE}"


@pytest.mark.parametrize("build", [notices.license_updated, notices.license_deprovisioned])
def test_licence_events_join_licence_and_agreement(build: Any) -> None:
    """User guide, EventBridge integration: licence events are the Manufacturer's and carry both names."""
    event = build(AGREEMENT, STARTED)
    assert event["detail-type"].endswith(" - Manufacturer")
    assert event["detail"]["license"] == {"arn": AGREEMENT.license_arn}
    assert event["detail"]["agreement"] == {"id": AGREEMENT.agreement_id}
    assert event["detail"]["product"]["code"] == PRODUCT_CODE


@pytest.mark.parametrize("build", [notices.agreement_created, notices.agreement_ended])
def test_agreement_events_carry_no_licence(build: Any) -> None:
    """User guide, EventBridge integration: agreement events have neither licence nor product code."""
    event = build(AGREEMENT, ENDED)
    assert event["detail-type"].endswith(" - Proposer")
    assert AGREEMENT.license_arn not in json.dumps(event)
    assert PRODUCT_CODE not in json.dumps(event)


def test_a_renewal_names_the_agreement_before_it() -> None:
    """User guide, agreement events: ``previousAgreementId`` on intent RENEW."""
    event = notices.agreement_created(AGREEMENT, ENDED, intent="RENEW", previous_agreement_id="agmt-0")
    assert (event["detail"]["agreement"]["intent"], event["detail"]["agreement"]["previousAgreementId"]) == (
        "RENEW",
        "agmt-0",
    )


def test_the_same_event_has_the_same_id_and_another_time_another() -> None:
    """EventBridge delivers at least once; times have whole seconds."""
    first, again = notices.license_updated(AGREEMENT, STARTED), notices.license_updated(AGREEMENT, STARTED + 0.9)
    assert first == again
    assert notices.license_updated(AGREEMENT, STARTED + 1)["id"] != first["id"]


def test_a_buyer_of_the_marketplace_gives_the_events_their_names(market: Market) -> None:
    buyer = market.buyer()
    event = notices.license_updated(Agreement.of_buyer(buyer), STARTED)
    assert event["detail"]["license"]["arn"] == buyer["licenseArn"]
    assert event["detail"]["acceptor"]["accountId"] == buyer["accountId"]
    assert event["resources"] == [f"arn:aws:aws-marketplace::aws:agreement:{buyer['agreementId']}"]


def test_the_notices_about_a_buyer_so_far(market: Market) -> None:
    """A legacy buyer's come by SNS, the last one after the final hour; a new buyer's come by EventBridge."""
    legacy = market.buyer("legacy", free_trial=True, entitlements=[{"dimension": "gold_tier", "value": 1}])
    licensed = market.buyer()
    for buyer in (legacy, licensed):
        market.admin.end(buyer["id"], "2026-11-15T12:00:00Z")
    actions = [notice["body"]["action"] for notice in market.admin.notices(legacy["id"])]
    assert actions == ["subscribe-success", "entitlement-updated", "unsubscribe-pending"]
    assert market.admin.notices(legacy["id"])[0]["body"]["isFreeTrialTermPresent"] == "true"
    market.clock.moment += timedelta(minutes=30)
    assert market.admin.notices(legacy["id"])[-1]["body"]["action"] == "unsubscribe-success"
    events = [notice["body"]["detail-type"].partition(" - ")[0] for notice in market.admin.notices(licensed["id"])]
    started, ended = (
        ["Purchase Agreement Created", "License Updated"],
        ["Purchase Agreement Ended", "License Deprovisioned"],
    )
    assert events == [*started, *ended]


def test_an_advisory_names_the_products_id_and_the_buyer() -> None:
    """User guide, events for agreements."""
    event = standing_notices.advisory(AGREEMENT, STARTED)
    assert event["detail-type"] == "Purchase Agreement Advisory Issued - Manufacturer"
    assert event["detail"]["product"] == {"id": AGREEMENT.product_id}
    assert event["detail"]["acceptor"]["accountId"] == AGREEMENT.account_id
    assert event["detail"]["advisory"] == {"issuedAt": "2026-11-15T08:05:10Z"}


@pytest.mark.parametrize("build", [standing_notices.cancellation_request, standing_notices.billing_adjustment])
def test_requests_name_no_acceptor_and_no_resource(build: Any) -> None:
    """User guide, events for cancellations and for billing adjustments."""
    event = build(AGREEMENT, ENDED)
    assert (event["resources"], "acceptor" in event["detail"]) == ([], False)
    assert event["detail"]["agreement"]["id"] == AGREEMENT.agreement_id
