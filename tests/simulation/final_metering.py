"""Final metering as it runs on AWS: the stream starts executions by name, and an hourly check restarts missing ones."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ledger.subscriber import from_item
from ledger.tables import FINAL_METERING_STATUSES
from metering.final.find_final_hours import find_final_hours
from metering.final.refuse_usage import refuse_usage
from metering.final.start_final_metering import Starter, restart_missing
from metering.send.plan_batches import plan_batches
from tests.simulation.actors import Actor
from tests.simulation.faults import Crash, client_error
from tests.simulation.store import Item

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

    from tests.simulation.protocol import Protocol

#: The workflow's own limits: faults of an execution, and seconds after each.
FAULTS, AFTER_FAULT = 30, 60.0
ARN = "final"
T = TypeVar("T")


@dataclass
class FinalMeterings:
    """Step Functions and the table's stream, as far as final metering uses them.

    stream: images of cancelled customers that the function on the stream has not taken yet.
    executions: the actor of each execution, by the execution's name.
    """

    world: "Protocol"
    executions: dict[str, Actor] = field(default_factory=dict)
    stream: list[Item] = field(default_factory=list)

    def changed(self, new: Item) -> None:
        """Take a subscriber's new item into the stream, whose filter passes cancelled customers only."""
        if new.get("subscriptionStatus") in FINAL_METERING_STATUSES:
            self.stream.append(new)

    @property
    def starter(self) -> Starter:
        return Starter(cast("SFNClient", self), ARN)

    def streamed(self) -> Actor | None:
        """An actor that starts the oldest image's execution and then removes the image; None for an empty stream."""
        if not self.stream:
            return None
        image = self.stream[0]

        def work() -> None:
            self.starter.start(from_item(image))
            self.stream[:] = [other for other in self.stream if other is not image]

        return self.world.scheduler.spawn("streamer", work)

    def caretaker(self) -> Actor:
        """An actor that restarts missing executions, as the hourly check does."""
        world = self.world
        return world.scheduler.spawn(
            "caretaker",
            lambda: restart_missing(world.subscribers, self.starter, self.starter.running(ARN), world.clock()),
        )

    # --- what the code uses of Step Functions -------------------------------------------------------------------------

    def start_execution(self, *, name: str, input: str, **_machine: str) -> dict[str, Any]:
        def effect() -> dict[str, Any]:
            if name in self.executions:
                raise client_error("ExecutionAlreadyExists", 400, "StartExecution")
            given = json.loads(input)
            execution = Execution(self.world, given["customerIdentifier"], int(given["periodEnd"]), name)
            actor = self.executions[name] = self.world.scheduler.spawn("final", execution.work)
            actor.mode = self.world.mode
            return {"executionArn": f"{ARN}:{name}"}

        answer: dict[str, Any] = self.world.scheduler.around("StartExecution", effect)
        return answer

    def get_paginator(self, _name: str) -> "FinalMeterings":
        return self

    def paginate(self, **_filter: Any) -> list[dict[str, Any]]:
        def effect() -> list[dict[str, Any]]:
            running = [name for name, actor in self.executions.items() if not actor.done]
            return [{"executions": [{"name": name} for name in running]}]

        pages: list[dict[str, Any]] = self.world.scheduler.around("ListExecutions", effect)
        return pages


class Execution:
    """One execution. A function that crashes fails its state; the machine waits a minute and reads the hours again."""

    def __init__(self, world: "Protocol", customer: str, end: int, name: str) -> None:
        self._world = world
        self._customer = customer
        self._end = end
        self._name = name
        self._submitter = world.submitter
        self._sealer = world.sealer
        self._ender = world.ender
        self._mode = world.metering_mode
        self._sent = False

    def work(self) -> None:
        faults = 0
        self._begin_round()
        while True:
            try:
                if self._step():
                    self._end_round(None)
                    return
            except (Exception, Crash):
                faults += 1
                if faults >= FAULTS:
                    raise
                self._sent = False
                self._world.wait(self._world.now + AFTER_FAULT)
                self._begin_round()

    def _begin_round(self) -> None:
        """Report to the watcher that a round begins; it lasts from one wait to the next."""
        self._world.watcher.round_begins(self._customer, self._end)

    def _end_round(self, until: float | None) -> None:
        self._world.watcher.round_is_over(self._customer, self._end, until)

    def _step(self) -> bool:
        """One round of the machine; True at its end."""
        world = self._world
        step = find_final_hours(
            self._customer, self._end, world.records, world.subscribers, now=world.clock(), sent=self._sent
        )
        if step.name == "done":
            return True
        if step.name == "wait":
            self._sent = False
            self._end_round(step.until)
            world.wait(cast(float, step.until))
            self._begin_round()
        elif step.name == "refuse":
            refuse_usage(self._customer, self._end, world.subscribers, now=world.clock())
        elif step.name == "send":
            self._send([*step.hours, *step.unsendable], list(step.hours))
            self._sent = True
        else:
            self._sent = False
            return self._ender.end_subscription(self._customer, self._end) == "ended"
        return False

    def _send(self, seal: list[tuple[str, int]], hours: list[tuple[str, int]]) -> None:
        world = self._world
        self._sealer.seal_hours(seal)
        paused = world.pauses.read()
        batches, _left = plan_batches(hours, world.records, world.subscribers, world.clock(), self._mode, paused=paused)
        for batch in batches:
            _left_pending(partial(self._submitter.submit, batch, self._name))


def _left_pending(work: Callable[[], T]) -> T | None:
    """The work's result, or None if it failed: its lines stay pending, and the next round sends them again."""
    try:
        return work()
    except (Exception, Crash):
        return None
