"""One execution of the hourly workflow as Step Functions runs it: its states in order, their retries, page by page."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ledger.hour import hour_of
from ledger.metering_records import RecordKey
from metering.find_due_hours import DueHours, find_due_hours
from metering.keys import LineKey
from metering.plan_batches import plan_batches
from metering.report import read_levels
from metering.settle_hours import settle_hours
from metering.submit_batch import MarketplaceBusy, ProductFault
from tests.simulation.faults import Crash

if TYPE_CHECKING:
    from tests.simulation.protocol import Protocol

BUSY_TRIES = 3
STATE_TRIES = 2
T = TypeVar("T")


class Run:
    """delayed: with the seal delay, else of the hour that has just closed. survives: a function that dies is started
    again; else the execution ends where it died."""

    def __init__(self, world: "Protocol", *, delayed: bool, survives: bool) -> None:
        self._world = world
        self._survives = survives
        self._wanted = None if delayed else world.now
        self._sealer = replace(world.sealer, clock=world.clock, pause=lambda attempt: world.sleep(0.02 * attempt))
        self._submitter = replace(world.submitter, clock=world.clock)

    def work(self) -> None:
        world = self._world
        found = self._state(lambda: self._page(None))
        with suppress(ProductFault):
            self._meter(found.keys)
            while found.more:
                found = self._state(partial(self._page, found.payload()["cursor"]))
                self._meter(found.keys)
        if world.chance.random() < 0.3:  # reading alone changes nothing
            self._state(lambda: read_levels(world.records, hour_of(world.clock())))

    def _page(self, cursor: str | None) -> DueHours:
        world = self._world
        return find_due_hours(
            world.records,
            now=world.clock(),
            seal_delay_minutes=10,
            wanted=self._wanted,
            cursor=cursor,
            dimensions=list(world.dimensions),
        )

    def _meter(self, keys: Sequence[RecordKey]) -> None:
        world = self._world
        self._state(lambda: self._sealer.seal_hours(keys))
        for batch in self._state(lambda: plan_batches(keys, world.records, world.subscribers, world.clock()))[0]:
            with suppress(MarketplaceBusy):
                self._state(partial(self._submit, batch), BUSY_TRIES)
        self._state(lambda: settle_hours(keys, world.records, world.settlement, world.clock))

    def _submit(self, batch: list[LineKey]) -> None:
        actor = self._world.scheduler.current
        if actor is not None:
            actor.looked = None
        self._submitter.submit(batch)

    def _state(self, work: Callable[[], T], tries: int = STATE_TRIES) -> T:
        """One state: its errors are retried, but for a fault of the product; so is a death of its function."""
        for _ in range(tries - 1):
            try:
                return work()
            except ProductFault:
                raise
            except Exception:
                continue
            except Crash:
                if not self._survives:
                    raise
        return work()
