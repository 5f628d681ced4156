"""Usage without a customer is tried again with the stage as it is now.

A message of the queue is read more than once (SQS delivers at least once, a function may crash, the stage may change in
between), and an event id is one event of one customer only. So the customer is decided once: a mark of the message is
committed together with what is sent because of it. Whoever reads the message again finds the mark.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from runtime.clock import Clock
from yawl.engine import Engine
from yawl.reconcile import outbox
from yawl.reconcile.plan import usage_messages
from yawl.start import Specification, Start, customer_of
from yawl.state.ports import Change, EngineState, Overtaken, Sender

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

#: Seconds for which a mark is kept: longer than a message and its copies can be on the way.
KEPT = 60 * 86_400
#: Seconds for which a message that was read is not read again.
HIDDEN = 900
#: Messages that one round takes, and rounds of one call.
AT_ONCE = 10
ROUNDS = 100
#: Seconds after which a message is sent anew, so that it does not end: SQS keeps it for 14 days.
RENEWED_AFTER = 12 * 86_400

#: ``attributed``: its usage is on the way. ``waits``: no customer yet. ``unreadable``: not a message of ours.
Outcome = Literal["attributed", "waits", "unreadable"]


@dataclass(frozen=True, kw_only=True)
class LateAttribution:
    """Looks through the queue of unattributed usage.

    engines: the stage's engine of an id, now. states: the store of an engine's database (``Engine.database``).
    """

    sqs: "SQSClient"
    url: str
    engines: Callable[[str], Engine | None]
    states: Callable[[str], EngineState]
    sender: Sender
    clock: Clock

    def look_through(self) -> dict[str, int]:
        """Try every message that is visible once. Returns how many had which outcome. Raises the errors of queue and
        store; a repetition is safe at every point."""
        counted: dict[str, int] = {"attributed": 0, "waits": 0, "unreadable": 0}
        for _ in range(ROUNDS):
            answer = self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=AT_ONCE,
                VisibilityTimeout=HIDDEN,
                MessageSystemAttributeNames=["SentTimestamp"],
            )
            messages = answer.get("Messages", [])
            for message in messages:
                outcome = self.attribute(message["Body"])
                counted[outcome] += 1
                if outcome == "attributed" or self._renewed(message):
                    self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            if not messages:
                break
        return counted

    def attribute(self, body: str) -> Outcome:
        """Commit and send the usage of one message if its customer can be found now."""
        read = _read(body)
        if read is None:
            return "unreadable"
        events, start, engine_id, database = read
        state = self.states(database)
        mark = f"attributed#{hashlib.sha256(events[0]['id'].encode()).hexdigest()[:32]}"
        if not state.marked([mark]):
            engine = self.engines(engine_id)
            customer = customer_of(start, engine) if engine is not None else None
            if customer is None:
                return "waits"
            messages = usage_messages(customer, [{**event, "customerIdentifier": customer} for event in events])
            try:
                state.commit(Change(marks={mark: int(self.clock()) + KEPT}, messages=tuple(messages)))
            except Overtaken:
                # Another one has decided, or was in the way: the message comes again.
                return "waits"
        outbox.send_all(state, self.sender)
        return "attributed"

    def _renewed(self, message: "MessageTypeDef") -> bool:
        """Whether the message was so old that a copy of it was sent; the copy counts as the message from now on."""
        sent_at = int(message.get("Attributes", {}).get("SentTimestamp", self.clock() * 1000)) / 1000
        if self.clock() - sent_at < RENEWED_AFTER:
            return False
        self.sqs.send_message(QueueUrl=self.url, MessageBody=message["Body"])
        return True


def _read(body: str) -> tuple[list[dict[str, Any]], Start, str, str] | None:
    """Events, what an attribution looks at, the engine's id and its database; None for another message. Pure."""
    try:
        message: Mapping[str, Any] = json.loads(body)
        named = message["specification"]
        start = Start(
            case_id="",
            number=1,
            at_ms=0,
            launched_by=message["launchedBy"],
            specification=Specification(**named) if named is not None else None,
        )
        events = list(message["events"])
        if not all(isinstance(event["id"], str) for event in events) or not events:
            return None
        return events, start, str(message["engine"]), f"{message['engine']}#{int(message['epoch'])}"
    except (KeyError, TypeError, ValueError):
        return None
