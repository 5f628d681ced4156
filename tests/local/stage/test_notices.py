"""Notices of AWS Marketplace at the deployed stage: poison among them, faults, advisories, repetitions, any order."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ledger import tables
from marketplace_local import notices
from marketplace_local.notices import standing as standing_notices
from tests.local.stage.acting import Acting, Item, wait_until

pytestmark = [pytest.mark.local, pytest.mark.timeout(60)]


# --- poison -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def quick_queues(acting: Acting) -> Iterator[None]:
    """A failed message comes again after a second, and not after the deployed six minutes."""
    sqs = acting.stage.cloud.seller.client("sqs")
    urls = [acting.doors["SubscriptionQueueUrl"], acting.doors["EntitlementQueueUrl"]]
    kept = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] for url in urls]
    for url, attributes in zip(urls, kept, strict=True):
        assert attributes["VisibilityTimeout"] == "360"
        assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 5
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    yield
    for url, attributes in zip(urls, kept, strict=True):
        timeout = attributes["VisibilityTimeout"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": timeout})


@pytest.mark.usefixtures("quick_queues")
def test_an_unreadable_notice_is_kept_with_its_reason_and_blocks_no_other(acting: Acting) -> None:
    buyers = acting.arrive(4)
    legacy = [buyer for buyer in buyers if buyer.integration == "legacy"]
    sqs = acting.stage.cloud.seller.client("sqs")
    queue = acting.doors["SubscriptionQueueUrl"]
    topic = notices.subscription_topic(acting.stage.product_code)
    poison = f"not a notice {uuid.uuid4()}"
    acting.pass_minutes(1)  # an end in the second of the start would leave the buyers active
    good = [
        json.dumps(notices.sns_envelope(acting.end_notice(buyer), topic, message_id=str(uuid.uuid4()), at=acting.now))
        for buyer in legacy
    ]
    # one request, so that they are received together
    bodies = [good[0], poison, good[1]]
    sqs.send_message_batch(
        QueueUrl=queue, Entries=[{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)]
    )
    acting.quiet()
    assert {acting.get(buyer)["subscriptionStatus"] for buyer in legacy} == {"pending_cancellation"}
    kept = [item for item in acting.stored()[tables.NOTICES.name] if item.get("content", {}).get("text") == poison]
    assert [(item["reason"], item["detail"]) for item in kept] == [("unreadable", "it is not a JSON object")]
    assert not sqs.receive_message(QueueUrl=acting.doors["SubscriptionDeadLettersUrl"]).get("Messages")


@pytest.mark.usefixtures("quick_queues")
def test_a_notice_that_fails_here_can_be_redriven_from_the_dead_letters(acting: Acting) -> None:
    """GetEntitlements is refused for longer than a message is tried."""
    buyer = next(buyer for buyer in acting.arrive(2) if buyer.integration == "legacy")
    sqs = acting.stage.cloud.seller.client("sqs")
    queue, dead_letters = acting.doors["EntitlementQueueUrl"], acting.doors["EntitlementDeadLettersUrl"]
    product = acting.stage.product_code
    notice = notices.entitlement_notice(buyer.customer_identifier, product)
    body = json.dumps(
        notices.sns_envelope(notice, notices.entitlement_topic(product), message_id="dead", at=acting.now)
    )
    acting.stage.marketplace.arm("error", operation="GetEntitlements", error="AccessDeniedException")
    sqs.send_message(QueueUrl=queue, MessageBody=body)
    found: list[Any] = []

    def dead() -> bool:
        found.extend(sqs.receive_message(QueueUrl=dead_letters, MaxNumberOfMessages=10).get("Messages", []))
        return bool(found)

    wait_until(dead, "the notice is in the dead-letter queue", timeout=20)
    assert [message["Body"] for message in found] == [body]
    acting.stage.marketplace.clear_faults()
    fetched = acting.get(buyer, "/entitlements")["fetchedAt"]
    acting.pass_minutes(1)
    for message in found:
        sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"])
    acting.quiet()
    assert acting.get(buyer, "/entitlements")["fetchedAt"] > fetched


def test_an_advisory_is_shown_and_explains_an_unsubscribed_line(acting: Acting) -> None:
    buyer = next(buyer for buyer in acting.arrive(2) if buyer.integration == "license")
    issued = standing_notices.advisory(notices.Agreement.of_buyer(buyer.details), acting.now)
    acting.stage.cloud.marketplace.put_agreement_event(issued["detail-type"], issued["detail"], issued["resources"])
    acting.quiet()
    assert acting.get(buyer)["agreementStanding"]["advisory"]["state"] == "issued"
    hour = acting.hour
    acting.record(acting.event(buyer, quantity=100))  # beyond what the contract includes
    acting.stage.marketplace.arm("status", buyer=buyer.customer_identifier, status="CustomerNotSubscribed", times=1)
    acting.close_hour()
    acting.meter_at_once()
    (shown,) = [entry for entry in acting.get(buyer, "/usage")["hours"] if entry["hour"] == hour]
    (line,) = shown["lines"]
    assert line["verdict"] == "not_subscribed"
    assert "advisory" in line["detail"]


# --- twice, and in another order --------------------------------------------------------------------------------------

#: what differs between two buyers with the same story, and by when and how often a row was written
OWN = {
    "customerIdentifier", "customerAWSAccountId", "agreementId", "licenseArn", "version", "updatedAt", "createdAt",
    "entitlementsFetchedAt", "lifecycleNotices", "offerId", "factsAt", "registeredAt",
}  # fmt: skip
Story = Callable[[Item, float], list[Item]]


def sns_story(buyer: Item, began: float) -> list[Item]:
    """Started, ended, started again; in SNS's envelopes."""
    product, topic = buyer["productCode"], notices.subscription_topic(buyer["productCode"])
    steps: list[tuple[notices.SubscriptionAction, float]] = [
        ("subscribe-success", 0),
        ("unsubscribe-pending", 600),
        ("unsubscribe-success", 4200),
        ("subscribe-success", 5400),
    ]
    return [
        notices.sns_envelope(
            notices.subscription_notice(action, buyer["id"], product),
            topic,
            message_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{buyer['id']} {after}")),
            at=began + after,
        )
        for action, after in steps
    ]


