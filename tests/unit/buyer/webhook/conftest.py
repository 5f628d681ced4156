"""The function ``send-webhooks`` with a receiver on this machine."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from buyer.handlers import send_webhooks
from buyer.signing_keys import SigningKeys
from tests.unit.buyer.registration.secret import Secret
from tests.unit.buyer.webhook.receiver import LocalReceiver, receiving
from tests.unit.messages import Context, queue

KEY = "aB3" * 21 + "z"
EVENT = json.dumps({"id": "l-1:7:AccessRevoked", "type": "AccessRevoked", "customerIdentifier": "l-1"})
QUEUE = "https://queues/webhooks.fifo"


@dataclass
class Visible:
    """SQS, as far as it is told when a message comes again. fails: whether it does not answer."""

    waits: list[int] = field(default_factory=list)
    fails: bool = False

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:
        assert (QueueUrl, ReceiptHandle) == (QUEUE, "r")
        if self.fails:
            raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": ""}}, "ChangeMessageVisibility")
        self.waits.append(VisibilityTimeout)


@dataclass
class Sending:
    """The function with its receiver, its secret and its queue."""

    receiver: LocalReceiver
    secret: Secret
    visible: Visible

    def send(self, body: str = EVENT, *, receives: int = 1) -> Any:
        event = queue(body)
        event["Records"][0]["attributes"] |= {"ApproximateReceiveCount": str(receives), "MessageGroupId": "l-1"}
        return send_webhooks.handler(event, Context())


@pytest.fixture
def sending(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sending]:
    """On a laptop: any address may receive."""
    secret, visible = Secret(labels={"AWSCURRENT": KEY}), Visible()
    with receiving() as receiver:
        settings = {
            "WEBHOOK_URL": receiver.url,
            "WEBHOOK_SECRET_ARN": secret.arn,
            "WEBHOOK_QUEUE_URL": QUEUE,
            "WEBHOOK_ADDRESSES": "any",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(SigningKeys, "connect", lambda arn: SigningKeys(secret, arn))
        monkeypatch.setattr("runtime.aws.client", lambda _: visible)
        send_webhooks.parts.cache_clear()
        yield Sending(receiver, secret, visible)
