"""The engine, the connector and the recorder in one world: what polls, sends, records, attributes, and is announced."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any

from ledger import tables
from runtime.metric_names import YawlMetric
from tests.simulation.actors import Actor
from tests.simulation.engine.model import FaultyLog, Model
from tests.simulation.protocol import Protocol
from usage.report_usage import report_usage
from yawl.announced_start import AnnouncedStart
from yawl.engine import Engine
from yawl.gateway.notes import Notes
from yawl.reconcile import assembly
from yawl.reconcile.attribute_later import LateAttribution
from yawl.state.dynamodb import DynamoDBState
from yawl.state.ports import Message

#: Seconds after which Lambda ends a function.
READS_FOR, ANSWERS_FOR = 300.0, 15.0


@dataclass
class Queued:
    """A message in a queue, with the moment since when it is there."""

    message: Message
    sent_at: float


@dataclass
class EngineWorld:
    """protocol: the recorder's world. queue, unattributed: what SQS holds. refused: events that were refused for good.

    unnamed: customers that the stage file lacks as yet, by the name that the engine's strategy looks at. named:
    those of every stage file so far. began: when an actor did. delivers_again: whether a deleted message may come
    again.
    """

    protocol: Protocol
    model: Model
    engine: Engine
    chance: Random
    queue: list[Queued] = field(default_factory=list)
    unattributed: list[Queued] = field(default_factory=list)
    refused: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    counted: Counter[YawlMetric] = field(default_factory=Counter)
    polled: list[Any] = field(default_factory=list)
    log_calls: int = 0
    unnamed: dict[str, str] = field(default_factory=dict)
    named: list[Mapping[str, str]] = field(default_factory=list)
    began: dict[tuple[str, int], float] = field(default_factory=dict)
    delivers_again: bool = True

    @property
    def scheduler(self) -> Any:
        return self.protocol.scheduler

    @property
    def now(self) -> float:
        return self.protocol.now

    def state(self, database: str) -> DynamoDBState:
        return DynamoDBState(self.protocol.dynamodb, tables.ENGINES.name, database, self.protocol.clock)

    def states(self) -> list[DynamoDBState]:
        return [self.state(f"{self.engine.id}#{epoch}") for epoch in range(self.engine.epoch, 0, -1)]

    # --- what sends ---------------------------------------------------------------------------------------------------

    def send(self, message: Message, deduplication_id: str) -> None:
        """The Sender of the connector."""
        assert deduplication_id
        queue = self.queue if message.queue == "usage" else self.unattributed
        self.scheduler.around("SendMessage", lambda: queue.append(Queued(message, self.now)))

    # --- actors -------------------------------------------------------------------------------------------------------

    def poller(self, skew: float = 0.0) -> Actor:
        """One reading of the engine, as the stage describes it now."""
        engine = self.engine
        log = FaultyLog(self.model, self.scheduler.around, lambda: self.now, self.now)
        state, *older = self.states()

        def count(metric: YawlMetric, number: int) -> None:
            self.counted[metric] += number

        def work() -> None:
            poll = assembly.poll(
                engine, state, self, lambda _engine: (log, log), self.protocol.clock, count, older=older
            )
            try:
                self.polled.append(poll.run())
            finally:
                self.log_calls += log.calls

        return self._spawn("poller", work, skew)

    def gateway(self, start: AnnouncedStart) -> Actor:
        """One announcement of a case's start."""
        notes = Notes(self.protocol.dynamodb.Table(tables.ENGINES.name))
        return self._spawn("gateway", lambda: notes.start(self.engine, start))

    def consumer(self, queued: Queued) -> Actor:
        """The function ``usage-queue`` with one message, which is deleted only if it returns."""
        world = self.protocol

        def work() -> None:
            bodies = json.loads(queued.message.body, parse_int=Decimal)["events"]
            assert 1 <= len(bodies) <= 100
            answers = report_usage(bodies, world.products, world.stores, world.clock)
            if any(verdict.verdict == "retry_later" for _, verdict in answers):
                return
            for body, (_, verdict) in zip(bodies, answers, strict=True):
                if verdict.verdict == "refused":
                    self.refused.append((body, str(verdict.reason)))
            if queued in self.queue:
                self.queue.remove(queued)

        return self._spawn("consumer", work)

    def attributor(self) -> Actor:
        """The function ``look-after-engines``, as far as it tries unattributed usage again."""
        engine = self.engine
        late = LateAttribution(
            sqs=_Quarantine(self),  # type: ignore[arg-type]  # the calls that it makes
            url="unattributed",
            engines={engine.id: engine}.get,
            states=self.state,
            sender=self,
            clock=self.protocol.clock,
        )
        return self._spawn("attributor", late.look_through)

    def _spawn(self, name: str, work: Any, skew: float = 0.0) -> Actor:
        actor: Actor = self.scheduler.spawn(name, work, skew)
        actor.seen = self.now
        actor.ready = self.now
        self.began[actor.name, id(actor)] = self.now
        return actor

    def time_out(self) -> None:
        """End what Lambda would have ended by now."""
        for actor in list(self.scheduler.alive):
            most = ANSWERS_FOR if actor.name == "gateway" else READS_FOR
            if self.now - self.began[actor.name, id(actor)] > most:
                self.scheduler.kill(actor)

    # --- people -------------------------------------------------------------------------------------------------------

    def look_at_faults(self) -> None:
        """A person finds that the database was made anew, and raises the epoch."""
        fault = self.states()[0].fault()
        if fault is not None and fault.stops:
            self.engine = replace(self.engine, epoch=self.engine.epoch + 1)


class _Quarantine:
    """SQS with the queue of unattributed usage; a message that was received may be received again."""

    def __init__(self, world: EngineWorld) -> None:
        self._world = world
        self._given: list[Queued] = []

    def receive_message(self, **_request: Any) -> dict[str, Any]:
        def effect() -> dict[str, Any]:
            left = [each for each in self._world.unattributed if each not in self._given][:10]
            self._given += left
            return {
                "Messages": [
                    {
                        "Body": each.message.body,
                        "ReceiptHandle": each,
                        "Attributes": {"SentTimestamp": str(int(each.sent_at * 1000))},
                    }
                    for each in left
                ]
            }

        answer: dict[str, Any] = self._world.scheduler.around("ReceiveMessage", effect)
        return answer

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: Queued) -> None:
        def effect() -> None:
            # A standard queue may deliver a message again although it was deleted.
            comes_again = self._world.delivers_again and self._world.chance.random() < 0.3
            if ReceiptHandle in self._world.unattributed and not comes_again:
                self._world.unattributed.remove(ReceiptHandle)

        self._world.scheduler.around("DeleteMessage", effect)

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:
        message = Message("unattributed", None, MessageBody)
        self._world.send(message, "renewed")
