"""What a schedule is made of. Every move is possible in every state, so that a failing schedule can be cut at will.

Schedules are made of a seed, not of Hypothesis's own choices: its engine spends most of a small budget on variations
of few examples, and drops the weights without which most schedules meter nothing. ``reduced`` is the shrinker.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from tests.simulation.faults import FAULTS

CUSTOMERS = 2


@dataclass(frozen=True)
class Go:
    """How far an actor goes: so many effects (None: to its end); ``writes``: so many writes, and on to the next.

    Then the fault strikes its next write; ``lagging`` its next look into an index.
    """

    effects: int | None = None
    writes: bool = False
    fault: str | None = None


@dataclass(frozen=True)
class Event:
    """``slot``: the same slot of a customer is the same event id; the first use settles what it says.

    early: seconds by which ``occurredAt`` lies before now. altered: other content under the same id.
    """

    slot: int
    dimension: str
    quantity: str
    early: int = 0
    user: str = "ann"
    altered: bool = False


@dataclass(frozen=True)
class Report:
    """A request of ``POST /usage``; ``skew``: seconds by which that function's clock is ahead."""

    customer: int
    events: tuple[Event, ...]
    go: Go = Go()
    skew: float = 0.0


@dataclass(frozen=True)
class Run:
    """A run of the hourly workflow, if ``on_time`` at the next ten past; else again, beside others, or by hand.

    delayed: with the seal delay, else of the hour that has just closed.
    """

    on_time: bool = True
    delayed: bool = True
    go: Go = Go()
    skew: float = 0.0


@dataclass(frozen=True)
class Step:
    """Some actor that is still alive goes on."""

    actor: int
    go: Go = Go()


@dataclass(frozen=True)
class Wait:
    """Time passes: seconds, or until ten past the hour, or until the nearest deadline is so many seconds ahead."""

    until: Literal["seconds", "next_run", "deadline", "month_end"]
    seconds: int = 0


@dataclass(frozen=True)
class Arm:
    """A fault of Marketplace itself, for one call, or until the drain."""

    kind: str
    word: str = ""
    customer: int | None = None
    lasting: bool = False


@dataclass(frozen=True)
class Subscribe:
    """A customer leaves or comes back; ``told``: the notice arrives at once, else with a later one.

    refetched: what the contract includes is fetched again after it; else it is known too late to seal with.
    """

    customer: int
    told: bool = True
    refetched: bool = True


@dataclass(frozen=True)
class Mode:
    """The stage's meteringMode is set anew; runs that go on keep the one they started with."""

    mode: str


Move = Report | Run | Step | Wait | Arm | Subscribe | Mode

_QUANTITIES = {
    "workflow_executions": ("1", "2", "5", "0.4"),
    "api_calls": ("400", "999", "2500"),
    "data_processed_gb": ("0.25", "1.000001"),
    "active_users": ("1",),
    "peak_nodes": ("3", "7", "9"),
}
_WAITS = (
    *(Wait("next_run") for _ in range(4)),
    *(Wait("seconds", seconds) for seconds in (1, 61, 600, 600, 3600, 3600, 5 * 3600)),
    *(Wait("deadline", seconds) for seconds in (1900, 200, 1, -1)),
    *(Wait("month_end", seconds) for seconds in (3000, 60)),
)


def _go(random: Random) -> Go:
    if random.random() < 0.3:
        return Go()
    fault = random.choice(FAULTS) if random.random() < 0.5 else None
    if random.random() < 0.25:
        return Go(random.randint(1, 20), writes=False, fault=fault)
    return Go(random.choice((0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6)), writes=True, fault=fault)


def _event(random: Random) -> Event:
    dimension = random.choice((*_QUANTITIES, "workflow_executions", "api_calls"))
    return Event(
        slot=random.randrange(24),
        dimension=dimension,
        quantity=random.choice(_QUANTITIES[dimension]),
        early=random.choice((0, 0, 0, 90, 1800, 1800, 1800, 1800, 3700, 7300, 80000, -120)),
        user=random.choice(("ann", "bob", "eve")),
        altered=random.random() < 0.1,
    )


def _report(random: Random) -> Report:
    events = tuple(_event(random) for _ in range(random.choice((1, 1, 2, 3))))
    go = Go() if random.random() < 0.5 else _go(random)
    return Report(random.randrange(CUSTOMERS), events, go, random.choice((0.0, 0.0, 0.0, 3.0, -3.0)))


def _run(random: Random) -> Run:
    return Run(random.random() < 0.6, random.random() < 0.75, _go(random), random.choice((0.0, 0.0, 0.0, 3.0, -3.0)))


def _arm(random: Random) -> Arm:
    customer, lasting = random.randrange(CUSTOMERS), random.random() < 0.4
    return random.choice(
        (
            *(Arm(kind) for kind in ("throttle", "server-error", "lost-answer", "lost-answer", "unprocessed")),
            Arm("error", "InvalidLicenseException", customer, lasting),
            Arm("error", random.choice(("AccessDeniedException", "InvalidProductCodeException"))),
            Arm("status", "CustomerNotSubscribed", customer, lasting),
        )
    )


def _any(random: Random) -> Move:
    kind = random.choices(list(_KINDS), list(_KINDS.values()))[0]
    return kind(random)


def _race(random: Random) -> tuple[Move, ...]:
    """A run is met by others while it stands before one of its writes: what it has read may be stale by then."""
    first = Run(delayed=random.random() < 0.8, go=Go(random.choice((0, 0, 0, 1, 1, 2, 2, 3, 4, 5)), writes=True))
    late = replace(_report(random), go=Go(), skew=0.0)
    late = replace(late, events=tuple(replace(event, early=1800) for event in late.events))
    meanwhile = random.choices(
        (late, replace(_run(random), on_time=False), _any(random)), (4, 3, 2), k=random.choice((1, 1, 2))
    )
    return first, *meanwhile, Step(random.randrange(2), _go(random)), Step(random.randrange(2))


_KINDS: dict[Callable[[Random], Move], int] = {
    _report: 7,
    lambda random: Step(random.randrange(8), _go(random)): 6,
    _run: 6,
    lambda random: random.choice(_WAITS): 4,
    _arm: 3,
    lambda random: Subscribe(random.randrange(CUSTOMERS), random.random() < 0.5, random.random() < 0.7): 1,
    lambda random: Mode(random.choice(("live", "live", "off", "dry-run"))): 1,
}


def schedule_of(seed: int) -> tuple[Move, ...]:
    """The schedule of a seed: recorders, runs and their interleaving above all."""
    random = Random(seed)
    schedule: list[Move] = [_report(random)]
    for _ in range(random.randint(2, 10)):
        if random.random() < 0.4:
            schedule += [_report(random), *_race(random)]
        else:
            schedule += [_any(random), _any(random)]
    return tuple(schedule)


def reduced(schedule: Sequence[Move], fails: Callable[[Sequence[Move]], bool]) -> Sequence[Move]:
    """A part of a failing schedule that still fails and of which no move, nor half, can be left out."""
    size = max(1, len(schedule) // 2)
    while True:
        start = 0
        while start < len(schedule):
            shorter = [*schedule[:start], *schedule[start + size :]]
            if fails(shorter):
                schedule = shorter
            else:
                start += size
        if size == 1:
            return schedule
        size //= 2
