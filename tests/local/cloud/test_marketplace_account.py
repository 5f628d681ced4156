"""What comes from Marketplace's account arrives, and from nobody else's."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud, MarketplaceAccount
from local.cloud.marketplace_account import AGREEMENT_SOURCE

pytestmark = pytest.mark.local

PRODUCT = "probe0product0code"
TOPIC = f"arn:aws:sns:us-east-1:287250355862:aws-mp-subscription-notification-{PRODUCT}"


def _receive(cloud: LocalCloud, queue: str, seconds: float = 3) -> dict[str, Any] | None:
    """The next message of the queue, decoded and deleted; None if none arrives in time."""
    sqs = cloud.seller.client("sqs")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=0).get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return dict(json.loads(message["Body"]))
        time.sleep(0.02)
    return None


def test_a_notice_passes_topic_subscription_and_tls_only_queue(cloud: LocalCloud, probe: dict[str, str]) -> None:
    notice = {"action": "subscribe-success", "customer-identifier": "c1", "product-code": PRODUCT}
    cloud.marketplace.publish_subscription_notice(PRODUCT, notice)
    envelope = _receive(cloud, probe["QueueUrl"])
    assert envelope is not None
    assert envelope["Type"] == "Notification"
    assert envelope["TopicArn"] == TOPIC
    assert json.loads(envelope["Message"]) == notice


def test_an_agreement_event_reaches_the_default_bus_of_the_seller(cloud: LocalCloud, probe: dict[str, str]) -> None:
    cloud.marketplace.put_agreement_event("License Updated - Manufacturer", {"license": {"arn": "x"}})
    event = _receive(cloud, probe["QueueUrl"])
    assert event is not None
    assert event["source"] == AGREEMENT_SOURCE
    assert event["detail-type"] == "License Updated - Manufacturer"
    assert event["detail"] == {"license": {"arn": "x"}}
    assert event["account"] == "111122223333"
    assert event["region"] == "us-east-1"


@pytest.mark.parametrize("account", ["111122223333", "999988887777"])
def test_nobody_else_may_put_agreement_events(cloud: LocalCloud, probe: dict[str, str], account: str) -> None:
    entry: Any = {"Source": AGREEMENT_SOURCE, "DetailType": "License Updated - Manufacturer", "Detail": "{}"}
    answer = cloud.accounts.root(account).client("events").put_events(Entries=[entry])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
    assert _receive(cloud, probe["QueueUrl"], seconds=0.3) is None


def test_marketplace_may_put_events_of_no_other_aws_service(cloud: LocalCloud) -> None:
    session = cloud.accounts.root("287250355862")
    entry: Any = {"Source": "aws.ec2", "DetailType": "x", "Detail": "{}"}
    answer = session.client("events").put_events(Entries=[entry])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_a_stranger_may_not_publish_to_the_topics(cloud: LocalCloud, probe: dict[str, str]) -> None:
    stranger = cloud.accounts.root("999988887777").client("sns")
    with pytest.raises(ClientError, match="AuthorizationError"):
        stranger.publish(TopicArn=TOPIC, Message="{}")


def test_a_stranger_may_not_subscribe_to_the_topics(cloud: LocalCloud, probe: dict[str, str]) -> None:
    stranger = cloud.accounts.root("999988887777").client("sns")
    with pytest.raises(ClientError, match="AuthorizationError"):
        stranger.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:999988887777:q")


def test_a_notice_sent_past_the_topic_is_refused(cloud: LocalCloud, probe: dict[str, str]) -> None:
    stranger = cloud.accounts.root("999988887777").client("sqs")
    with pytest.raises(ClientError, match=r"AccessDenied|NonExistentQueue"):
        stranger.send_message(QueueUrl=probe["QueueUrl"], MessageBody="{}")
    assert _receive(cloud, probe["QueueUrl"], seconds=0.3) is None


def test_topics_can_be_created_again(cloud: LocalCloud, probe: dict[str, str]) -> None:
    again: MarketplaceAccount = cloud.marketplace
    again.create_topics(PRODUCT)
    cloud.marketplace.publish_subscription_notice(PRODUCT, {"action": "unsubscribe-pending"})
    assert _receive(cloud, probe["QueueUrl"]) is not None
