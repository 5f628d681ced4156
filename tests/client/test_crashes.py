"""A crash before, within and after every effect: nothing that was recorded is lost, nothing counts twice.

Every call has a power of two for its quantity, so that a sum says of each call whether it was counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client.app import App, Clock
from tests.client.crashing_disk import Crashed, Machine
from tests.client.door import START, Door, Fault
from yawl_metering import spool
from yawl_metering.errors import SpoolUnwritable

#: kill, or power cut that keeps a share of the bytes that were not synced, and the names, or not
End = tuple[float, bool] | None
ENDS: tuple[End, ...] = (None, (0.0, False), (0.0, True), (0.3, True), (1.0, False))


@dataclass
class Ledger:
    """What calls have said: returned, returned and synced since, or cut off (which may count or not)."""

    next_bit: dict[str, int] = field(default_factory=dict)
    returned: dict[str, int] = field(default_factory=dict)
    synced: dict[str, int] = field(default_factory=dict)
    cut_off: dict[str, int] = field(default_factory=dict)

    def record(self, app: App, customer: str, **more: Any) -> None:
        bit = 1 << self.next_bit.setdefault(customer, 0)
        self.next_bit[customer] += 1
        syncs = app.disk.seen.count("sync")
        self.cut_off[customer] = self.cut_off.get(customer, 0) | bit
        try:
            app.record(customer, quantity=bit, **more)
        except SpoolUnwritable:
            self.cut_off[customer] ^= bit
            return
        self.cut_off[customer] ^= bit
        self.returned[customer] = self.returned.get(customer, 0) | bit
        if app.disk.seen.count("sync") > syncs:
            self.note_sync()

    def note_sync(self) -> None:
        self.synced = dict(self.returned)

    def check(self, door: Door, sure: dict[str, int]) -> None:
        """``sure``: calls that must count."""
        assert door.reused == []
        for customer in self.next_bit:
            counted = int(door.totals().get((customer, "api_calls"), Decimal(0)))
            missing = sure.get(customer, 0) & ~counted
            never = counted & ~(self.returned.get(customer, 0) | self.cut_off.get(customer, 0))
            assert (missing, never) == (0, 0), f"{customer}: lost {missing:b}, or counted twice {never:b}"


class Story:
    """A process that records, merges, freezes, sends, is asked to wait, rewrites its file and takes over another's."""

    def __init__(self, machine: Machine, door: Door, ledger: Ledger, **settings: Any) -> None:
        self.machine, self.door, self.ledger, self.settings = machine, door, ledger, settings
        self.clock = Clock()
        self.app: App | None = None

    def leave_something(self) -> None:
        """A process that was killed with an open group and a frozen event that was answered, but not to it."""
        app = App(self.machine, self.door, self.clock, **self.settings)
        self.ledger.record(app, "l-1")
        self.ledger.record(app, "l-1")
        self.door.fault = lambda _: "lost"
        app.round("all")
        self.ledger.note_sync()
        self.door.fault = lambda _: ""
        self.ledger.record(app, "l-2")
        app.disk.kill()

    def steps(self, crash_at: int | None, share: float) -> Iterator[None]:
        mount = self.machine.process()
        mount.crash_at, mount.share = crash_at, share
        self.app = app = App(self.machine, self.door, self.clock, mount=mount, **self.settings)
        for number in range(3):
            for customer in ("l-1", "l-2"):
                self.ledger.record(app, customer)
                yield
                self.ledger.record(app, customer)
                yield
            self.clock.now += 31
            self.round(app)
            if number == 1:
                app.process._spool.rewrite()
                self.ledger.note_sync()
            yield
        self.ledger.record(app, "l-1", event_id="named")
        self.round(app, "all")
        app.process._spool.close()
        yield

    def round(self, app: App, mode: Any = "due") -> None:
        syncs = app.disk.seen.count("sync")
        try:
            app.round(mode)
        finally:
            if app.disk.seen.count("sync") > syncs and not app.disk.dead:
                self.ledger.note_sync()


def run(crash_at: int | None, share: float, end: End, fault: Fault, **settings: Any) -> tuple[int, list[str]]:
    """The story up to its crash, then what follows it. Effects of the process, and which."""
    machine, door, ledger = Machine(), Door(), Ledger()
    story = Story(machine, door, ledger, **settings)
    story.leave_something()
    number = len(door.requests)
    door.fault = lambda n: fault if n == number + 2 else ""
    try:
        for _ in story.steps(crash_at, share):
            pass
    except Crashed:
        pass
    mount = machine.mounts[-1]
    effects, seen = mount.effects, mount.seen
    if end is None:
        mount.kill()
        sure = ledger.returned
    else:
        machine.cut_power(*end)
        sure = ledger.returned if settings.get("sync") == "call" else ledger.synced
    door.fault = lambda _: ""
    story.clock.now += 3600
    after = App(machine, door, story.clock, **settings)
    after.drain()
    after.process._spool.close()
    ledger.check(door, sure)
    left = {name for name in machine.files() if name.startswith("journal")}
    assert left == set(), "what was delivered has left the disk"
    return effects, seen


EFFECTS, SEEN = run(None, 1.0, None, "")


def test_the_story_has_every_effect() -> None:
    assert {"make_directory", "create", "write", "sync", "rename", "sync_directory", "remove", "remove_directory"} <= {
        *SEEN
    }


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("sync", ["interval", "call"])
def test_a_crash_at_any_effect(sync: str, end: End) -> None:
    effects, _ = run(None, 1.0, None, "", sync=sync)
    assert effects > 40
    for crash_at in range(1, effects + 1):
        for share in (0.0, 0.4, 1.0):
            for fault in ("", "lost", "everyone"):
                run(crash_at, share, end, fault, sync=sync)  # type: ignore[arg-type]


