"""Nobody but AWS Marketplace can tell the deployed stage about its buyers."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ledger import tables
from local.cloud import MARKETPLACE_ACCOUNT, SELLER_ACCOUNT
from local.replay.buyers import Buyer
from marketplace_local import notices
from tests.local.stage.acting import Acting, Item

pytestmark = [pytest.mark.local, pytest.mark.timeout(60)]

STRANGER = "999988887777"
REGION = "us-east-1"
#: PutEvents for the source of an AWS service, or on somebody else's bus
REFUSED = ("NotAuthorizedForSourceException", "AccessDeniedException", "ResourceNotFoundException")


def queues(acting: Acting) -> dict[str, str]:
    """Name → URL of every queue of the stage."""
    pages = acting.stage.cloud.seller.client("sqs").get_paginator("list_queues").paginate()
    return {url.rsplit("/", 1)[-1]: url for page in pages for url in page.get("QueueUrls", ())}


def messages(acting: Acting) -> dict[str, int]:
    """Messages in each queue, those under way counted, too."""
    sqs = acting.stage.cloud.seller.client("sqs")
    found = {}
    for name, url in queues(acting).items():
        count = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        waiting, taken = count["ApproximateNumberOfMessages"], count["ApproximateNumberOfMessagesNotVisible"]
        found[name] = int(waiting) + int(taken)
    return found


def end_event(acting: Acting, buyer: Buyer) -> Item:
    return notices.license_deprovisioned(notices.Agreement.of_buyer(buyer.details), acting.now)


def entry(event: Item, **more: str) -> Any:
    return {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Resources": event["resources"],
        **more,
    }


@pytest.fixture
def pair(acting: Acting) -> Iterator[list[Buyer]]:
    """License and legacy. After a test of forgeries, a genuine end of both comes through: the way was open."""
    buyers = acting.arrive(2)
    acting.pass_minutes(1)  # an end in the second of the start would leave the buyers active anyway
    before = acting.stored()
    yield buyers
    acting.quiet()
    assert acting.stored() == before, "a forged notice has changed something"
    for buyer in buyers:
        acting.leave(buyer)
        assert acting.get(buyer)["subscriptionStatus"] == "pending_cancellation"


def test_a_strangers_topic_of_the_same_name_does_not_reach_the_queue(acting: Acting, pair: list[Buyer]) -> None:
    sns = acting.stage.cloud.accounts.root(STRANGER).client("sns")
    topic = sns.create_topic(Name=f"aws-mp-subscription-notification-{acting.stage.product_code}")["TopicArn"]
    assert f":{STRANGER}:" in topic
    for url in (acting.doors["SubscriptionQueueUrl"], acting.doors["EntitlementQueueUrl"]):
        queue = f"arn:aws:sqs:{REGION}:{SELLER_ACCOUNT}:{url.rsplit('/', 1)[-1]}"
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message=json.dumps(acting.end_notice(pair[1])))


def test_nobody_else_publishes_to_the_marketplaces_topic(acting: Acting, pair: list[Buyer]) -> None:
    message = json.dumps(acting.end_notice(pair[1]))
    for account in (STRANGER, SELLER_ACCOUNT):
        sns = acting.stage.cloud.accounts.root(account).client("sns")
        with pytest.raises(ClientError, match="AuthorizationError"):
            sns.publish(TopicArn=notices.subscription_topic(acting.stage.product_code), Message=message)


def test_nobody_else_sends_to_the_queue(acting: Acting, pair: list[Buyer]) -> None:
    body = notices.sns_envelope(
        acting.end_notice(pair[1]),
        notices.subscription_topic(acting.stage.product_code),
        message_id=str(uuid.uuid4()),
        at=acting.now,
    )
    # Marketplace's own account may publish to its topic, and no more than that
    for account in (STRANGER, MARKETPLACE_ACCOUNT):
        sqs = acting.stage.cloud.accounts.root(account).client("sqs")
        for url in (acting.doors["SubscriptionQueueUrl"], acting.doors["EntitlementQueueUrl"]):
            with pytest.raises(ClientError, match=r"AccessDenied|NonExistentQueue"):
                sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))


def test_nobody_else_puts_agreement_events_on_the_bus(acting: Acting, pair: list[Buyer]) -> None:
    event = end_event(acting, pair[0])
    bus = f"arn:aws:events:{REGION}:{SELLER_ACCOUNT}:event-bus/default"

    def put(account: str, **more: str) -> Item:
        events = acting.stage.cloud.accounts.root(account).client("events")
        answer = events.put_events(Entries=[entry(event, **more)])
        return {"refused": answer["FailedEntryCount"], **answer["Entries"][0]}

    for account, more in ((SELLER_ACCOUNT, {}), (STRANGER, {}), (STRANGER, {"EventBusName": bus})):
        try:
            answer = put(account, **more)
        except ClientError as refusal:
            assert refusal.response["Error"]["Code"] in REFUSED
        else:
            assert (answer["refused"], answer["ErrorCode"] in REFUSED) == (1, True), (account, answer)
    # under a source that everybody may use it reaches the bus, and no rule
    assert put(SELLER_ACCOUNT, Source="mine.agreement-marketplace")["refused"] == 0


def test_a_rule_of_another_bus_does_not_reach_the_queues(acting: Acting, pair: list[Buyer]) -> None:
    """The queues let in events of one rule, by its ARN; EventBridge itself would deliver for anybody's rule."""
    event = end_event(acting, pair[0])
    for account in (STRANGER, SELLER_ACCOUNT):
        events = acting.stage.cloud.accounts.root(account).client("events")
        events.create_event_bus(Name="forgers")
        events.put_rule(Name="forged", EventBusName="forgers", EventPattern=json.dumps({"source": ["mine"]}))
        arns = [f"arn:aws:sqs:{REGION}:{SELLER_ACCOUNT}:{name}" for name in queues(acting)]
        for number, arn in enumerate(arns):
            target: Any = {"Id": str(number), "Arn": arn, "Input": json.dumps({**event, "id": str(uuid.uuid4())})}
            events.put_targets(Rule="forged", EventBusName="forgers", Targets=[target])
        waiting = messages(acting)
        assert events.put_events(Entries=[entry(event, Source="mine", EventBusName="forgers")])["FailedEntryCount"] == 0
        assert messages(acting) == waiting


