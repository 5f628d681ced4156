"""The queue's door over a world: moto's queues, and what Lambda does with them. A call may be the last one."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from ledger.transaction import write
from runtime.clock import from_iso
from tests.scenarios.world import World
from usage import void_event, write_part
from usage.drain_queue import Drain, Drained, Outbox
from usage.reporters import Reporters

Message = dict[str, Any]


class Crash(BaseException):
    """The function's process is gone: nothing catches this."""


@dataclass
class Effects:
    """Everything the door does to the outside, counted; after number ``last`` (from 1) the process is gone."""

    last: int | None = None
    done: list[str] = field(default_factory=list)

    def happened(self, what: str) -> None:
        self.done.append(what)
        if len(self.done) == self.last:
            raise Crash


class Sending:
    """An SQS client whose sends are effects."""

    def __init__(self, sqs: Any, effects: Effects) -> None:
        self._sqs = sqs
        self._effects = effects

    def send_message(self, **request: Any) -> Any:
        answer = self._sqs.send_message(**request)
        self._effects.happened(request["QueueUrl"].rsplit("-", 1)[-1])
        return answer


class QueueDoor:
    """``pump`` stands for Lambda: it receives, calls, and deletes what did not fail. Queues do not delay here."""

    def __init__(self, world: World, sqs: Any, monkeypatch: Any) -> None:
        self.world = world
        self.sqs = sqs
        fifo: Any = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "0"}
        own = uuid.uuid4().hex
        self.usage = self.sqs.create_queue(QueueName=f"{own}-usage.fifo", Attributes=fifo)["QueueUrl"]
        self.waiting, self.refused = (
            self.sqs.create_queue(QueueName=f"{own}-{name}", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
            for name in ("waiting", "refused")
        )
        self.effects = Effects()
        self.reporters = Reporters()

        def recorded(client: Any, operations: Any) -> None:
            write(client, operations)
            self.effects.happened("recorded")

        monkeypatch.setattr(write_part, "write", recorded)
        monkeypatch.setattr(void_event, "write", recorded)

    def send(self, customer: str, *events: Message) -> None:
        """As the client sends."""
        body = json.dumps({"events": list(events)})
        self.sqs.send_message(QueueUrl=self.usage, MessageBody=body, MessageGroupId=customer)

    def pump(self, *, crash_after: int | None = None) -> list[str]:
        """Each message of the usage queue and of the waiting queue once; the effects, in their order."""
        self.effects = Effects(crash_after)
        for url in (self.usage, self.waiting):
            for message in self.messages(url):
                try:
                    self.take(message["Body"], message_id=message["MessageId"], has_waited=url == self.waiting)
                except Exception:
                    continue
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                self.effects.happened("deleted")
        return self.effects.done

    def take(self, body: str, *, message_id: str = "m", sender: str | None = None, has_waited: bool = False) -> Drained:
        sending: Any = Sending(self.sqs, self.effects)
        drain = Drain(
            products=self.world.products,
            reporters=self.reporters,
            stores=self.world.stores,
            clock=lambda: self.world.now,
            report=lambda _: None,
            waiting=Outbox(sending, self.waiting),
            refused=Outbox(sending, self.refused),
        )
        return drain.take(body, message_id=message_id, sender=sender, has_waited=has_waited)

    def lying(self, url: str) -> list[Message]:
        """The bodies in a queue, which stay there."""
        return [json.loads(message["Body"]) for message in self.messages(url)]

    def waiting_ids(self) -> list[str]:
        return [event["id"] for body in self.lying(self.waiting) for event in body["events"]]

    def refusals(self) -> list[tuple[str, str]]:
        """Ids and reasons of all refused events."""
        return [
            (refusal["id"], refusal["reason"])
            for body in self.lying(self.refused)
            for _event, refusal in zip(body["events"], body["refusals"], strict=True)
        ]

    def waits_since(self) -> list[float]:
        return [from_iso(body["waitingSince"]) for body in self.lying(self.waiting)]

    def messages(self, url: str) -> list[Message]:
        """All that lie there, as SQS hands them out."""
        found: dict[str, Message] = {}
        while True:
            page = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            new = {message["MessageId"]: message for message in page if message["MessageId"] not in found}
            if not new:
                return list(found.values())
            found |= new
