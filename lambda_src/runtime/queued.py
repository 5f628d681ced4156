"""Messages of a queue, and changes of a table's stream, one by one: a failed one is named to Lambda, which delivers it
again and then moves it to the dead letters.

Source: Lambda guide, "Reporting batch item failures" for Amazon SQS and for DynamoDB triggers. Powertools' batch
processor does the same with asyncio and every event's data class behind it, which costs half a cold start of our own.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from runtime.telemetry import trace_of


class Message(NamedTuple):
    """A message of a queue. sent_ms: the time at which it was sent to the queue, in milliseconds since the epoch.

    group: its message group, None where the queue is no FIFO queue. sender: the unique id of the IAM user or role that
    sent it (``AIDA…``, ``AROA…:session``), None where SQS does not give it. trace: the id of the sender's trace.
    receives: how often it was received, this time included. receipt: what names this receiving to SQS.
    """

    id: str
    body: str
    sent_ms: int
    queue_arn: str
    group: str | None = None
    sender: str | None = None
    trace: str | None = None
    receives: int = 1
    receipt: str = ""


def each_message(event: Mapping[str, Any], handle: Callable[[Message], object]) -> dict[str, Any]:
    """Handle every message of a batch; the answer names those whose handling raised.

    Behind one that failed the others of its group are named too, unhandled: a FIFO queue keeps their order.
    ``handle`` logs what went wrong. Nothing is logged here, because a message may hold personal data.
    """
    failed: list[Message] = []
    for message in map(_message, event["Records"]):
        if message.group is not None and any(other.group == message.group for other in failed):
            failed.append(message)
            continue
        try:
            handle(message)
        except Exception:
            failed.append(message)
    return {"batchItemFailures": [{"itemIdentifier": message.id} for message in failed]}


def each_change(event: Mapping[str, Any], handle: Callable[[Mapping[str, Any]], object]) -> dict[str, Any]:
    """Handle every change of a table's stream (``StreamRecord``); the answer names those whose handling raised.

    Behind one that failed the others of its item are named too, unhandled: a stream keeps their order.
    """
    failed: list[Mapping[str, Any]] = []
    for record in event["Records"]:
        change = record["dynamodb"]
        if any(other["Keys"] == change["Keys"] for other in failed):
            failed.append(change)
            continue
        try:
            handle(change)
        except Exception:
            failed.append(change)
    return {"batchItemFailures": [{"itemIdentifier": change["SequenceNumber"]} for change in failed]}


def _message(record: Mapping[str, Any]) -> Message:
    attributes = record["attributes"]
    return Message(
        id=record["messageId"],
        body=record["body"],
        sent_ms=int(attributes["SentTimestamp"]),
        queue_arn=record.get("eventSourceARN", ""),
        group=attributes.get("MessageGroupId"),
        sender=attributes.get("SenderId"),
        trace=trace_of(attributes.get("AWSTraceHeader", "")),
        receives=int(attributes.get("ApproximateReceiveCount", 1)),
        receipt=record.get("receiptHandle", ""),
    )
