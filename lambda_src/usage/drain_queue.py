"""Usage from the queue: the same recording as by the API, with somewhere to go for what cannot be recorded.

Recorded (or recorded before) → done. ``refused`` → the refused-usage queue, with its reason. ``retry_later`` → the
waiting queue, and from there here again for a day, then refused with the last reason: one inactive customer does not
hide the others. ``busy`` is no verdict on an event but the moment's: the message fails and comes again, in its group's
order, since more writers at once are what made it busy.

**At least once.** The order is: record, send what waits, send what is refused, and only then is the message deleted
(by Lambda, when the function has answered). A crash between any two of these leaves the message, which comes again:

- what was recorded is found by its id and is a duplicate then, whose counters are not touched again;
- what was sent on is sent on once more. Two copies of a waiting event are two attempts to record one id: the second
  finds the first. Two copies of a refusal are one too many for people to read; sent again, they count once.

So nothing is lost, and nothing is recorded twice. Nothing goes round for ever either: waiting ends after a day, a body
that cannot be read goes to the refused usage at once, and a message that fails time and again to the dead letters.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from marketplace.dimensions import Dimension
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

#: how long an event waits for its customer to become active, in seconds
PATIENCE = 24 * 3600
#: how long a void waits for the event that it takes back: a waiting event is tried again every 15 minutes
VOID_PATIENCE = 3600


class Busy(Exception):
    """A customer's usage cannot be recorded just now; the message has to come again."""


class Outbox(NamedTuple):
    """A queue that is sent to."""

    sqs: "SQSClient"
    url: str

    def send(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body)


@dataclass(frozen=True, kw_only=True)
class Drained:
    """What was sent on of one message: numbers of events. ``fault``: the code, where the body could not be read."""

    refused: int = 0
    waiting: int = 0
    gave_up: int = 0
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class Drain:
    """``tell``: is told all verdicts on a message's events as soon as they are known, whatever happens to the message
    then. ``waiting``, ``refused``: where events go that are not recorded."""

    dimensions: Mapping[str, Dimension]
    reporters: Reporters
    stores: Stores
    clock: Clock
    tell: Callable[[Sequence[Answer]], None]
    waiting: Outbox
    refused: Outbox

    def take(self, body: str, *, message_id: str, sender: str | None, has_waited: bool) -> Drained:
        """Record a message's events and send the others on; when this returns, the message may be deleted.

        sender: as SQS says it. has_waited: it comes from the waiting queue, whose messages are our own: they alone are
        believed how long they have waited, and who has sent their events. Raises Busy, Contended, and
        whatever the tables and queues raise: the message then has to come again.
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
        answers = report_usage(request["events"], self.dimensions, self.stores, self.clock, rights)
        self.tell(answers)
        if any(verdict.reason == "busy" for _, verdict in answers):
            # before anything is sent on: what is refused would be so again each time
            raise Busy("usage of this message cannot be recorded just now")
        judged = [Judged(event, verdict) for event, (_, verdict) in zip(request["events"], answers, strict=True)]
        # an event that waits may be behind what takes it back: queues keep no order between each other
        overtaken = now - since < VOID_PATIENCE
        early = [each for each in judged if _comes_again(each.verdict, overtaken)]
        gave_up = early if now - since >= PATIENCE else []
        refused = [each for each in judged if each.verdict.verdict == "refused" and each not in early] + gave_up
        waits = [] if gave_up else early
        for message in waiting_messages(waits, since, sender):
            self.waiting.send(message)
        self._refuse(body, refused, message_id, now)
        return Drained(refused=len(refused) - len(gave_up), waiting=len(waits), gave_up=len(gave_up))

    def _refuse(self, body: str, refused: list[Judged], message_id: str, now: float) -> None:
        try:
            messages = list(refused_messages(refused, message_id=message_id, now=now))
        except RecursionError:
            # the whole message then: what of it was recorded is known by its ids
            messages = [unreadable_message(body, refusals_of(refused), message_id=message_id, now=now)]
        for message in messages:
            self.refused.send(message)


def _comes_again(verdict: Verdict, overtaken: bool) -> bool:
    """overtaken: what a void names may still be on its way."""
    return verdict.verdict == "retry_later" or (overtaken and verdict.reason == "unknown_event")
