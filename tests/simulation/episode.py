"""One episode: a small world in which one source of chance makes every choice: which actor goes on, what breaks."""

import sys
import zlib
from collections import Counter, deque
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from marketplace.dimensions import Dimension
from marketplace.tiers import Tier
from metering.sizes import PAGE_KEYS
from runtime.clock import from_iso
from runtime.metric_names import MeteringMetric
from tests.scenarios.world import DIMENSIONS
from tests.simulation.actors import Actor
from tests.simulation.determinism import Sources
from tests.simulation.faults import AT
from tests.simulation.happenings import Happenings
from tests.simulation.judge import Judge
from tests.simulation.new_protocol import new_protocol
from tests.simulation.promise import all_records, check_promise, needlessly_lost
from tests.simulation.protocol import Protocol

#: (site, fault) → how often; ``@`` and the kind of effect count every visit
Coverage = Counter[tuple[str, str]]
#: A step: its number, the time, the actor, the site, the fault.
TraceLine = tuple[int, float, str, str, str | None]

TAIL = 80
WRITES_FIRST = {"BatchMeterUsage": 4.0, "TransactWriteItems": 2.5, "UpdateItem": 2.5, "IndexQuery": 1.5, "GetItem": 0.5}
#: What a call brings in an episode of half answers: parts of an answer, or none, while other runs send the same lines.
HALF_ANSWERS = ("omitted", "omitted", "unprocessed", "lost", "crash_after")
#: Reads that may show an earlier state, and how often they do; 0: as often as the episode says.
LAGGING = {"IndexQuery": 0.0, "QueryEventually": 0.6, "GetItemEventually": 0.6}
_STARTS = (
    "2026-11-15T08:00:00Z",
    "2026-11-15T08:59:30Z",
    "2026-11-15T08:20:00Z",
    "2026-11-15T08:03:00Z",
    "2026-11-30T22:40:00Z",
    "2026-11-30T23:58:00Z",
    "2026-12-01T04:30:00Z",
)
_EXTRA = {
    "reports_thousand": Dimension(name="reports_thousand", unit="report", scale=1000, decimals=2),
    "vcpu_hours": Dimension(name="vcpu_hours", unit="hour", scale=1, decimals=0),
}
TIERS = (
    Tier(
        "basic",
        {
            "workflow_executions": Decimal(4),
            "api_calls": Decimal(1500),
            "active_users": Decimal(1),
            "data_processed_gb": Decimal(-1),
            "reports_thousand": Decimal(7),
        },
    ),
    Tier("pro", {"workflow_executions": Decimal(9), "api_calls": Decimal(4000), "data_processed_gb": Decimal(-1)}),
)


class Broken(AssertionError):
    """Something that must hold did not."""


@dataclass
class Profile:
    """The parameters of an episode, drawn once at its start."""

    start: str
    contract: bool
    identical_resend: str
    usage_after_end: str
    customers: int
    dimensions: tuple[str, ...]
    shards: int
    steps: int
    fault_rate: float
    lag_rate: float
    rivals: float
    finish: bool
    zeros: str
    page_keys: int
    half_answers: float
    on_hold: float

    @classmethod
    def draw(cls, chance: Random) -> "Profile":
        names = list(ALL_DIMENSIONS)
        return cls(
            start=chance.choice(_STARTS),
            contract=chance.random() < 0.4,
            identical_resend=chance.choice(("Success", "DuplicateRecord")),
            usage_after_end=chance.choice(("Success", "Success", "InvalidLicenseException")),
            customers=chance.choice((1, 2, 2, 3)),
            dimensions=tuple(chance.sample(names, chance.choice((1, 2, 3, 4)))),
            shards=chance.choice((1, 1, 2)),
            steps=chance.choice((150, 250, 250, 400)),
            fault_rate=chance.choice((0.0, 0.01, 0.03, 0.06, 0.12)),
            lag_rate=chance.choice((0.0, 0.0, 0.1, 0.5)),
            rivals=chance.choice((0.1, 0.3, 0.5, 0.85)),
            finish=chance.random() < 0.5,
            zeros=chance.choice(("off", "off", "every", "workflow_executions")),
            page_keys=chance.choice((PAGE_KEYS, PAGE_KEYS, 2, 5)),
            half_answers=chance.choice((0.0, 0.0, 0.0, 0.5)),
            on_hold=chance.choice((0.0, 0.0, 0.0, 0.5)),
        )


ALL_DIMENSIONS = {**DIMENSIONS, **_EXTRA}


