"""Actors that run one at a time and stop before every effect, so that a schedule decides who goes next and what breaks.

An actor is a thread that holds the baton from one effect (a DynamoDB call, a call of Marketplace) to the next. Nothing
else about it is simulated: it runs the project's code.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.properties.direct_marketplace import client_error

#: what may happen at an effect; see ``_Faults``
FAULTS = ("crash_before", "crash_after", "lost", "unreachable", "throttled", "twice", "lagging", "failed_after")


#: the effects that change something
WRITES = ("UpdateItem", "TransactWriteItems", "BatchMeterUsage")


class Crash(BaseException):
    """The process is gone: no ``except Exception`` of the code may see it."""


@dataclass
class Actor:
    """``error``: what ended it, None if it returned. ``point``: the effect before which it stands."""

    name: str
    work: Callable[[], None]
    skew: float = 0.0
    point: str = "start"
    done: bool = False
    error: BaseException | None = None
    fault: str | None = None
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    thread: threading.Thread | None = None


class Scheduler:
    """Runs actors effect by effect."""

    def __init__(self) -> None:
        self.actors: list[Actor] = []
        self._main = threading.Semaphore(0)
        self._here = threading.local()

    @property
    def alive(self) -> list[Actor]:
        return [actor for actor in self.actors if not actor.done]

    @property
    def skew(self) -> float:
        """How far the clock of the actor that runs now is ahead."""
        actor = self._actor()
        return actor.skew if actor else 0.0

    def spawn(self, name: str, work: Callable[[], None], skew: float = 0.0) -> Actor:
        """A new actor, standing before its first step."""
        actor = Actor(name, work, skew)
        actor.thread = threading.Thread(target=self._live, args=(actor,), daemon=True)
        self.actors.append(actor)
        actor.thread.start()
        return actor

    def step(self, actor: Actor, fault: str | None = None) -> None:
        """Let an actor do the effect before which it stands, and go on to the next one."""
        actor.fault = fault
        actor.go.release()
        self._main.acquire()

    def run(self, actor: Actor, effects: int | None = None, *, writes: bool = False, fault: str | None = None) -> None:
        """Let an actor do so many effects (None: all), or writes, and have the fault strike its next write."""
        done = 0
        while not actor.done and (effects is None or done < effects or actor.point == "start"):
            done += not writes or actor.point in WRITES
            self.step(actor)
        if writes:  # up to, not into, the next write: what it read before may be stale when it goes on
            self._until(actor, WRITES)
        if fault is not None:
            self._until(actor, ("IndexQuery",) if fault == "lagging" else WRITES)
            if not actor.done:
                self.step(actor, fault)

    def _until(self, actor: Actor, points: Sequence[str]) -> None:
        while not actor.done and actor.point not in points:
            self.step(actor)

    def end_all(self, *, finish: bool) -> None:
        """Let every actor finish, or die where it stands."""
        for actor in self.alive:
            while not actor.done:
                self.step(actor, None if finish else "crash_before")

    def around(self, name: str, effect: Callable[[], Any]) -> Any:
        """An effect of whoever runs now: an actor stops before it; the test itself does not."""
        actor = self._actor()
        if actor is None:
            return effect()
        actor.point = name
        self._main.release()
        actor.go.acquire()
        return _with_fault(actor.fault, name, effect)

    def _actor(self) -> Actor | None:
        return getattr(self._here, "actor", None)

    def _live(self, actor: Actor) -> None:
        self._here.actor = actor
        actor.go.acquire()
        try:
            actor.work()
        except BaseException as error:
            actor.error = error
        actor.done = True
        self._main.release()


def _with_fault(fault: str | None, name: str, effect: Callable[[], Any]) -> Any:
    """crash_*: the process dies. lost, failed_after: done, but the caller gets a timeout or a 500. unreachable: not
    done, and the caller cannot know. throttled: answered, not done. twice: the answer got lost and the SDK asked again
    (not at Marketplace, where its retries are off). lagging: an index that does not show anything yet."""
    if fault == "crash_before":
        raise Crash
    if fault == "unreachable":
        raise ReadTimeoutError(endpoint_url="simulated")
    if fault == "throttled":
        raise _throttled(name)
    if fault == "lagging" and name == "IndexQuery":
        return {"Items": []}
    answer = effect()
    if fault == "crash_after":
        raise Crash
    if fault == "lost":
        raise ReadTimeoutError(endpoint_url="simulated")
    if fault == "failed_after":
        raise client_error("InternalServiceErrorException", 500, name)
    # a transaction carries a token by which DynamoDB knows its repetition
    return effect() if fault == "twice" and name == "UpdateItem" else answer


def _throttled(name: str) -> ClientError:
    if name == "BatchMeterUsage":
        return client_error("ThrottlingException", 400, name)
    if name != "TransactWriteItems":
        return client_error("ProvisionedThroughputExceededException", 400, name)
    error = client_error("TransactionCanceledException", 400, name)
    error.response["CancellationReasons"] = [{"Code": "TransactionConflict"}]
    return error
