"""A crash before and after every write: nothing that was recorded is lost, nothing counts twice.

Every call has a power of two for its quantity, so that a sum says of each call whether it was counted.
"""

import sqlite3
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client.app import LOG, App, Clock, files, restore
from tests.client.crashing import FAST, Crashed, Disk, failure
from tests.client.door import Door, Fault
from yawl_metering import SpoolUnwritable
from yawl_metering.spool import FILE, Held

#: The shares of the log's unsynced bytes that a power cut keeps; None: the process is killed.
ENDS = (None, 0.0, 0.5, 1.0)


@dataclass
class Ledger:
    """What calls have said: returned, returned and synced since, or cut off (which may count or not)."""

    next_bit: dict[str, int] = field(default_factory=dict)
    returned: dict[str, int] = field(default_factory=dict)
    synced: dict[str, int] = field(default_factory=dict)
    cut_off: dict[str, int] = field(default_factory=dict)

    def record(self, app: App, customer: str, disk: Disk | None = None, **more: Any) -> None:
        bit = 1 << self.next_bit.setdefault(customer, 0)
        self.next_bit[customer] += 1
        syncs = disk.syncs if disk else 0
        self.cut_off[customer] = self.cut_off.get(customer, 0) | bit
        try:
            app.record(customer, quantity=bit, **more)
        except SpoolUnwritable:
            self.cut_off[customer] ^= bit
            return
        self.cut_off[customer] ^= bit
        self.returned[customer] = self.returned.get(customer, 0) | bit
        if disk and disk.syncs > syncs:
            self.note_sync()

    def note_sync(self) -> None:
        self.synced = dict(self.returned)

    def check(self, door: Door, sure: dict[str, int]) -> None:
        """sure: calls that must count."""
        assert door.reused == []
        for customer in self.next_bit:
            counted = int(door.totals().get((customer, "api_calls"), Decimal(0)))
            missing = sure.get(customer, 0) & ~counted
            never = counted & ~(self.returned.get(customer, 0) | self.cut_off.get(customer, 0))
            assert (missing, never) == (0, 0), f"{customer}: lost {missing:b}, or counted twice {never:b}"


class Story:
    """A process that records, merges, freezes, sends, is asked to wait, syncs and takes over another's events."""

    def __init__(self, root: Path, door: Door, ledger: Ledger, **settings: Any) -> None:
        self.root, self.door, self.ledger, self.settings = root, door, ledger, settings
        self.clock = Clock()

    def leave_something(self) -> None:
        """A process that was killed with an open event and a frozen one, whose answer it never got."""
        app = App(self.root, self.door, self.clock, **self.settings)
        self.ledger.record(app, "l-1")
        self.ledger.record(app, "l-1")
        self.door.fault = lambda _: "lost"
        app.round("all")
        self.door.fault = lambda _: ""
        self.ledger.record(app, "l-2")
        app.process.spool.sync()
        self.ledger.note_sync()
        app.kill()

    def run(self, disk: Disk) -> Iterator[None]:
        app = App(self.root, self.door, self.clock, **self.settings)
        try:
            for number in range(3):
                for customer in ("l-1", "l-2", "l-1", "l-2"):
                    self.ledger.record(app, customer, disk)
                    yield
                self.clock.now += 31
                syncs = disk.syncs
                app.round()
                if number == 1:
                    app.process.sync()
                if disk.syncs > syncs:
                    self.ledger.note_sync()
                yield
            self.ledger.record(app, "l-1", disk, event_id="named")
            app.round("all")
            yield
        finally:
            disk.left = disk.left or files(self.root)
            app.process.spool.abandon()


def tell(root: Path, crash_at: int | None, *, after: bool, fault: Fault, door: Door, **settings: Any) -> int:
    """The story up to its crash, then all that may follow it. Returns how many writes it has."""
    ledger = Ledger()
    story = Story(root, door, ledger, **settings)
    story.leave_something()
    disk = Disk(root)
    number = len(door.requests)
    door.fault = lambda n: fault if n == number + 2 else ""
    disk.crash_at, disk.after = crash_at, after
    with disk.mounted():
        try:
            for _ in story.run(disk):
                pass
        except Crashed:
            pass
    story.clock.now += 3600
    for number, keep in enumerate(ENDS):
        there, then = root.with_name(f"{root.name}-{number}"), deepcopy(door)
        then.fault = lambda _: ""
        restore(there, disk.left if keep is None else disk.after_power_cut(keep))
        next_one = App(there, then, story.clock, **settings)
        next_one.deliver_all()
        assert next_one.held() == []
        next_one.process.spool.close()
        sure = ledger.returned if keep is None or settings.get("sync") == "call" else ledger.synced
        ledger.check(then, sure)
    return disk.effects


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("sync", ["interval", "call"])
def test_a_crash_at_any_write(sync: str, after: bool) -> None:
    faults: tuple[Fault, ...] = ("", "lost", "everyone") if sync == "interval" else ("", "lost")
    for fault in faults:
        for crash_at in count(1):
            with TemporaryDirectory(dir=FAST) as folder:
                root = Path(folder) / "spool"
                writes = tell(root, crash_at, after=after, fault=fault, door=Door(), sync=sync)
                if writes < crash_at:
                    break
        assert writes > 30, "the story has more than that"


