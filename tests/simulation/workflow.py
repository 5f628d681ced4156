"""One execution of the hourly workflow as Step Functions runs it: turns, each of which sends a page, prepares the next
one and settles the one before, at once; with their retries, and with the hand-over to another execution."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ledger.reading import RecordKey
from metering.find.find_due_hours import DueHours, find_due_hours, last_due_hour
from metering.report.levels import read_levels
from metering.send.lanes import BatchPayload, batch_payload, in_lanes, parse_batch
from metering.send.plan_batches import plan_batches
from metering.send.send_batch import ProductFault
from metering.send.submit_lane import submit_lane
from metering.settle.settle_hours import settle_hours
from tests.simulation.faults import Crash

if TYPE_CHECKING:
    from metering.send.submit_batch import Submitter
    from tests.simulation.protocol import Protocol

STATE_TRIES = 2
DELAY_MINUTES = 10
#: Passes over the same hours while other runs may be sending their lines.
PASSES = 2
T = TypeVar("T")


@dataclass(frozen=True)
class Page:
    """Hours, and the lanes in which their lines travel."""

    keys: Sequence[RecordKey] = ()
    lanes: Sequence[Sequence[BatchPayload]] = ()


@dataclass
class Progress:
    """The variables of the workflow, as one execution hands them over to the next."""

    page: Page = field(default_factory=Page)
    settling: Sequence[RecordKey] = ()
    cursor: Any = None
    more: bool = True
    busy: bool = False
    passes: int = 0
    fault: Exception | None = None


class Run:
    """delayed: with the seal delay, else of the hour that has just closed. survives: a function that dies is started
    again; else the execution ends where it died. hands_over: how likely another execution continues after a turn.
    continues: what an execution that handed over had left."""

    def __init__(
        self,
        world: "Protocol",
        *,
        delayed: bool,
        survives: bool,
        hands_over: float = 0.0,
        continues: Progress | None = None,
    ) -> None:
        self._world = world
        self._survives = survives
        self._delayed = delayed
        self._hands_over = hands_over
        self._wanted = None if delayed else world.now
        self._started = world.now
        self._mode = world.metering_mode
        self._sealer = world.sealer
        self._copies = [world.submitter for _ in range(world.chance.choice((1, 2, 2)))]
        self._most = world.chance.choice((1, 2, 10))
        self._settler = world.settler
        self._zeros = world.zero_records
        self._is_first = continues is None
        self._at = continues or Progress()

    def work(self) -> None:
        world, at = self._world, self._at
        if self._is_first:
            with suppress(Exception):  # that an hour goes without its zeros holds up no usage
                self._state(self._put_zeros)
        while True:
            handed_over = self._turns()
            if handed_over:
                return
            if at.fault or not at.busy or at.passes + 1 >= PASSES:
                break
            at.cursor, at.more, at.busy, at.passes = None, True, False, at.passes + 1
        if world.chance.random() < 0.3:  # reading alone changes nothing
            self._state(self._report)
        if at.fault is not None and not isinstance(at.fault, ProductFault):
            raise at.fault

    def _turns(self) -> bool:
        """Turn by turn, until everything is sent and settled; whether another execution goes on with the rest."""
        at, world, handed_over = self._at, self._world, False
        while at.more or at.page.keys or at.settling:
            self._turn()
            to_send = not at.fault and (at.more or bool(at.page.lanes))
            if to_send and not handed_over and self._hands_over and world.chance.random() < self._hands_over:
                world.hourly(
                    delayed=self._delayed,
                    skew=world.scheduler.skew,
                    survives=self._survives,
                    continues=replace(at, settling=()),
                )
                at.page, at.more, handed_over = Page(), False, True
        return handed_over

    def _turn(self) -> None:
        at = self._at
        prepared = Page()
        cursor, more = None, False
        lanes = iter([] if at.fault else at.page.lanes)

        def prepare() -> None:
            nonlocal prepared, cursor, more
            if not at.more or at.fault:
                return
            try:
                found = self._state(self._page)
                prepared = Page(found.keys, self._plan(found))
                cursor, more = found.payload()["cursor"], found.more
            except Exception as error:
                at.fault = at.fault or error

        def settle() -> None:
            world = self._world
            try:
                self._state(lambda: settle_hours(at.settling, world.records, self._settler, self._mode))
            except Exception as error:
                at.fault = at.fault or error

        def send(copy: "Submitter") -> Callable[[], None]:
            return lambda: self._send(copy, lanes)

        self._world.scheduler.together([*map(send, self._copies), prepare, settle], self._world.chance)
        at.settling, at.page, at.cursor, at.more = at.page.keys, prepared, cursor, more

    def _send(self, copy: "Submitter", lanes: Iterator[Sequence[BatchPayload]]) -> None:
        """One copy of the submitter takes lane by lane, until none is left or the product is at fault."""
        at, world = self._at, self._world
        for lane in lanes:
            try:
                self._submit(copy, lane)
            except ProductFault as fault:
                at.fault = at.fault or fault
            except Exception as error:
                if not world.scheduler.current or not world.scheduler.current.faults:
                    raise AssertionError("a lane failed although nothing was disturbed") from error
                for batch in lane:
                    with suppress(Exception):
                        self._submit(copy, [batch])
            if at.fault:
                return

    def _submit(self, copy: "Submitter", lane: Sequence[BatchPayload]) -> None:
        world = self._world

        def work() -> None:
            sent: list[BatchPayload] = []

            def submit(batch: BatchPayload) -> None:
                copy.submit(parse_batch(batch), str(self._started))
                sent.append(batch)

            left = submit_lane(lane, submit, monotonic=lambda: world.now, pause=world.pause)
            if Counter(map(str, (*sent, *left))) != Counter(map(str, lane)):
                world.watcher.note("a batch of a lane was neither sent nor left for a later pass")
            self._at.busy |= bool(left)

        self._state(work)

    def _put_zeros(self) -> None:
        hour = last_due_hour(min(self._world.clock(), self._started), DELAY_MINUTES, self._wanted)
        cursor: Any = None
        while True:
            _, cursor = self._zeros.put(hour, cursor, self._world.clock())
            if cursor is None:
                return

    def _page(self) -> DueHours:
        world = self._world
        return find_due_hours(
            world.records,
            now=min(world.clock(), self._started + (world.scheduler.current.skew if world.scheduler.current else 0)),
            seal_delay_minutes=DELAY_MINUTES,
            wanted=self._wanted,
            cursor=self._at.cursor,
            products=world.products,
            most=world.page_keys,
        )

    def _plan(self, found: DueHours) -> list[list[BatchPayload]]:
        """Seal the page and plan its lanes."""
        world, at = self._world, self._at
        self._state(lambda: self._sealer.seal_hours(found.keys))
        paused = world.pauses.read()
        known_bad = at.passes > 0 or not found.more
        batches, left = self._state(
            lambda: plan_batches(
                found.keys,
                world.records,
                world.subscribers,
                world.clock(),
                self._mode,
                paused=paused,
                known_bad=known_bad,
            )
        )
        at.busy |= left
        return in_lanes([batch_payload(batch) for batch in batches], copies=len(self._copies), most=self._most)

    def _report(self) -> None:
        world = self._world
        now = world.clock()
        levels = read_levels(
            world.records,
            world.subscribers,
            last_due_hour(now, 0, None),
            now=now,
            mode=self._mode,
            products=world.products,
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
