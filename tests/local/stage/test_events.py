"""The vendor's app learns of a buyer's life from the deployed stage: on the bus, and by signed webhooks, each once
and in order, though its receiver fails at first."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ledger import tables
from local.replay.buyers import Buyer
from local.stage import LocalStage
from tests.local.stage.acting import Acting, Item, wait_until
from tests.unit.buyer.events.published import checked
from tests.unit.buyer.events.test_examples import RECEIVER
from tests.unit.buyer.webhook.receiver import LocalReceiver

pytestmark = [pytest.mark.local, pytest.mark.timeout(240)]

EVENTS = "YawlMetering-local-Events"
#: A buyer with a contract comes, uses all that it includes, and leaves. Registration and notice race at the beginning.
ARRIVES = {"SubscriberRegistered", "SubscriptionActivated", "EntitlementChanged", "SubscriptionChanged"}
LEAVES = ["SubscriptionEnding", "SubscriptionChanged", "SubscriptionEnded", "AccessRevoked"]


@pytest.fixture(scope="module")
def bus(stage: LocalStage) -> Iterator[Callable[[], list[Item]]]:
    """A rule of the app on the stage's bus, with a queue; returns what lies in it, and keeps it."""
    events, sqs = stage.cloud.seller.client("events"), stage.cloud.seller.client("sqs")
    name = stage.outputs[EVENTS]["EventBusName"]
    url = sqs.create_queue(QueueName="the-apps-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    pattern = json.dumps({"source": ["yawl.marketplace"]})
    events.put_rule(Name="the-app", EventBusName=name, EventPattern=pattern)
    events.put_targets(Rule="the-app", EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
    taken: list[Item] = []

    def take() -> list[Item]:
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                taken.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken

    yield take
    events.remove_targets(Rule="the-app", EventBusName=name, Ids=["queue"])
    events.delete_rule(Name="the-app", EventBusName=name)
    sqs.delete_queue(QueueUrl=url)


def of_buyer(events: list[Item], buyer: Buyer) -> list[Item]:
    return [each for each in events if each["customerIdentifier"] == buyer.customer_identifier]


def names(events: list[Item]) -> list[str]:
    return [each["type"] for each in events]


def verified(acting: Acting, receiver: LocalReceiver) -> list[Item]:
    """What the receiver took, as the documentation's receiver reads it."""
    secrets: Any = acting.stage.cloud.seller.client("secretsmanager")
    arn = acting.stage.outputs[EVENTS]["WebhookSecretArn"]
    secret = "whsec_" + secrets.get_secret_value(SecretId=arn)["SecretString"]
    return [
        RECEIVER.verify(got.headers, got.body, secrets=[secret], now=int(got.headers["webhook-timestamp"]))
        for got in receiver.taken
    ]


def test_a_buyers_life_is_told_in_order_each_event_once(
    acting: Acting, bus: Callable[[], list[Item]], webhook_receiver: LocalReceiver
) -> None:
    began = len(webhook_receiver.taken)
    # The first is tried again after five seconds; what comes behind it waits.
    webhook_receiver.statuses = [500]
    (buyer,) = acting.arrive(1)
    tier = next(tier for product in acting.stage.settings.products for tier in product.tiers if tier.name == buyer.tier)
    acting.record(acting.event(buyer, quantity=int(tier.included["workflow_executions"])))
    acting.close_hour()
    acting.meter_at_once()
    acting.leave(buyer)
    acting.pass_minutes(45)
    acting.wait_for_status(buyer, "cancelled")

    def on_bus() -> list[Item]:
        return of_buyer([each["detail"] for each in bus()], buyer)

    wait_until(lambda: "AccessRevoked" in names(on_bus()), "the bus has told that access ends")
    wait_until(
        lambda: "AccessRevoked" in names(of_buyer(verified(acting, webhook_receiver)[began:], buyer)),
        "the receiver has taken that access ends",
        timeout=60,
    )
    told = on_bus()
    posted = of_buyer(verified(acting, webhook_receiver)[began:], buyer)
    for events in (told, posted):
        assert len({each["id"] for each in events}) == len(events), "each once"
        for event in events:
            checked(event)
        of_row = [each for each in events if each["type"] != "AllowanceThresholdReached"]
        assert [each["sequence"] for each in of_row] == sorted(each["sequence"] for each in of_row)
        beginning = names(of_row)[: -len(LEAVES)]
        assert set(beginning) <= ARRIVES
        assert {"SubscriberRegistered", "SubscriptionActivated", "EntitlementChanged"} <= set(beginning)
        assert names(of_row)[-len(LEAVES) :] == LEAVES
        reached = [each["data"] for each in events if each["type"] == "AllowanceThresholdReached"]
        assert [(each["dimension"], each["percent"]) for each in reached] == [
            ("workflow_executions", 80),
            ("workflow_executions", 100),
        ]
    assert sorted(told, key=lambda each: each["id"]) == sorted(posted, key=lambda each: each["id"])
    first, *others = [got.headers["webhook-id"] for got in webhook_receiver.got if got not in webhook_receiver.taken]
    assert first in {each["id"] for each in posted}, "what was refused came again"
    assert others == []
    envelopes = [each for each in bus() if each["detail"] in told]
    assert {(each["source"], each["detail-type"] == each["detail"]["type"]) for each in envelopes} == {
        ("yawl.marketplace", True)
    }


def test_nothing_waits_and_nothing_is_dead(acting: Acting) -> None:
    sqs = acting.stage.cloud.seller.client("sqs")
    outputs = acting.stage.outputs[EVENTS]

    def left() -> dict[str, str]:
        numbers = {}
        for name in ("ChangesQueueUrl", "ChangesDeadLettersUrl", "BalancesDeadLettersUrl", "WebhookDeadLettersUrl"):
            attributes = sqs.get_queue_attributes(QueueUrl=outputs[name], AttributeNames=["All"])["Attributes"]
            if (number := attributes["ApproximateNumberOfMessages"]) != "0":
                numbers[name] = number
        return numbers

    wait_until(lambda: left() == {}, "every change is told")


def test_contact_data_is_told_to_nobody(
    acting: Acting, bus: Callable[[], list[Item]], webhook_receiver: LocalReceiver
) -> None:
    bodies = [got.body.decode() for got in webhook_receiver.got]
    assert bodies
    texts = [*bodies, *(json.dumps(each) for each in bus())]
    rows = acting.stage.items(tables.SUBSCRIBERS)
    stored = {row[name] for row in rows for name in ("email", "company") if name in row}
    assert stored
    assert not [value for value in stored if any(value in text for text in texts)]