class _Cut(Door):
    """The process ends while it waits for an answer: the request arrived, or not."""

    def __init__(self, *, arrives: bool, cut_at: int) -> None:
        super().__init__()
        self.arrives, self.cut_at, self.disk = arrives, cut_at, None

    def send(self, events: Any) -> Any:
        if len(self.requests) + 1 == self.cut_at:
            if self.arrives:
                super().send(events)
            else:
                self.requests.append([])
            self.cut_at = 0
            raise Crashed
        return super().send(events)


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("request_number", range(2, 6))
def test_a_crash_between_sending_and_the_answer(arrives: bool, request_number: int) -> None:
    """What is being sent was synced, so no power cut can have it sent otherwise."""
    with TemporaryDirectory(dir=FAST) as folder:
        door = _Cut(arrives=arrives, cut_at=request_number)
        tell(Path(folder) / "spool", None, after=False, fault="", door=door)
        assert door.cut_at == 0


def test_wherever_the_log_is_cut_it_holds_the_calls_that_had_returned(root: Path, tmp_path: Path) -> None:
    """A write that is cut off counts wholly, or it had not returned."""
    app = App(root, Door(), Clock())
    spool = app.process.spool
    steps: list[tuple[int, Held]] = []

    def note() -> None:
        steps.append(((root / LOG).stat().st_size, spool.held()))

    for number in range(4):
        app.record(f"l-{number % 2}", quantity=2**number)
        note()
    taken = spool.take(upto=spool.last(), everything=True)
    note()
    app.record("l-3", "active_users", user="ann")
    note()
    spool.settle([taken[0]], [(taken[1], 0.0, None)])
    note()
    left = files(root)
    app.kill()
    for cut in sorted({*range(steps[0][0], len(left[LOG]), 509), *(size for size, _ in steps)}):
        there = tmp_path / f"cut-{cut}"
        restore(there, {FILE: left[FILE], LOG: left[LOG][:cut]})
        found = App(there, Door(), Clock())
        assert found.process.spool.held() == [held for size, held in steps if size <= cut][-1], cut
        found.process.spool.abandon()


_ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.integers(0, 1), st.integers(0, 2)),
        st.tuples(
            st.just("round"), st.sampled_from(["due", "untried", "all"]), st.sampled_from(["", "lost", "everyone"])
        ),
        st.tuples(st.just("pass"), st.sampled_from([1, 20, 31, 3600]), st.just(0)),
        st.tuples(st.just("sync"), st.integers(0, 1), st.just(0)),
        st.tuples(st.just("kill"), st.integers(0, 1), st.just(0)),
        st.tuples(st.just("fail"), st.sampled_from(["INSERT", "UPDATE", "DELETE", "COMMIT"]), st.integers(0, 1)),
    ),
    max_size=40,
)


@settings(max_examples=200)
@given(actions=_ACTIONS)
def test_two_processes_on_one_directory_killed_at_random(actions: list[tuple[str, Any, Any]]) -> None:
    """Each also meets disks that fail for one write, and requests that fail; a dead one is started again."""
    with TemporaryDirectory(dir=FAST) as folder:
        root = Path(folder) / "spool"
        door, ledger, clock, disk = Door(), Ledger(), Clock(), Disk(root)
        apps: dict[int, App] = {}

        def app(number: int) -> App:
            if number not in apps:
                apps[number] = App(root, door, clock)
            return apps[number]

        with disk.mounted():
            for turn, (kind, first, second) in enumerate(actions):
                if kind == "record":
                    if ledger.next_bit.get(f"l-{second}", 0) < 28:
                        ledger.record(app(first), f"l-{second}")
                elif kind == "round":
                    door.fault = lambda _, fault=second: fault  # type: ignore[misc]
                    app(turn % 2).round(first)
                elif kind == "pass":
                    clock.now += first
                elif kind == "sync":
                    app(first).process.sync()
                elif kind == "kill" and first in apps:
                    apps.pop(first).kill()
                elif kind == "fail":
                    app(turn % 2)
                    _fail_once(disk, first, sqlite3.SQLITE_FULL if second else sqlite3.SQLITE_IOERR)
            disk.fail = lambda _: None
        for each in apps.values():
            each.kill()
        door.fault = lambda _: ""
        clock.now += 3600
        last = App(root, door, clock)
        last.deliver_all()
        last.process.spool.close()
        ledger.check(door, ledger.returned)


def _fail_once(disk: Disk, word: str, code: int) -> None:
    def fail(statement: str) -> sqlite3.Error | None:
        if statement != word:
            return None
        disk.fail = lambda _: None
        return failure(code)

    disk.fail = fail
