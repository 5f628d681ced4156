"""The hourly run as discrete events: turns that send one page, prepare the next and settle the one before.

Inputs are the workflow's own sizes, measured service times with their spread, and waits of AWS's services, which are
stated here. Nothing fails in it.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import simpy

from bench.workflow.pages import OF_A_RUN, Page, pages, transitions
from bench.workflow.service_times import MARKETPLACE_SECONDS, Step
from metering.send.pace import JITTER, QUOTA
from metering.sizes import SEAL_CONCURRENCY, SETTLE_CONCURRENCY

Process = Iterator[simpy.Event]

#: Seconds that Step Functions takes for a state with a task, and Lambda for a warm invocation, together. Stated.
STATE_SECONDS = 0.05
#: Seconds of a copy's first invocation more than of others: download, start of Python, imports. Stated.
COLD_SECONDS = 1.5
#: Seconds of a hand-over to another execution: two calls and a start. Stated.
HAND_OVER_SECONDS = 0.5


@dataclass(frozen=True)
class Settings:
    """Of a stage: calls a second, copies of the submitter, lines of an hour, MB of functions by name."""

    rate: float
    copies: int
    memory: Mapping[str, int]
    lines: int = 5


@dataclass
class Run:
    """What a run did. called: moments of the calls of Marketplace. seconds: from the start to the report. waited: for
    a page that was not prepared yet. lambda_ms: billed, by function."""

    customers: int
    settings: Settings
    called: list[float] = field(default_factory=list)
    seconds: float = 0.0
    waited: float = 0.0
    settled_last: float = 0.0
    lambda_ms: dict[str, float] = field(default_factory=dict)
    busiest: int = 0

    @property
    def share(self) -> float:
        """Of the permitted rate, from the first call to the last."""
        if len(self.called) < 2:
            return 1.0
        return (len(self.called) - 1) / (self.called[-1] - self.called[0]) / self.settings.rate

    @property
    def transitions(self) -> int:
        """State transitions of the run."""
        settings = self.settings
        return transitions(self.customers, lines=settings.lines, rate=settings.rate, copies=settings.copies)


class Model:
    """One run of so many customers. seed: of the draws from the measured service times."""

    def __init__(self, customers: int, settings: Settings, steps: Mapping[str, Step], seed: int = 1) -> None:
        self.run = Run(customers, settings)
        self._steps, self._settings = steps, settings
        self._random = random.Random(seed)  # noqa: S311  draws of a model
        self._env = simpy.Environment()
        self._warm: dict[str, int] = {}
        self._busy: dict[str, int] = {}
        interval = settings.copies / settings.rate
        self._interval = interval
        self._slack = max(0.0, QUOTA // settings.copies * interval - 1 - JITTER)
        self._due: dict[int, float] = {}

    def played(self) -> Run:
        """Play the run to its end."""
        self._env.process(self._turns())
        self._env.run()
        self.run.called.sort()
        return self.run

    def _turns(self) -> Any:
        env, settings = self._env, self._settings
        of_run = pages(self.run.customers, lines=settings.lines, rate=settings.rate, copies=settings.copies)
        yield env.timeout(OF_A_RUN * STATE_SECONDS)
        sending: Page | None = None
        settling: Page | None = None
        while True:
            preparing = next(of_run, None)
            if preparing is None and sending is None and settling is None:
                break
            begun = env.now
            sent = env.process(self._send(sending))
            parts = [sent, env.process(self._settle(settling))]
            if preparing is not None:
                parts.append(env.process(self._prepare(preparing)))
            yield sent
            idle_from = env.now
            yield env.all_of(parts)
            if sending is not None and preparing is not None:
                self.run.waited += env.now - idle_from
            yield env.timeout(STATE_SECONDS * (1 if env.now > begun else 2))
            if sending is not None and sending.hands_over:
                yield env.timeout(HAND_OVER_SECONDS)
            settling, sending = sending, preparing
        yield env.timeout(3 * STATE_SECONDS)
        self.run.seconds = env.now

    def _prepare(self, page: Page) -> Any:
        find, plan = self._steps["find"], self._steps["plan"]
        yield from self._invoked("find-due-hours", find, page.keys / find.items)
        yield from self._chunks("seal-hours", "seal", page, SEAL_CONCURRENCY)
        yield from self._invoked("plan-batches", plan, page.keys / plan.items)

    def _settle(self, page: Page | None) -> Any:
        if page is None:
            yield self._env.timeout(STATE_SECONDS)
        else:
            yield from self._chunks("settle-hours", "settle", page, SETTLE_CONCURRENCY)

    def _chunks(self, function: str, step: str, page: Page, at_once: int) -> Any:
        slots = simpy.Resource(self._env, at_once)

        def one() -> Any:
            with slots.request() as slot:
                yield slot
                yield from self._invoked(function, self._steps[step], 1.0)

        yield self._env.all_of([self._env.process(one()) for _ in range(page.chunks)])

    def _invoked(self, function: str, step: Step, times: float) -> Any:
        """One invocation whose work is so many times what was measured."""
        seconds = self._drawn(step, function) * times
        yield from self._in_copy(function, lambda: self._env.timeout(seconds))

    def _in_copy(self, function: str, work: Callable[[], Any]) -> Any:
        busy = self._busy[function] = self._busy.get(function, 0) + 1
        self.run.busiest = max(self.run.busiest, sum(self._busy.values()))
        yield self._env.timeout(STATE_SECONDS)
        begun = self._env.now
        if busy > self._warm.get(function, 0):
            self._warm[function] = busy
            yield self._env.timeout(COLD_SECONDS)
        yield work()
        spent = 1000 * (self._env.now - begun)
        self.run.lambda_ms[function] = self.run.lambda_ms.get(function, 0.0) + spent
        self._busy[function] -= 1

    def _send(self, page: Page | None) -> Any:
        if page is None or not page.lanes:
            yield self._env.timeout(STATE_SECONDS)
            return
        copies = simpy.Store(self._env, self._settings.copies)
        copies.items.extend(range(self._settings.copies))

        def lane(batches: int) -> Any:
            copy = yield copies.get()
            sending = self._env.process
            yield from self._in_copy("submit-batch", lambda: sending(self._lane(copy, batches)))
            yield copies.put(copy)

        shares = [page.batches // page.lanes + (n < page.batches % page.lanes) for n in range(page.lanes)]
        yield self._env.all_of([self._env.process(lane(batches)) for batches in shares])

    def _lane(self, copy: int, batches: int) -> Any:
        """Before a call half of the work (the attempts), the pace; after it Marketplace's answer and the rest."""
        env = self._env
        for _ in range(batches):
            work = self._drawn(self._steps["submit"], "submit-batch")
            yield env.timeout(work / 2)
            due = self._due.get(copy, env.now)
            if env.now < due:
                yield env.timeout(due - env.now)
            self._due[copy] = max(due, env.now - self._slack) + self._interval
            self.run.called.append(env.now)
            yield env.timeout(MARKETPLACE_SECONDS + work / 2)

    def _drawn(self, step: Step, function: str) -> float:
        return step.on_aws(self._settings.memory[function], cpu=self._random.choice(step.cpu))