@dataclass
class Episode:
    """``chance`` makes every choice; the code itself draws what it makes up from ``made_up``, or else from there too.

    most: steps to which the profile's are cut.
    """

    chance: Random
    sources: Sources
    coverage: Coverage = field(default_factory=Counter)
    trace: deque[TraceLine] = field(default_factory=lambda: deque(maxlen=TAIL))
    digest: int = 0
    made_up: Random | None = None
    most: int = sys.maxsize

    def __post_init__(self) -> None:
        self.profile = Profile.draw(self.chance)
        self.judge = Judge()
        values: dict[str, Any] = {
            "now": from_iso(self.profile.start),
            "identical_resend": self.profile.identical_resend,
            "usage_after_end": self.profile.usage_after_end,
            "dimensions": {name: ALL_DIMENSIONS[name] for name in self.profile.dimensions},
            "chance": self.made_up or self.chance,
            "watcher": self.judge,
            "shards": self.profile.shards,
            "zeros": self.profile.zeros,
            "page_keys": self.profile.page_keys,
            "on_hold": self.profile.on_hold,
        }
        if self.profile.contract:
            values |= {"pricing_model": "contract-with-consumption", "tiers": TIERS}
        self.world: Protocol = new_protocol(self.sources, **values)
        self.judge.watch(self.world)
        self.world.scheduler.watch = self._note
        self.world.scheduler.after = self._check
        self.happenings = Happenings(self.world, self.judge, self.chance)
        self._burst: tuple[Actor, str, int] | None = None

    def play(self) -> int:
        """Play it to its end, drain and judge. Steps taken. Raises Broken."""
        try:
            self._play()
        except Broken:
            raise
        except AssertionError as error:
            raise Broken(str(error)) from error
        finally:
            self.world.scheduler.after = None
            self.world.scheduler.end_all(finish=False)
        return self.world.scheduler.steps

    def _play(self) -> None:
        scheduler = self.world.scheduler
        self.happenings.begin(self.profile.customers)
        while scheduler.steps < min(self.profile.steps, self.most):
            if not self._go_on():
                self._choose()
        scheduler.end_all(finish=self.profile.finish)
        before, now = all_records(self.world), self.world.now
        self.world.drain()
        check_promise(self.world, self.judge.foreign)
        if lost := needlessly_lost(self.world, before, now):
            raise Broken(f"lost without need: {lost}")

    # --- choose an actor ----------------------------------------------------------------------------------------------

    def _choose(self) -> None:
        """Begins a burst: of an actor that is there, or of a new happening."""
        chance, now = self.chance, self.world.now
        # Time rarely jumps to the moment for which an actor waits.
        alive = [each for each in self.world.scheduler.alive if each.ready <= now + 5 or chance.random() < 0.08]
        if not alive or (len(alive) < 5 and chance.random() < 0.45):
            actor = self.happenings.next()
            if actor is None:
                return
        else:
            actor = chance.choice(alive)
        self._burst_of(actor)

    def _burst_of(self, actor: Actor) -> None:
        until, count = self.chance.choices(("end", "write", "settle", "count"), (3, 5, 1, 2))[0], 0
        if until == "count":
            count = self.chance.randint(1, 8)
        self._burst = (actor, until, count)

    def _go_on(self) -> bool:
        """One step of the burst; False if it is over."""
        if self._burst is None:
            return False
        actor, until, count = self._burst
        if actor.done:
            self._burst = None
            return False
        self._step(actor)
        if actor.done:
            self._burst = None
        elif until == "write" and actor.point in ("UpdateItem", "PutItem", "TransactWriteItems", "BatchMeterUsage"):
            self._burst = None
            if len(self.world.scheduler.alive) < 6 and self.chance.random() < self.profile.rivals:
                rival = self.happenings.rival(actor)
                if rival is not None:
                    self._burst_of(rival)
        elif until == "settle" and "settle" in actor.site.rpartition(" > ")[2]:
            self._burst = None  # Marketplace has answered, and the answer is not stored yet.
        elif until == "count":
            self._burst = (actor, until, count - 1) if count > 1 else None
        return True

    def _step(self, actor: Actor) -> None:
        world = self.world
        world.now = max(round(world.now + self.chance.choice((0.004, 0.01, 0.03, 0.15)), 3), actor.ready)
        world.scheduler.step(actor, self._fault(actor))

    def _fault(self, actor: Actor) -> str | None:
        point, chance = actor.point, self.chance
        if point in LAGGING and chance.random() < (LAGGING[point] or self.profile.lag_rate):
            return "stale"
        if point == "BatchMeterUsage" and chance.random() < self.profile.half_answers:
            return chance.choice(HALF_ANSWERS)
        rate = self.profile.fault_rate
        if not rate or chance.random() >= rate * WRITES_FIRST.get(point, 1.0):
            return None
        kinds = AT[point]
        return chance.choice(kinds) if kinds else None

    # --- watched ------------------------------------------------------------------------------------------------------

    def _note(self, actor: Actor, fault: str | None) -> None:
        line = (self.world.scheduler.steps, self.world.now, actor.name, actor.site, fault)
        self.trace.append(line)
        self.digest = zlib.crc32(repr(line).encode(), self.digest)
        self.coverage[actor.site, f"@{actor.point}"] += 1
        if fault is not None:
            self.coverage[actor.site, fault] += 1

    def _check(self) -> None:
        ended = self.world.scheduler.just_ended
        if ended is not None:
            self.judge.ended(ended)
        if self.judge.broken:
            raise Broken("; ".join(self.judge.broken[:3]))
        if self.world.counted[MeteringMetric.HOURS_NOT_CONSERVED]:
            raise Broken("an hour was stopped: one of the sums of ledger.conservation does not hold")
