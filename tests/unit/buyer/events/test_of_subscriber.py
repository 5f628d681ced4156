"""What an app is told of a change of a subscriber: each event once, at the change that it means, and by its schema."""

import json
from typing import get_args

import pytest

from buyer.events.event import EventName
from buyer.events.of_subscriber import FACTS, NOT_ENDED, TOLD_AS_CHANGE
from ledger.subscriber import SubscriptionStatus
from ledger.subscriber_change import to_message
from tests.unit.buyer.events.published import schemas
from tests.unit.buyer.events.rows import END, START, Row, active, ended, names, row, streamed, told

CONTACT = {"email": "ada@example.com", "company": "Example", "name": "Ada"}
HELD = [{"dimension": "basic_tier", "value": "1", "expiresAt": END}, {"dimension": "addon", "value": "2"}]


def test_a_life_is_told_in_order_each_event_once() -> None:
    steps: list[Row] = [
        row("pending"),
        row("pending", **CONTACT),
        active(**CONTACT),
        active(**CONTACT, tier="basic_tier", entitlements=HELD),
        ended("pending_cancellation", **CONTACT, tier="basic_tier", entitlements=HELD),
        ended("final_metering", **CONTACT, tier="basic_tier", entitlements=HELD),
        ended("cancelled", **CONTACT, tier="basic_tier", entitlements=HELD),
    ]
    rows = [step | {"version": number} for number, step in enumerate(steps, start=1)]
    events = [event for old, new in zip([None, *rows], rows, strict=False) for event in told(old, new)]
    assert names(events) == [
        "SubscriberRegistered",
        "SubscriptionActivated",
        "EntitlementChanged",
        "SubscriptionEnding",
        "SubscriptionChanged",
        "SubscriptionEnded",
        "AccessRevoked",
    ]
    assert [event["sequence"] for event in events] == [2, 3, 4, 5, 6, 7, 7]
    assert len({event["id"] for event in events}) == len(events)


def test_an_event_names_the_customer_and_how_to_tell_a_repeat() -> None:
    (event,) = told(row("pending"), active(version=7, linkedAccount="acme", tier=None, freeTrial=True))[:1]
    assert event == {
        "id": "l-1:7:SubscriptionActivated",
        "version": "1",
        "type": "SubscriptionActivated",
        "at": "2026-11-15T08:00:00Z",
        "sequence": 7,
        "customerIdentifier": "l-1",
        "productCode": "prod-1",
        "linkedAccount": "acme",
        "data": {"since": "2026-11-14T23:46:40Z", "tier": None, "freeTrial": True},
    }


def test_a_row_that_names_no_product_is_of_the_only_one_and_without_a_link_names_none() -> None:
    (event,) = told(None, {name: value for name, value in active().items() if name != "productCode"})
    assert event["productCode"] == "prod-only"
    assert "linkedAccount" not in event


def test_a_row_that_was_never_dated_is_dated_by_its_change() -> None:
    (event,) = told(None, {name: value for name, value in active().items() if name != "updatedAt"})
    assert event["at"] == "2026-11-15T09:21:00Z"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (row("pending", **CONTACT), row("pending", **CONTACT | {"company": "Other"})),
        (row("pending", **CONTACT), row("pending")),
        (None, row("pending")),
        (row("pending"), row("pending", company="Without an address")),
    ],
)
def test_only_the_first_contact_data_registers(old: Row | None, new: Row) -> None:
    assert told(old, new) == []


def test_a_registration_without_an_address_registers_too() -> None:
    later = row("pending", registeredAt="2026-11-15T08:00:00Z")
    assert names(told(row("pending"), later)) == ["SubscriberRegistered"]
    assert told(later, later | CONTACT) == []


def test_no_contact_data_leaves_the_reader_of_the_stream() -> None:
    secret = {name: f"{name}-that-is-nobody's-business" for name in CONTACT} | {
        "lifecycleNotices": {"n": {"kind": "x"}}
    }
    message = to_message(streamed(row("pending", **secret), active(**secret)))
    assert message is not None
    assert "nobody" not in message
    assert "lifecycleNotices" not in message
    assert set(json.loads(message)["new"]) >= {"registered", "customerIdentifier", "subscriptionStatus", "version"}


def test_a_removed_row_is_no_change() -> None:
    assert to_message(streamed(row(), None)) is None


@pytest.mark.parametrize("before", ["pending", "failed", "expired", "cancelled", "pending_cancellation"])
def test_a_subscription_is_activated_whatever_it_was(before: str) -> None:
    events = told(row(before), active())
    assert names(events) == ["SubscriptionActivated"]
    assert told(active(), active()) == []


def test_an_end_says_until_when_usage_is_taken() -> None:
    (event,) = told(active(), ended("pending_cancellation"))
    assert event["data"] == {
        "endedAt": "2026-11-15T09:20:00Z",
        "acceptsUsageUntil": "2026-11-15T10:05:00Z",
        "billingEndsAt": "2026-11-15T10:20:00Z",
    }


def test_a_buyer_whose_start_came_with_its_end_was_never_active() -> None:
    assert names(told(row("pending"), ended("pending_cancellation"))) == ["SubscriptionEnding"]


