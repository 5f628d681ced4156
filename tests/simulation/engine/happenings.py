"""What happens in an episode of an engine: cases, announcements, readings, recorders, people, time, trouble."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.simulation.actors import WRITES, Actor
from tests.simulation.engine.model import SPECIFICATIONS, Row
from tests.simulation.engine.world import EngineWorld
from yawl.announced_start import AnnouncedStart
from yawl.engine import Engine
from yawl.start import Specification

_ODD = ("job", "007", "a b", "grüße", "1.5", "sha256:0", "x" * 80, "job#1")
_PEOPLE = ("PA-1", "PA-2", "PA-3", "admin", "system")
_KINDS = ("start", "complete", "offer", "withdraw", "allocate")
_URIS = {1: None, 2: None, 3: "http://e/workletService/ib", 4: "http://e/beta/ib"}
_SKEWS = (0.0, 0.0, 2.0, -2.0)


class Happenings:
    """``next``: the next thing that happens, and the actor that it brings, if any."""

    def __init__(self, world: EngineWorld, chance: Random, *, new_databases: bool) -> None:
        self._world, self._chance = world, chance
        self._mail: list[AnnouncedStart] = []
        kinds: dict[Callable[[], Actor | None], float] = {
            self._launch: 6.0,
            self._burst: 0.5,
            self._announce: 4.0,
            self._forge: 0.3,
            self._poll: 4.0,
            self._overtake: 0.2,
            self._read_first_twice: 0.6,
            self._consume: 4.0,
            self._attribute: 1.2,
            self._act: 1.5,
            self._time: 2.5,
            self._restart: 0.2,
            self._fail_launch: 0.4,
            self._name_customers: 0.5,
            self._look: 0.4,
        }
        if new_databases:
            kinds[self._new_database] = 0.6
        self._kinds = kinds

    def next(self) -> Actor | None:
        return self._chance.choices(list(self._kinds), list(self._kinds.values()))[0]()

    def history(self, cases: int) -> None:
        """Cases from before the engine is billed, some of them under ids that a caller supplied."""
        for number in range(cases):
            supplied = self._chance.choice((None,) * 12 + ("5000", "job", "2500"))
            self._world.model.launch(
                case_id=supplied, service_key=self._service(), ago=40_000.0 + (cases - number) * 60
            )

    # --- cases --------------------------------------------------------------------------------------------------------

    def _launch(self) -> None:
        chance = self._chance
        kind = chance.random()
        if kind < 0.72:
            self._started(lost=chance.random() < 0.05)
        elif kind < 0.88:
            self._started(case_id=chance.choice(_ODD))
        elif kind < 0.95 and (used := [row for row in self._world.model.database.rows if row.listed]):
            # A caller supplies an id that was used before, the counter's too; none that the lists forgot.
            self._started(case_id=chance.choice(used).case_id)
        elif self._world.model.database.next_number > 5:
            supplied = self._world.model.database.next_number + chance.choice((3, 40, 700, 90_000))
            self._started(case_id=str(supplied))

    def _burst(self) -> None:
        for _ in range(self._chance.choice((5, 30, 130))):
            self._started()

    def _started(self, case_id: str | None = None, lost: bool = False) -> None:
        row = self._world.model.launch(
            case_id=case_id, service_key=self._service(), lost=lost, slow=self._chance.random() < 0.2
        )
        if self._world.engine.mode != "log-only" and row.case_id:
            self._mail.append(self._announcement(row))

    def _service(self) -> int:
        return self._chance.choice((1, 2, 2, 3, 4, -1))

    def _announcement(self, row: Row) -> AnnouncedStart:
        return AnnouncedStart(
            case_id=row.case_id,
            at_ms=0,
            launching_service=_URIS.get(row.service_key),
            specification=Specification(*row.specification[:3]),
        )

    def _fail_launch(self) -> None:
        self._world.model.fail_launch()

    # --- announcements ------------------------------------------------------------------------------------------------

    def _announce(self) -> Actor | None:
        """One announcement arrives: late, out of order, once more, or never."""
        if not self._mail:
            return None
        position = self._chance.randrange(len(self._mail))
        if self._chance.random() < 0.15:
            del self._mail[position]
            return None
        announced = self._mail[position]
        if self._chance.random() > 0.15:
            del self._mail[position]
        return self._world.gateway(replace(announced, at_ms=int(self._world.now * 1000)))

    def _forge(self) -> Actor | None:
        """Somebody with the secret announces a case that does not exist."""
        if self._world.engine.mode == "log-only":
            return None
        case_id = self._chance.choice(("99999", "forged", str(self._world.model.database.next_number + 1)))
        forged = AnnouncedStart(case_id=case_id, at_ms=int(self._world.now * 1000), specification=SPECIFICATIONS[0])
        return self._world.gateway(forged)

    # --- the connector ------------------------------------------------------------------------------------------------

    def _poll(self) -> Actor | None:
        alive = [actor for actor in self._world.scheduler.alive if actor.name == "poller"]
        return self._world.poller(self._chance.choice(_SKEWS)) if len(alive) < 3 else None

    def _overtake(self) -> Actor | None:
        """A number is given again when one reading has committed it, and another one, which began earlier, goes on."""
        world = self._world
        if world.engine.mode == "push-only":
            return None
        # Time stands still while a reading runs alone, so no list may be confused at that moment.
        confuses, world.model.confuses = world.model.confuses, False
        world.protocol.now = round(world.now + 1.0, 3)
        # What else is new would be noticed by both.
        world.scheduler.run(world.poller())
        slow, row = world.poller(), world.model.launch(service_key=self._service())
        while not slow.done and not slow.site.endswith("LogStarts._lists"):
            world.scheduler.step(slow)
        world.protocol.now = round(world.now + 1.0, 3)
        world.scheduler.run(world.poller())
        world.model.launch(case_id=row.case_id, service_key=self._service())
        world.protocol.now = round(world.now + 1.0, 3)
        world.model.confuses = confuses
        return None if slow.done else slow

    def _read_first_twice(self) -> Actor | None:
        """Two first readings at once: one ends while the other stands before its first write. Then a case starts under
        an id that several old cases had."""
        world = self._world
        if world.engine.mode == "push-only" or world.states()[0].progress().anchor is not None:
            return None
        confuses, world.model.confuses = world.model.confuses, False
        slow = world.poller()
        world.scheduler.until(slow, WRITES)
        world.protocol.now = round(world.now + 1.0, 3)
        world.scheduler.run(world.poller())
        world.model.confuses = confuses
        ids = Counter(row.case_id for row in world.model.database.rows if row.listed)
        if again := [case_id for case_id, number in ids.items() if number > 1 and case_id]:
            self._started(case_id=self._chance.choice(again))
        return None if slow.done else slow

    def _consume(self) -> Actor | None:
        """A message is delivered, maybe while it is with another consumer."""
        queue = self._world.queue
        return self._world.consumer(self._chance.choice(queue)) if queue else None

    def _attribute(self) -> Actor | None:
        return self._world.attributor() if self._world.unattributed else None

    # --- people and time ----------------------------------------------------------------------------------------------

    def _act(self) -> None:
        if self._world.engine.dimensions.users:
            self._world.model.act(self._chance.choice(_PEOPLE), self._chance.choice(_KINDS))

    def _name_customers(self) -> None:
        """The stage file names the customers that it lacked, or another one under a name."""
        engine, others = self._world.engine, self._world.unnamed
        if self._chance.random() < 0.4:
            engine = self.rename_customer()
        if others and self._chance.random() < 0.5:
            customers = {**engine.customers, **others}
            self._world.engine = replace(engine, customers=customers)
            self._world.named.append(customers)
            self._world.unnamed = {}

    def rename_customer(self) -> Engine:
        """The stage file names a customer, maybe another one, under a name that it has."""
        engine = self._world.engine
        name = self._chance.choice(sorted(engine.customers))
        customers = {**engine.customers, name: self._chance.choice(self._world.protocol.customers)}
        self._world.named.append(customers)
        self._world.engine = replace(engine, customers=customers)
        return self._world.engine

    def _look(self) -> None:
        self._world.look_at_faults()

    def _restart(self) -> None:
        self._world.model.restart()

    def _new_database(self) -> None:
        """The engine gets another database, once its present one has been read; before, nobody could tell."""
        under_way = any(actor.name == "poller" for actor in self._world.scheduler.alive)
        if not under_way and self._chance.random() < 0.8:
            return
        anchor = self._world.states()[0].progress().anchor
        rows = self._world.model.database.rows
        if anchor is None or not any((r.net_instance, r.at_ms) == anchor[1:] for r in rows):
            return
        more = min(self._world.model.database.next_number + 3, 60)
        self._world.model.new_database()
        self._mail.clear()
        # Its numbers may soon be higher than the old ones.
        for _ in range(self._chance.choice((0, more))):
            self._started()

    def _time(self) -> None:
        seconds = self._chance.choice((5.0, 60.0, 300.0, 300.0, 1200.0, 4000.0))
        self._world.protocol.now = round(self._world.now + seconds, 3)
        self._world.time_out()
