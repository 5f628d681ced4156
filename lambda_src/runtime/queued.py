"""Messages of an SQS trigger, one by one: what failed is named and comes again, then goes to the dead letters.

Source: Lambda guide, "Reporting batch item failures for Lambda functions with an Amazon SQS trigger". Powertools' batch
processor does the same with asyncio and every event's data class behind it, which costs half a cold start of our own.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Message(NamedTuple):
    """sent_ms: when it was sent to the queue, in milliseconds since the epoch."""

    id: str
    body: str
    sent_ms: int


def each_message(event: Mapping[str, Any], handle: Callable[[Message], object]) -> dict[str, Any]:
    """Handle every message of a standard queue's batch; the answer names those whose handling raised.

    ``handle`` logs what went wrong: nothing is logged here, where nobody knows what a message may say.
    """
    failed = []
    for record in event["Records"]:
        message = Message(record["messageId"], record["body"], int(record["attributes"]["SentTimestamp"]))
        try:
            handle(message)
        except Exception:
            failed.append({"itemIdentifier": message.id})
    return {"batchItemFailures": failed}