def test_access_ends_once_with_the_subscription() -> None:
    events = told(ended("final_metering"), ended("cancelled"))
    assert names(events) == ["SubscriptionEnded", "AccessRevoked"]
    assert events[0]["data"] == {"endedAt": "2026-11-15T09:20:00Z", "succeededBy": None}
    assert told(ended("cancelled"), ended("cancelled", version=2)) == []


@pytest.mark.parametrize("status", get_args(SubscriptionStatus))
@pytest.mark.parametrize("attribute", ["succeededBy", "supersededBy"])
def test_access_goes_on_with_a_successor_that_has_not_ended(status: str, attribute: str) -> None:
    successor = row(status, customerIdentifier="l-2")
    events = told(ended("final_metering", **{attribute: "l-2"}), ended("cancelled", **{attribute: "l-2"}), successor)
    assert events[0]["data"]["succeededBy"] == "l-2"
    revoked = status in ("pending", "failed", "cancelled")
    assert names(events) == ["SubscriptionEnded", *(["AccessRevoked"] if revoked else [])]
    assert (status in NOT_ENDED) is not revoked


@pytest.mark.parametrize(
    ("agreement", "revoked"), [("RENEWED", False), ("REPLACED", False), ("TERMINATED", True), ("ACTIVE", True)]
)
def test_access_goes_on_while_the_key_of_the_next_agreement_is_not_known(agreement: str, revoked: bool) -> None:
    before, after = (ended(status, agreementStatus=agreement) for status in ("final_metering", "cancelled"))
    assert names(told(before, after)) == ["SubscriptionEnded", *(["AccessRevoked"] if revoked else [])]


def test_access_ends_where_the_successor_has_no_row() -> None:
    before, after = (ended(status, succeededBy="l-9") for status in ("final_metering", "cancelled"))
    assert names(told(before, after)) == ["SubscriptionEnded", "AccessRevoked"]


@pytest.mark.parametrize("status", TOLD_AS_CHANGE)
def test_a_status_without_an_event_of_its_own_is_told_as_a_change(status: str) -> None:
    (event,) = told(active(), active() | {"subscriptionStatus": status})
    assert (event["type"], event["data"]) == (
        "SubscriptionChanged",
        {"status": status, "changed": ["subscriptionStatus"]},
    )


@pytest.mark.parametrize("name", FACTS)
def test_each_fact_that_changes_is_named(name: str) -> None:
    value = [{"start": START + 60}] if name == "activePeriods" else True if name == "freeTrial" else "another"
    (event,) = told(active(), active(version=2) | {name: value})
    assert (event["type"], event["data"]) == ("SubscriptionChanged", {"status": "active", "changed": [name]})


@pytest.mark.parametrize("name", ["factsAt", "lastNoticeAt", "entitlementsFetchedAt", "version", "statusChangedAt"])
def test_what_an_app_cannot_use_is_not_told(name: str) -> None:
    assert told(active(), active() | {name: 5}) == []


def test_what_the_contract_includes_is_told_when_it_changes() -> None:
    (event,) = told(active(tier="old_tier"), active(tier="basic_tier", entitlements=HELD))
    assert event["data"] == {
        "tier": "basic_tier",
        "previousTier": "old_tier",
        "entitlements": [
            {"dimension": "basic_tier", "value": "1", "expiresAt": "2026-11-15T09:20:00Z"},
            {"dimension": "addon", "value": "2", "expiresAt": None},
        ],
    }
    same = active(tier="basic_tier", entitlements=HELD)
    assert told(same, same | {"entitlementsFetchedAt": 9}) == []
    assert names(told(same, same | {"entitlements": HELD[:1]})) == ["EntitlementChanged"]
    assert names(told(same, {k: v for k, v in same.items() if k not in ("tier", "entitlements")})) == [
        "EntitlementChanged"
    ]


def advised(state: str, at: str) -> Row:
    return active(agreementStanding={"advisory": {"state": state, "at": at, "noticeId": "n-1"}})


def test_each_advisory_is_told_once() -> None:
    first, again = advised("issued", "2026-11-15T08:00:00Z"), advised("issued", "2026-11-16T08:00:00Z")
    (event,) = told(active(), first)
    assert (event["type"], event["data"]) == ("AdvisoryIssued", {"issuedAt": "2026-11-15T08:00:00Z"})
    assert told(first, first | {"version": 2}) == []
    assert told(first, advised("resolved", "2026-11-15T09:00:00Z")) == []
    assert names(told(first, again)) == ["AdvisoryIssued"]


def test_every_event_has_a_schema_with_the_same_envelope() -> None:
    assert set(schemas()) == set(get_args(EventName))
    envelopes = []
    for name, schema in schemas().items():
        properties = dict(schema["properties"])
        assert properties.pop("type") == {"const": name}
        data = properties.pop("data")
        assert set(data["required"]) == set(data["properties"])
        envelopes.append((properties, schema["required"], schema["$schema"]))
    assert all(envelope == envelopes[0] for envelope in envelopes)


def test_the_schema_names_every_fact_that_may_change() -> None:
    changed = schemas()["SubscriptionChanged"]["properties"]["data"]["properties"]["changed"]
    assert changed["items"]["enum"] == ["subscriptionStatus", *FACTS]
    status = schemas()["SubscriptionChanged"]["properties"]["data"]["properties"]["status"]
    assert status["enum"] == list(get_args(SubscriptionStatus))