def license_story(buyer: Item, began: float) -> list[Item]:
    """The same in EventBridge's events."""
    agreement = notices.Agreement.of_buyer(buyer)
    return [
        notices.agreement_created(agreement, began),
        notices.license_updated(agreement, began + 1),
        notices.license_deprovisioned(agreement, began + 600),
        notices.agreement_ended(agreement, began + 601),
        notices.license_updated(agreement, began + 5400),
    ]


@pytest.mark.parametrize(("kind", "story"), [("license", license_story), ("legacy", sns_story)], ids=["license", "sns"])
def test_any_order_and_any_repetition_tell_the_same(acting: Acting, kind: str, story: Story) -> None:
    market, code = acting.stage.marketplace, acting.stage.product_code
    began = float(int(acting.now)) - 7200
    told: list[Item] = []
    for orderly in (True, False):
        buyer = market.create_buyer(code, kind, entitlements=[{"dimension": "basic_tier", "value": 1}])
        registration = {"token": buyer["token"], "email": "same@example.com", "company": "Same"}
        steps = story(buyer, began)
        # last things first, in the middle of it the registration, and then everything once more
        first, second = (steps, []) if orderly else (steps[::-1], [*steps[1::2], *steps])
        deliver(acting, first[:2])
        assert acting.stage.api.call("POST", "/registrations", registration).status == 200
        deliver(acting, first[2:])
        deliver(acting, second)
        told.append({"item": item_of(acting, buyer["id"]), "notices": len(steps)})
    calm, wild = (entry["item"] for entry in told)
    assert {name: value for name, value in wild.items() if name not in OWN} == {
        name: value for name, value in calm.items() if name not in OWN
    }
    starts = [value["kind"] for value in wild["lifecycleNotices"].values()]
    assert sorted(starts) == sorted(value["kind"] for value in calm["lifecycleNotices"].values())
    assert calm["subscriptionStatus"] == "active"
    assert [set(period) for period in calm["activePeriods"]] == [{"start", "end"}, {"start"}]
    assert calm["email"] == "same@example.com"


def deliver(acting: Acting, bodies: list[Item]) -> None:
    """As SNS and EventBridge would, one by one, into both queues."""
    sqs = acting.stage.cloud.seller.client("sqs")
    for body in bodies:
        for url in (acting.doors["SubscriptionQueueUrl"], acting.doors["EntitlementQueueUrl"]):
            sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
        acting.quiet()


def item_of(acting: Acting, key: str) -> Item:
    (found,) = (item for item in acting.stored()[tables.SUBSCRIBERS.name] if item["customerIdentifier"] == key)
    return found
