"""Actors that run one at a time and stop before every effect, so that a schedule decides which is next and what breaks.

An actor is a greenlet that runs from one effect (a call of the store or of Marketplace, a pause) to the next. Nothing
else about it is simulated: it runs the project's code.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from types import CodeType
from typing import Any

from greenlet import getcurrent, greenlet

from tests.simulation.faults import Crash, strike

#: The effects that write.
WRITES = frozenset({"UpdateItem", "PutItem", "DeleteItem", "TransactWriteItems", "BatchMeterUsage"})

#: Helpers that do an effect for a caller: the caller names the crash point.
_HELPERS = frozenset(
    {"write", "write_one", "update", "_update", "_count", "every_page", "many", "index_keys", "_put", "_keys", "shard"}
)
_ROOT = "lambda_src"
#: Packages whose functions act for a feature's.
_SHARED = frozenset({"ledger", "marketplace"})
#: No world takes so many steps, unless an actor repeats itself for ever.
ENDLESS = 30_000


class Killed(BaseException):
    """The schedule is over, and this actor with it."""


class Actor:
    """``error``: what ended it, None if it returned. ``point``: the effect before which it stands; ``site``: where in
    the code that is; ``about``: the (customer, hour) that the effect is about, as far as its request says.

    ``seen``: the time that it last read from its clock, and ``seen_at`` the step at which it did. ``mode``: the
    stage's, as a run found it. ``born``, ``ended``: steps. ``ready``: when its pause is over. ``hub``: what chooses
    between its strands, while it has several (``Scheduler.together``).
    """

    __slots__ = (
        "about", "born", "done", "ended", "error", "fault", "faults", "hub", "mode", "name", "point", "ready", "seen",
        "seen_at", "site", "skew", "thread",
    )  # fmt: skip

    def __init__(self, name: str, work: Callable[[], Any], skew: float, main: greenlet, born: int) -> None:
        self.name = name
        self.skew = skew
        self.point = "start"
        self.site = "start"
        self.about: tuple[str, int | None] | None = None
        self.done = False
        self.born = born
        self.ended = sys.maxsize
        self.error: BaseException | None = None
        self.fault: str | None = None
        self.faults = 0
        self.seen = 0.0
        self.seen_at = 0
        self.mode = "live"
        self.ready = 0.0
        self.hub: greenlet | None = None
        self.thread = greenlet(lambda: self._live(work), main)

    def _live(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except Killed:
            pass
        except BaseException as error:  # a crash is one
            self.error = error.with_traceback(None) if isinstance(error, Crash) else error
        self.done = True


#: Where an actor stands, and what it last read from its clock.
_STANDS = ("point", "site", "about", "ready", "seen", "seen_at")
_NOWHERE: tuple[Any, ...] = ()


def _stand(actor: Actor) -> tuple[Any, ...]:
    return tuple(getattr(actor, name) for name in _STANDS)


def _put(actor: Actor, stands: tuple[Any, ...]) -> None:
    for name, value in zip(_STANDS, stands, strict=True):
        setattr(actor, name, value)


def _until_killed(work: Callable[[], Any]) -> Callable[[], None]:
    def live() -> None:
        with suppress(Killed):
            work()

    return live


class Scheduler:
    """Runs actors effect by effect. ``steps``: effects so far. ``watch``: called before every step."""

    def __init__(self) -> None:
        self.actors: list[Actor] = []
        self.alive: list[Actor] = []
        self.steps = 0
        self.just_ended: Actor | None = None
        self.watch: Callable[[Actor, str | None], None] | None = None
        self.after: Callable[[], None] | None = None
        self._main = getcurrent()
        self._current: Actor | None = None

    @property
    def current(self) -> Actor | None:
        """The actor that runs now; None: the test itself."""
        return self._current

    @property
    def skew(self) -> float:
        """How far the clock of the actor that runs now is ahead."""
        return self._current.skew if self._current else 0.0

    def spawn(self, name: str, work: Callable[[], Any], skew: float = 0.0) -> Actor:
        """A new actor, standing before its first step."""
        actor = Actor(name, work, skew, self._main, self.steps)
        self.actors.append(actor)
        self.alive.append(actor)
        return actor

    def step(self, actor: Actor, fault: str | None = None) -> None:
        """Let an actor do the effect before which it stands, and go on to the next one."""
        if self.steps > ENDLESS:
            raise AssertionError(f"{actor.name} goes on and on, at {actor.site}")
        if self.watch is not None:
            self.watch(actor, fault)
        self.steps += actor.point != "start"
        actor.fault = fault
        actor.faults += fault is not None
        self._current = actor
        try:
            actor.thread.switch()
        finally:
            self._current = None
        self.just_ended = None
        if actor.done:
            actor.ended = self.steps
            self.alive.remove(actor)
            self.just_ended = actor
        if self.after is not None:
            self.after()

    def run(self, actor: Actor, effects: int | None = None, *, writes: bool = False, fault: str | None = None) -> None:
        """Let an actor do so many effects (None: all), or writes, and have the fault strike its next write.

        A workflow that waits is left waiting.
        """
        done = 0
        while not actor.done and (effects is None or done < effects or actor.point == "start"):
            done += not writes or actor.point in WRITES
            self.step(actor)
            if actor.point == "Wait":
                return
        if writes:  # up to, not into, the next write: what it read before may be stale when it goes on
            self.until(actor, WRITES)
        if fault is not None:
            self.until(actor, ("IndexQuery",) if fault == "lagging" else WRITES)
            if not actor.done and actor.point != "Wait":
                self.step(actor, fault)

    def until(self, actor: Actor, points: Sequence[str] | frozenset[str]) -> None:
        """Let an actor go on until it stands before one of these effects, or to its end."""
        while not actor.done and actor.point not in points:
            self.step(actor)
            if actor.point == "Wait":
                return

    def end_all(self, *, finish: bool) -> None:
        """Let every actor finish (a workflow that waits goes on waiting), or let it be gone where it stands."""
        for actor in list(self.alive):
            while finish and not actor.done and actor.point != "Wait":
                self.step(actor)
            if not actor.done and not finish:
                self.kill(actor)

    def kill(self, actor: Actor) -> None:
        """It is gone, whatever it was about to do."""
        if actor.thread:  # started
            actor.thread.throw(Killed)
        actor.done = True
        self.alive.remove(actor)

    def around(
        self,
        point: str,
        effect: Callable[[], Any],
        *,
        about: tuple[str, int | None] | None = None,
        answers: Any = None,
        ready: float = 0.0,
    ) -> Any:
        """An effect of the actor that runs now, which stops before it; the test itself does not.

        answers: makes a fault's error at this point (``tests.simulation.faults``).
        """
        actor = self._current
        if actor is None:
            return effect()
        actor.point, actor.about, actor.ready = point, about, ready
        actor.site = _site(sys._getframe(2)) + (" (pause)" if point == "Pause" else "")
        (actor.hub or self._main).switch()
        fault, actor.fault = actor.fault, None
        if fault is None:
            return effect()
        return strike(fault, point, effect, answers)

    def together(self, works: Sequence[Callable[[], Any]], chance: Random) -> None:
        """The actor that runs now does all of this at once, in strands: before each effect, chance says which goes on.

        What one of them raises ends the others where they stand.
        """
        actor = self._current
        assert actor is not None, "only an actor has strands"
        assert actor.hub is None, "strands have no strands of their own"
        strands = {greenlet(work): _NOWHERE for work in map(_until_killed, works)}
        actor.hub = getcurrent()
        begun, stands = dict.fromkeys(strands, False), _stand(actor)
        try:
            while strands:
                strand = chance.choice([*strands])
                if begun[strand]:
                    _put(actor, strands[strand])
                    self._main.switch()
                begun[strand] = True
                strand.switch()
                if strand.dead:
                    del strands[strand]
                else:
                    strands[strand] = _stand(actor)
        finally:
            for strand in strands:
                if begun[strand] and not strand.dead:
                    strand.throw(Killed)
            actor.hub = None
            _put(actor, stands)


#: By code: its name, and whether it acts for a caller. None: the code names no crash point.
_names: dict[CodeType, tuple[str, bool] | None] = {}
_sites: dict[tuple[str, str], str] = {}


def _site(frame: Any) -> str:
    """The innermost function that is not a mere helper, and the feature's function that called it:
    ``seal_hours.Sealer.seal_hour > metering_records.MeteringRecords.get``, or ``seal_hours.Sealer._write`` alone."""
    inner = ""
    while frame is not None:
        code = frame.f_code
        try:
            found = _names[code]
        except KeyError:
            found = _names[code] = _name(code)
        frame = frame.f_back
        if found is None:
            continue
        name, acts_for_caller = found
        if not acts_for_caller:
            return _both(name, inner) if inner else name
        inner = inner or name
    return inner or "elsewhere"


def _both(outer: str, inner: str) -> str:
    try:
        return _sites[outer, inner]
    except KeyError:
        return _sites.setdefault((outer, inner), f"{outer} > {inner}")


def _name(code: CodeType) -> tuple[str, bool] | None:
    _, root, path = code.co_filename.rpartition(f"/{_ROOT}/")
    room, _, file = path.rpartition("/")
    if not root or room == "runtime" or code.co_name.startswith("<") or (room == "ledger" and code.co_name in _HELPERS):
        return None
    return f"{file.removesuffix('.py')}.{code.co_qualname.replace('.<locals>', '')}", room in _SHARED
