"""One execution of the hourly workflow as Step Functions runs it: its states in order, their retries, page by page."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ledger.reading import RecordKey
from metering.find.find_due_hours import DueHours, find_due_hours, last_due_hour
from metering.report.levels import read_levels
from metering.run import LineKey
from metering.send.plan_batches import plan_batches
from metering.send.send_batch import MarketplaceBusy, ProductFault
from metering.settle.settle_hours import settle_hours
from tests.simulation.faults import Crash

if TYPE_CHECKING:
    from tests.simulation.protocol import Protocol

BUSY_TRIES = 3
STATE_TRIES = 2
DELAY_MINUTES = 10
#: Passes over the same hours while other runs may be sending their lines.
PASSES = 2
T = TypeVar("T")


class Run:
    """delayed: with the seal delay, else of the hour that has just closed. survives: a function that dies is started
    again; else the execution ends where it died."""

    def __init__(self, world: "Protocol", *, delayed: bool, survives: bool) -> None:
        self._world = world
        self._survives = survives
        self._wanted = None if delayed else world.now
        self._started = world.now
        self._mode = world.metering_mode
        self._sealer = world.sealer
        self._submitter = world.submitter
        self._settler = world.settler
        self._zeros = world.zero_records

    def work(self) -> None:
        world = self._world
        with suppress(Exception):  # that an hour goes without its zeros holds up no usage
            self._state(self._put_zeros)
        busy = False
        for number in range(PASSES):
            busy = self._pass(number)
            if not busy:
                break
        if world.chance.random() < 0.3:  # reading alone changes nothing
            self._state(self._report)

    def _pass(self, number: int) -> bool:
        """Every page of what is due; whether something was left for a later pass."""
        left = False
        found = self._state(lambda: self._page(None))
        try:
            left |= self._meter(found.keys, known_bad=number > 0 or not found.more)
            while found.more:
                found = self._state(partial(self._page, found.payload()["cursor"]))
                left |= self._meter(found.keys, known_bad=number > 0 or not found.more)
        except ProductFault:
            return False
        return left

    def _put_zeros(self) -> None:
        hour = last_due_hour(min(self._world.clock(), self._started), DELAY_MINUTES, self._wanted)
        cursor: Any = None
        while True:
            _, cursor = self._zeros.put(hour, cursor, self._world.clock())
            if cursor is None:
                return

    def _page(self, cursor: Any) -> DueHours:
        world = self._world
        return find_due_hours(
            world.records,
            now=min(world.clock(), self._started + (world.scheduler.current.skew if world.scheduler.current else 0)),
            seal_delay_minutes=DELAY_MINUTES,
            wanted=self._wanted,
            cursor=cursor,
            dimensions=list(world.dimensions),
            most=world.page_keys,
        )

    def _meter(self, keys: Sequence[RecordKey], *, known_bad: bool) -> bool:
        world = self._world
        self._state(lambda: self._sealer.seal_hours(keys))
        batches, left = self._state(lambda: self._plan(keys, known_bad=known_bad))
        for batch in batches:
            with suppress(MarketplaceBusy):
                self._state(partial(self._submitter.submit, batch, str(self._started)), BUSY_TRIES)
        self._state(lambda: settle_hours(keys, world.records, self._settler, self._mode))
        return left

    def _plan(self, keys: Sequence[RecordKey], *, known_bad: bool) -> tuple[list[list[LineKey]], bool]:
        world, paused = self._world, self._world.pauses.read()
        now = world.clock()
        return plan_batches(keys, world.records, world.subscribers, now, self._mode, paused=paused, known_bad=known_bad)

    def _report(self) -> None:
        world = self._world
        now = world.clock()
        levels = read_levels(
            world.records, last_due_hour(now, 0, None), now=now, mode=self._mode, dimensions=world.dimensions
        )
        for record in levels.stale:
            world.settlement.tidy(record)

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
