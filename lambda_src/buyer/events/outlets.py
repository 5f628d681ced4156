"""Where events go: the bus of the stage, and the FIFO queues of the app and of the webhook.

A bus and a rule deliver each event at least once and in no promised order (EventBridge User Guide, "Event delivery"). A
FIFO queue keeps the order of a message group, which is the customer, and drops a repeat that comes within five minutes
(SQS Developer Guide, "FIFO queue and message group ID").
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from buyer.events.event import SOURCE, Event
from runtime import aws

#: EventBridge takes so many entries a request (API reference, PutEvents).
_MOST_ENTRIES = 10


class NotTold(RuntimeError):
    """The bus refused events; the same change tells them again."""


@dataclass(frozen=True)
class Outlets:
    """The bus by its name, and the queues by their URLs."""

    bus: Any
    queue: Any
    bus_name: str
    queue_urls: Sequence[str] = ()

    @classmethod
    def connect(cls, bus_name: str, queue_urls: Sequence[str]) -> Self:
        """Outlets that AWS's services are called for with the function's own credentials."""
        return cls(aws.client("events"), aws.client("sqs"), bus_name, queue_urls)

    def send(self, events: Sequence[Event]) -> None:
        """Send the events of one change, in their order. Raises NotTold and botocore's errors; then all of them are
        sent again, and consumers know the repeats by their ids."""
        for url in self.queue_urls:
            for event in events:
                self.queue.send_message(
                    QueueUrl=url,
                    MessageBody=event.to_json(),
                    MessageGroupId=event.customer_identifier,
                    # An id may be longer than SQS takes.
                    MessageDeduplicationId=hashlib.sha256(event.id.encode()).hexdigest(),
                )
        for first in range(0, len(events), _MOST_ENTRIES):
            entries = [self._entry(event) for event in events[first : first + _MOST_ENTRIES]]
            answer = self.bus.put_events(Entries=entries)
            if answer["FailedEntryCount"]:
                codes = sorted({entry["ErrorCode"] for entry in answer["Entries"] if "ErrorCode" in entry})
                raise NotTold(f"the bus refused events: {', '.join(codes)}")

    def _entry(self, event: Event) -> dict[str, str]:
        return {
            "EventBusName": self.bus_name,
            "Source": SOURCE,
            "DetailType": event.name,
            "Detail": event.to_json(),
        }