def test_no_queue_of_the_stage_takes_anything_from_strangers(acting: Acting, pair: list[Buyer]) -> None:
    """Neither a message, nor one by a topic, nor a look: also the queues of usage and the dead letters."""
    strangers = acting.stage.cloud.accounts.root(STRANGER)
    sqs, sns = strangers.client("sqs"), strangers.client("sns")
    topic = sns.create_topic(Name="forged")["TopicArn"]
    forged = json.dumps(acting.end_notice(pair[1]))
    waiting = messages(acting)
    assert len(waiting) > 2
    for name, url in queues(acting).items():
        with pytest.raises(ClientError, match=r"AccessDenied|NonExistentQueue"):
            sqs.send_message(QueueUrl=url, MessageBody=forged)
        with pytest.raises(ClientError, match=r"AccessDenied|NonExistentQueue"):
            sqs.receive_message(QueueUrl=url)
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{SELLER_ACCOUNT}:{name}")
    sns.publish(TopicArn=topic, Message=forged)
    assert messages(acting) == waiting


def test_a_notice_of_another_product_is_kept_for_people_and_changes_nothing(acting: Acting) -> None:
    buyer = acting.arrive(2)[1]
    before = acting.stored()
    notice = notices.subscription_notice("unsubscribe-pending", buyer.customer_identifier, "anotherproductofours00")
    acting.stage.cloud.marketplace.publish_subscription_notice(acting.stage.product_code, notice)
    acting.quiet()
    after = acting.stored()
    kept = [item for item in after.pop(tables.NOTICES.name) if item not in before[tables.NOTICES.name]]
    assert [item["reason"] for item in kept] == ["wrong_product"]
    del before[tables.NOTICES.name]
    assert after == before


def test_an_event_of_another_product_is_kept_for_people_and_raises_no_doubt(acting: Acting) -> None:
    """EventBridge delivers the events of all products; while one of this stage's buyers is active, that is no news."""
    buyer = acting.arrive(1)[0]
    known = notices.Agreement.of_buyer(buyer.details)
    other = replace(
        known,
        agreement_id=f"agmt-{uuid.uuid4().hex}",
        license_arn=known.license_arn.rsplit(":", 1)[0] + f":l-{uuid.uuid4().hex}",
        product_code="anotherproductofours00",
    )
    event = notices.license_updated(other, acting.now)
    before = acting.stored()[tables.NOTICES.name]
    acting.stage.cloud.marketplace.put_agreement_event(event["detail-type"], event["detail"], event["resources"])
    acting.quiet()
    kept = [item for item in acting.stored()[tables.NOTICES.name] if item not in before and "content" in item]
    assert [(item["reason"], item.get("detail")) for item in kept] == [("wrong_product", None)]
