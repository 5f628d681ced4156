"""Sends what was committed to the stage's queues."""

from typing import TYPE_CHECKING, Any

from runtime.telemetry import traced
from yawl.state.ports import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


class SqsSender:
    """A Sender. Raises botocore's errors."""

    def __init__(self, sqs: "SQSClient", usage_url: str, unattributed_url: str) -> None:
        """usage_url: a FIFO queue, so that one customer's usage is recorded by one function at a time."""
        self._sqs = sqs
        self._urls = {"usage": usage_url, "unattributed": unattributed_url}

    def send(self, message: Message, deduplication_id: str) -> None:
        group: dict[str, Any] = {}
        if message.customer is not None:
            # SQS forgets a deduplication id after five minutes; ``POST /usage`` counts an event's id once all the same.
            group = {"MessageGroupId": message.customer, "MessageDeduplicationId": deduplication_id}
        self._sqs.send_message(QueueUrl=self._urls[message.queue], MessageBody=message.body, **group, **traced())
