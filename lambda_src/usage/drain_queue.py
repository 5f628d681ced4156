"""Usage from the queue, recorded as by the API; events that are not recorded are sent on to another queue.

- Recorded, or recorded before: done.
- ``refused``: to the refused-usage queue, with its reason.
- ``retry_later``: to the waiting queue, from which it comes back here for a day; then it is refused with the last
  reason. So one inactive customer does not hold up the others.
- ``busy`` says nothing about the event. The message fails and comes again, in its group's order, since more writers at
  once are what made the customer busy.

**At least once.** The function records, sends the waiting events, sends the refused ones, and only then answers, upon
which Lambda deletes the message. After a crash in between the message comes again:

- the recorded events are found by their ids; they are duplicates then, and no counter changes;
- the others are sent on once more. Two copies of a waiting event are two attempts to record one id, of which the
  second finds the first. Two copies of a refusal are one too many to read; sent again, they count once.

So nothing is lost or recorded twice, and nothing circulates for ever: waiting ends after a day, a body that cannot be
read is refused at once, and a message that keeps failing becomes a dead letter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from marketplace.products import Products
from runtime.api_error import ApiError
from runtime.clock import Clock
from usage.queue_message import (
    Judged,
    refusals_of,
    refused_messages,
    unreadable_message,
    waiting_messages,
    waiting_since,
)
from usage.report_usage import Answer, report_usage
from usage.reporters import Reporters
from usage.request import read_body
from usage.stores import Stores
from usage.verdict import Verdict

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

#: Seconds that an event waits for its customer to become active.
PATIENCE = 24 * 3600
#: Seconds that a void waits for the event that it takes back; a waiting event is tried again every 15 minutes.
VOID_PATIENCE = 3600


class Busy(Exception):
    """A customer's usage cannot be recorded at the moment; the message has to come again."""


class Outbox(NamedTuple):
    """A queue to which the function sends."""

    sqs: "SQSClient"
    url: str

    def send(self, body: str) -> None:
        """Send one message with this body. Raises botocore's errors."""
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body)


@dataclass(frozen=True, kw_only=True)
class Drained:
    """What became of one message: the numbers of its events that were sent on. fault: the code, where the body could
    not be read."""

    refused: int = 0
    waiting: int = 0
    gave_up: int = 0
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class Drain:
    """Records queued usage.

    report: called with the verdicts on a message's events at once, whatever happens to the message later.

    waiting, refused: the queues for events that are not recorded.
    """

    products: Products
    reporters: Reporters
    stores: Stores
    clock: Clock
    report: Callable[[Sequence[Answer]], None]
    waiting: Outbox
    refused: Outbox

    def take(self, body: str, *, message_id: str, sender: str | None, has_waited: bool) -> Drained:
        """Record a message's events and send the others on; when this returns, the message may be deleted.

        sender: SQS's SenderId, or OWN_CONNECTOR. has_waited: the message comes from the waiting queue. Only these
        messages, which are our own, may state how long they have waited and which sender reported their events. Raises
        Busy, Contended, and the errors of tables and queues; then the message has to come again.
        """
        try:
            request = read_body(body)
        except ApiError as fault:
            why = {"reason": fault.code, "message": fault.message}
            self.refused.send(unreadable_message(body, [why], message_id=message_id, now=self.clock()))
            return Drained(fault=fault.code)
        now = self.clock()
        since = waiting_since(request, now) if has_waited else now
        if has_waited:
            sender = request.get("sender")
        rights = self.reporters.of_sender(sender)
        answers = report_usage(request["events"], self.products, self.stores, self.clock, rights)
        self.report(answers)
        if any(verdict.reason == "busy" for _, verdict in answers):
            # This comes before anything is sent on, because a refusal would be sent again each time.
            raise Busy("usage of this message cannot be recorded at the moment")
        judged = [Judged(event, verdict) for event, (_, verdict) in zip(request["events"], answers, strict=True)]
        # A void may overtake its event, which waits: the two queues keep no order between each other.
        may_be_early = now - since < VOID_PATIENCE
        early = [each for each in judged if _comes_again(each.verdict, may_be_early)]
        gave_up = early if now - since >= PATIENCE else []
        refused = [each for each in judged if each.verdict.verdict == "refused" and each not in early] + gave_up
        waits = [] if gave_up else early
        for message in waiting_messages(waits, since, sender):
            self.waiting.send(message)
        self._refuse(body, refused, message_id, now, sender)
        return Drained(refused=len(refused) - len(gave_up), waiting=len(waits), gave_up=len(gave_up))

    def _refuse(self, body: str, refused: list[Judged], message_id: str, now: float, sender: str | None) -> None:
        try:
            messages = list(refused_messages(refused, message_id=message_id, now=now, sender=sender))
        except RecursionError:
            # Send the whole message then: the ids tell which of its events were recorded.
            messages = [unreadable_message(body, refusals_of(refused), message_id=message_id, now=now)]
        for message in messages:
            self.refused.send(message)


def _comes_again(verdict: Verdict, may_be_early: bool) -> bool:
    """Whether the event has to be tried again. may_be_early: the event that a void names may still come."""
    return verdict.verdict == "retry_later" or (may_be_early and verdict.reason == "unknown_event")
