"""The stage's events reach the vendor's people: bus, rule, queue, function, topic, with the rights of the templates."""

import json
import time
from typing import Any

import pytest

from tests.local.stage.acting import Acting

pytestmark = [pytest.mark.local, pytest.mark.timeout(90)]


def test_a_registration_is_a_mail_to_the_vendor(acting: Acting) -> None:
    seller = acting.stage.cloud.seller
    sns, sqs = seller.client("sns"), seller.client("sqs")
    (topic,) = [each["TopicArn"] for each in sns.list_topics()["Topics"] if "MailsVendor" in each["TopicArn"]]
    inbox = sqs.create_queue(QueueName="inbox-of-sales")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allowed, "Resource": arn}]})
    sqs.set_queue_attributes(QueueUrl=inbox, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    (buyer,) = acting.arrive(1)
    wanted = f"AWS Marketplace: {buyer.customer_identifier} has registered"
    until = time.monotonic() + 60
    mails: list[Any] = []
    while not mails and time.monotonic() < until:
        received = sqs.receive_message(QueueUrl=inbox, WaitTimeSeconds=5).get("Messages", [])
        mails = [said for each in received if (said := json.loads(each["Body"]))["Subject"] == wanted]
    (said,) = mails
    assert "@" not in said["Message"]