class _Cut(Door):
    """The process ends while it waits for an answer: the request arrived, or not."""

    def __init__(self, arrives: bool) -> None:
        super().__init__()
        self.arrives, self.cut_at = arrives, 1

    def send(self, events: Any) -> Any:
        if len(self.requests) + 1 == self.cut_at:
            if self.arrives:
                super().send(events)
            else:
                self.requests.append([])
            raise Crashed
        return super().send(events)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("arrives", [True, False])
def test_a_crash_between_sending_and_the_answer(arrives: bool, end: End) -> None:
    for request in range(2, 6):
        machine, door, ledger = Machine(), _Cut(arrives), Ledger()
        door.cut_at = 0
        story = Story(machine, door, ledger)
        story.leave_something()
        door.cut_at = request
        crashed = False
        try:
            for _ in story.steps(None, 1.0):
                pass
        except Crashed:
            crashed = True
        assert crashed
        ledger.note_sync()  # what is being sent was synced, and so was all before it
        if end is None:
            machine.mounts[-1].kill()
        else:
            machine.cut_power(*end)
        after = App(machine, door, story.clock)
        after.drain()
        ledger.check(door, ledger.returned)


FAILING = ["write", "sync", "rename", "truncate", "sync_directory"]
_ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.integers(0, 1), st.integers(0, 2)),
        st.tuples(st.just("round"), st.sampled_from(["due", "new", "all"]), st.sampled_from(["", "lost", "everyone"])),
        st.tuples(st.just("pass"), st.sampled_from([1, 20, 31, 3600]), st.just(0)),
        st.tuples(st.just("rewrite"), st.integers(0, 1), st.just(0)),
        st.tuples(st.just("crash_in"), st.integers(1, 12), st.sampled_from([0.0, 0.4, 1.0])),
        st.tuples(st.just("kill"), st.integers(0, 1), st.just(0)),
        st.tuples(
            st.just("fail"), st.sampled_from(["write", "sync", "rename", "truncate", "sync_directory"]), st.just(0)
        ),
    ),
    max_size=40,
)


@settings(max_examples=300)
@given(actions=_ACTIONS)
def test_two_processes_on_one_directory_killed_at_random(actions: list[tuple[str, Any, Any]]) -> None:
    """Each also meets disks that fail for one effect, and requests that fail; a dead one is started again."""
    machine, door, ledger, clock = Machine(), Door(), Ledger(), Clock()
    apps: list[App | None] = [None, None]

    def app(number: int) -> App:
        found = apps[number]
        if found is None or found.disk.dead:
            found = apps[number] = App(machine, door, clock)
        return found

    for turn, (kind, first, second) in enumerate(actions):
        try:
            if kind == "record":
                if ledger.next_bit.get(f"l-{second}", 0) < 28:
                    ledger.record(app(first), f"l-{second}")
            elif kind == "round":
                door.fault = lambda _, fault=second: fault  # type: ignore[misc]
                app(turn % 2).round(first)
            elif kind == "pass":
                clock.now += first
            elif kind == "rewrite":
                app(first).process._spool.rewrite()
            elif kind == "crash_in":
                disk = app(turn % 2).disk
                disk.crash_at, disk.share = disk.effects + first, second
            elif kind == "kill":
                app(first).disk.kill()
            elif kind == "fail":
                _fail_once(app(turn % 2), first)
        except (Crashed, SpoolUnwritable):
            pass
    for each in apps:
        if each is not None:
            each.disk.kill()
    door.fault = lambda _: ""
    App(machine, door, clock).drain()
    ledger.check(door, ledger.returned)


def _fail_once(app: App, name: str) -> None:
    def fail(effect: str) -> OSError | None:
        if effect != name:
            return None
        app.disk.fail = lambda _: None
        return OSError(28, "No space left on device")

    app.disk.fail = fail


def test_a_small_file_is_rewritten_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "SMALLEST_REWRITE", 2000)
    machine, door, clock = Machine(), Door(), Clock()
    app = App(machine, door, clock)
    for number in range(2000):
        app.record(f"l-{number % 3}")
        if number % 50 == 0:
            clock.now += 10
            app.round()
    assert machine.most_bytes < 6000
    assert app.disk.seen.count("rename") > 10
    app.disk.kill()
    App(machine, door, clock).drain()
    assert sum(door.totals().values()) == 2000
    assert clock.now > START


def test_a_rewrite_whose_directory_could_not_be_synced_may_count(app: App, door: Door, machine: Machine) -> None:
    """The new file has its name already: what the old one took after that would be lost."""
    app.record()
    _fail_once(app, "sync_directory")
    with pytest.raises(SpoolUnwritable):
        app.process._spool.rewrite()
    app.record()
    app.disk.kill()
    App(machine, door, app.clock).drain()
    assert door.totals() == {("l-1", "api_calls"): 2}


def test_a_write_that_failed_half_way_is_taken_back(app: App, door: Door, machine: Machine) -> None:
    app.record()
    _fail_once(app, "write")
    with pytest.raises(SpoolUnwritable):
        app.record()
    app.record()
    app.disk.kill()
    App(machine, door, app.clock).drain()
    assert door.totals() == {("l-1", "api_calls"): 2}


def test_a_write_that_could_not_be_taken_back_begins_a_new_file(app: App, door: Door, machine: Machine) -> None:
    app.record()
    failing = ["write", "truncate"]
    app.disk.fail = lambda effect: OSError(5, failing.pop(0)) if failing and effect == failing[0] else None
    with pytest.raises(SpoolUnwritable):
        app.record()
    app.record()
    assert "rename" in app.disk.seen[-5:]
    app.disk.kill()
    App(machine, door, app.clock).drain()
    assert door.totals() == {("l-1", "api_calls"): 2}
