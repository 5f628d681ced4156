"""One episode of an engine: what is launched, announced, read, sent and recorded, and what breaks."""

import sys
import zlib
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from runtime.clock import from_iso
from tests.simulation.actors import Actor
from tests.simulation.determinism import Sources
from tests.simulation.engine.happenings import Happenings
from tests.simulation.engine.judge import check_engine
from tests.simulation.engine.model import SPECIFICATIONS, Model
from tests.simulation.engine.world import EngineWorld
from tests.simulation.episode import TAIL, Broken, Coverage, TraceLine
from tests.simulation.faults import AT
from tests.simulation.new_protocol import new_protocol
from tests.simulation.protocol import DAY, Protocol
from yawl.engine import Dimensions, Engine

_STARTS = ("2026-11-15T08:00:00Z", "2026-11-15T08:57:00Z", "2026-11-30T22:40:00Z")
#: What strikes oftener than the others: where an answer decides.
_OFTEN = {"TransactWriteItems": 3.0, "SendMessage": 3.0, "DeleteItem": 3.0, "DeleteMessage": 3.0, "EngineLog": 0.4}
#: Names by which a strategy finds a customer: first those of the stage file, then those that it lacks at first.
_NAMES = {
    "engine": ([""], []),
    "client-account": (["admin", "acme"], ["workletService"]),
    "launching-service": (["admin", "workletService"], ["acme", "beta"]),
    "specification": ([SPECIFICATIONS[0].identifier], [SPECIFICATIONS[1].uri]),
}


@dataclass
class EngineEpisode:
    """``chance`` makes every choice; see ``tests.simulation.episode.Episode``."""

    chance: Random
    sources: Sources
    coverage: Coverage = field(default_factory=Counter)
    trace: deque[TraceLine] = field(default_factory=lambda: deque(maxlen=TAIL))
    digest: int = 0
    most: int = sys.maxsize

    def __post_init__(self) -> None:
        chance = self.chance
        self.steps = chance.choice((120, 200, 300))
        self.fault_rate = chance.choice((0.0, 0.01, 0.03, 0.08))
        self.finish = chance.random() < 0.5
        self.world: Protocol = new_protocol(
            self.sources, now=from_iso(chance.choice(_STARTS)), chance=chance, shards=1, zeros="off"
        )
        self.engine_world = self._engine_world()
        self.world.scheduler.watch = self._note
        self.happenings = Happenings(self.engine_world, chance, new_databases=chance.random() < 0.35)
        if chance.random() < 0.5:
            self.happenings.history(chance.choice((3, 40, 60)))
            # Its first reading may not be alone.
            for _ in range(chance.choice((0, 2))):
                self.engine_world.poller()

    def _engine_world(self) -> EngineWorld:
        chance, world = self.chance, self.world
        customers = [world.join(chance.choice(("license", "legacy")), 40 * DAY) for _ in range(2)]
        mode: Any = chance.choice(("log", "log", "log-only", "push-only"))
        by: Any = chance.choice(("engine", "engine", "client-account", "launching-service", "specification"))
        if mode == "push-only":
            by = "engine"
        named, unnamed = _NAMES[by]
        engine = Engine(
            id="eng",
            since=world.now - 6 * 3600,
            mode=mode,
            attributed_by=by,
            customers={name: customers[position % 2] for position, name in enumerate(named)},
            dimensions=Dimensions(
                executions="workflow_executions",
                worklets=chance.choice(("api_calls", None)),
                users="active_users" if by == "engine" and mode != "push-only" else None,
            ),
            worklets_are_executions=chance.random() < 0.3,
            resource_address="http://e/resourceService",
            audit=chance.random() < 0.7,
        )
        offset = chance.choice((0.0, 0.0, 0.0, 3.0, -40.0, 200.0, -200.0, 5400.0))
        model = Model(lambda: world.now, chance, offset)
        model.confuses = by == "specification"
        more = {name: customers[(position + 1) % 2] for position, name in enumerate(unnamed)}
        return EngineWorld(world, model, engine, chance, unnamed=more, named=[engine.customers])

    def play(self) -> int:
        """Play it to its end, drain and judge. Steps taken. Raises Broken."""
        try:
            self._play()
        except AssertionError as error:
            raise Broken(str(error)) from error
        finally:
            self.world.scheduler.end_all(finish=False)
        return self.world.scheduler.steps

    def _play(self) -> None:
        scheduler, chance = self.world.scheduler, self.chance
        bursts = self._bursts()
        while scheduler.steps < min(self.steps, self.most):
            next(bursts)
        scheduler.end_all(finish=self.finish and chance.random() < 0.5)
        self._drain()
        check_engine(self.engine_world)

    def _bursts(self) -> Iterator[None]:
        """One step, or one happening, at a time."""
        chance, world = self.chance, self.world
        while True:
            alive = world.scheduler.alive
            actor = None
            if not alive or (len(alive) < 6 and chance.random() < 0.5):
                actor = self.happenings.next()
            elif alive:
                actor = chance.choice(alive)
            if actor is None:
                world.now = round(world.now + 0.5, 3)
                yield
                continue
            for _ in range(chance.choice((1, 2, 4, 12, 60))):
                if actor.done:
                    break
                world.now = max(round(world.now + chance.choice((0.004, 0.01, 0.03)), 3), actor.ready)
                world.scheduler.step(actor, self._fault(actor))
                yield

    def _fault(self, actor: Actor) -> str | None:
        point, chance = actor.point, self.chance
        if not self.fault_rate or chance.random() >= self.fault_rate * _OFTEN.get(point, 1.0):
            return None
        return chance.choice(AT[point]) if AT[point] else None

    def _drain(self) -> None:
        """Without faults: readings go on until all rows are visible, people do their work, and all is recorded."""
        world, engine_world = self.world, self.engine_world
        # Time stands still while one actor works.
        engine_world.model.confuses = False
        engine_world.delivers_again = False
        for _ in range(self.chance.choice((0, 3))):
            self.happenings.rename_customer()
        # What the lists forgot is found below the next number that they have.
        engine_world.model.launch()
        for minutes in (0, 5, 5, 20, 65, 65, 65, 5, 5):
            world.now += minutes * 60 + 30
            for _ in range(2):
                engine_world.look_at_faults()
                self._solo(engine_world.poller())
            self._solo(engine_world.attributor())
            for queued in list(engine_world.queue):
                self._solo(engine_world.consumer(queued))
        assert not engine_world.queue, "a message is never recorded"
        last = engine_world.polled[-1]
        assert last.is_good, f"undisturbed, a reading is not good: {last}"

    def _solo(self, actor: Actor) -> None:
        self.world.scheduler.run(actor)
        if actor.error is not None:
            raise AssertionError(f"undisturbed, {actor.name} failed: {actor.error!r}") from actor.error

    def _note(self, actor: Actor, fault: str | None) -> None:
        line = (self.world.scheduler.steps, self.world.now, actor.name, actor.site, fault)
        self.trace.append(line)
        self.digest = zlib.crc32(repr(line).encode(), self.digest)
        self.coverage[actor.site, f"@{actor.point}"] += 1
        if fault is not None:
            self.coverage[actor.site, fault] += 1
