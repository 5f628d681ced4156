"""Starts final metering of a period that has ended, from the subscribers' stream, and hands each change on.

The stream has no room for another reader (``ledger.subscriber_change``), so what the app is told begins here.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from ledger.attribute_values import from_attributes
from ledger.subscriber import from_item
from ledger.subscriber_change import to_message
from metering.final.start_final_metering import Starter
from metering.handlers.entry_point import Payload, entry_point, logger
from runtime import aws
from runtime.failure import described
from runtime.queued import each_change
from runtime.settings import StartFinalMeteringSettings


class Parts(NamedTuple):
    """What the function works with. queue: botocore's client of SQS."""

    starter: Starter
    queue: Any
    changes_url: str


@cache
def assembled() -> Parts:
    """The parts, made from the function's environment once."""
    settings = StartFinalMeteringSettings.from_env()
    starter = Starter(aws.client("stepfunctions"), settings.FINAL_METERING_ALIAS_ARN)
    return Parts(starter, aws.client("sqs"), settings.CHANGES_QUEUE_URL)


@entry_point
def handler(event: Payload) -> Payload:
    """A batch of the stream; the answer names the changes that failed. They come again, then go to the dead letters."""
    return each_change(event, _changed)


def _changed(change: Mapping[str, Any]) -> None:
    """Start first: money waits for nothing. Whatever becomes of it, the change is handed on, once more if need be."""
    if not change.get("NewImage"):
        return
    customer = change["Keys"]["customerIdentifier"]["S"]
    try:
        try:
            assembled().starter.start(from_item(from_attributes(change["NewImage"])))
        finally:
            _hand_on(customer, change)
    except Exception as error:
        logger.error("not started, or not handed on", customer=customer, **described(error))
        raise


def _hand_on(customer: str, change: Mapping[str, Any]) -> None:
    message = to_message(change)
    if message is not None:
        parts = assembled()
        parts.queue.send_message(
            QueueUrl=parts.changes_url,
            MessageBody=message,
            MessageGroupId=customer,
            MessageDeduplicationId=change["SequenceNumber"],
        )
