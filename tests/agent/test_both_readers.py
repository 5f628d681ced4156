"""The cloud's reconciler and three agents read one engine's log at the same time: every start is billed once.

The engine is the stand-in over HTTP, and its log again in tables. The door is the usage API's rule that an id counts
once, and only with the same content. Readers die at any statement and any event, and come back.
"""

import json
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger import tables
from local.yawl_engine import Refused, Specification, StandInEngine
from local.yawl_engine.engine import RolledBack
from local.yawl_engine.log import START
from tests.agent.log_database import LogDatabase
from tests.client.app import Clock
from tests.client.door import Door
from tests.contracts.stores import memory_ledger
from yawl.engine import Dimensions, Engine
from yawl.log import connect
from yawl.reconcile import assembly
from yawl.start import case_name
from yawl.state.dynamodb import DynamoDBState
from yawl.state.ports import Message
from yawl_metering import Settings, UsageClient
from yawl_metering.spool import Event
from yawl_metering.transport import Outcome
from yawl_metering_agent.config import EngineSettings
from yawl_metering_agent.readings import Reader
from yawl_metering_agent.state import StateFile

#: Before the times of the door, for which the customers are active.
BEGIN = 1_794_700_800.0
HOUR = 3600.0
ORDERS, CLAIMS = Specification("UID_Orders", "0.1", "Orders"), Specification("UID_Claims", "0.2", "Claims")


class Killed(BaseException):
    """The process ends here."""


class SharedDoor(Door):
    """The door for several threads."""

    lock = threading.Lock()

    def send(self, events: Sequence[Event]) -> Outcome:
        with self.lock:
            return super().send(events)


class DyingFile(StateFile):
    """The agent's file, whose process may die at each statement. dies: asked before it."""

    def __init__(self, directory: Path, dies: Callable[[], bool]) -> None:
        super().__init__(directory)
        self._dies = dies

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        if self._dies():
            raise Killed
        return super().rows(statement, *parameters)


class DyingClient(UsageClient):
    """The client, whose process may die before it has an event."""

    dies: Callable[[], bool]

    def record_event(self, event: Any) -> None:
        if self.dies():
            raise Killed
        super().record_event(event)


class Agent:
    """An agent that is killed now and then; its directory stays. changes: whether it takes either reader each time."""

    def __init__(
        self, settings: EngineSettings, root: Path, door: Door, clock: Clock, rng: random.Random, *, changes: bool
    ) -> None:
        self._settings, self._root, self._door, self._clock, self._rng = settings, root, door, clock, rng
        self._changes = changes
        self.may_die = True

    def read(self) -> None:
        if self._changes:
            self._settings = replace(self._settings, reader=self._rng.choice(("http", "sql")))
        file = DyingFile(self._root, self._dies)
        settings = Settings(flush_interval=0.05, sync="call")
        client = DyingClient("agent", lambda: self._door, self._root / "spool", settings=settings, clock=self._clock)
        client.dies = self._dies
        with suppress(Killed):
            Reader(self._settings, file, client, self._clock).read()
        file.close()
        client.close()

    def _dies(self) -> bool:
        return self.may_die and self._rng.random() < 0.01


class Cloud:
    """The functions' reconciler, with a queue that is the door."""

    def __init__(self, engine: Engine, state: DynamoDBState, door: Door, clock: Clock) -> None:
        self._engine, self._state, self._door, self._clock = engine, state, door, clock

    def read(self) -> None:
        def logs(engine: Engine) -> tuple[Any, None]:
            return connect.engine_log(str(engine.address), "admin", "YAWL", clock=self._clock), None

        poll = assembly.poll(self._engine, self._state, self, logs, self._clock, lambda *_: None)
        poll.run()

    def send(self, message: Message, deduplication_id: str) -> None:
        events = json.loads(message.body)["events"]
        self._door.send([Event(0, each["customerIdentifier"], each["id"], json.dumps(each), 0.0) for each in events])


class World:
    """An engine and its three readers."""

    def __init__(self, yawl: StandInEngine, state: DynamoDBState, root: Path, clock: Clock, seed: int) -> None:
        self.yawl, self.clock, self.rng = yawl, clock, random.Random(seed)
        self.door = SharedDoor(now=clock.now)
        self.tables = LogDatabase(root / "engine.sqlite")
        self.engine = Engine(
            id="eng",
            since=BEGIN,
            mode="log-only",
            customers={"": "l-1"},
            dimensions=Dimensions(executions="workflow_executions", worklets="worklet_invocations"),
            address=yawl.url,
        )
        self.cloud = Cloud(self.engine, state, self.door, clock)
        self.agents = [self._agent(kind, root / kind) for kind in ("http", "sql", "either")]
        self.readers: list[Cloud | Agent] = [self.cloud, *self.agents]

    def _agent(self, kind: str, root: Path) -> Agent:
        engine = Engine(**{**vars(self.engine), "user": "admin"})
        settings = EngineSettings(
            engine=engine,
            reader="sql" if kind == "sql" else "http",
            password="YAWL",
            database=self.tables.address,
            trust_file=None,
            password_file=None,
        )
        return Agent(settings, root, self.door, self.clock, self.rng, changes=kind == "either")

    def launch(self) -> None:
        if self.rng.random() < 0.2:
            kind = self.rng.choice(("unlisted", "without-service", "without-completion", "launch-fails"))
            self.yawl.arm(kind)
        case_id = self.rng.choice((None, None, None, "daily", "3", "4711", "by hand"))
        by = self.rng.choice(("admin", "workletService"))
        with suppress(Refused, RolledBack):
            self.yawl.engine.launch(self.rng.choice((ORDERS, CLAIMS)).identifier, by=by, case_id=case_id)

    def read(self) -> None:
        self.door.now = self.clock.now
        self.tables.mirror(self.yawl.engine.log)
        for reader in self.rng.sample(self.readers, self.rng.randint(1, 4)):
            reader.read()

    def play(self, steps: int) -> None:
        for _ in range(steps):
            for _ in range(self.rng.randint(0, 4)):
                self.launch()
                self.clock.now += self.rng.choice((0.0, 0.003, 1.0))
            if self.rng.random() < 0.1:
                self.yawl.restart()
            self.clock.now += self.rng.choice((1.0, 300.0, 300.0, HOUR))
            self.read()

    def come_to_rest(self) -> None:
        for agent in self.agents:
            agent.may_die = False
        for _ in range(8):
            self.clock.now += HOUR
            self.door.now = self.clock.now
            self.tables.mirror(self.yawl.engine.log)
            for reader in self.readers:
                reader.read()

    def expected(self) -> set[str]:
        """The ids of all starts since ``since``, numbered by the order of their rows."""
        of_case: defaultdict[str, list[Any]] = defaultdict(list)
        for event in self.yawl.engine.log._all_events():
            if event.descriptor == START:
                of_case[self.yawl.engine.log._instances[event.instance].case_id].append(event)
        worklets = self.yawl.engine.log._services.get("workletService")
        found = set()
        for case_id, events in of_case.items():
            for number, event in enumerate(sorted(events, key=lambda each: each.instance), 1):
                if event.at_ms >= BEGIN * 1000:
                    kind = "worklet" if event.service == worklets else "case"
                    found.add(f"yawl:eng:1:{kind}:{case_name(case_id)}#{number}")
        return found


@pytest.fixture
def clock() -> Clock:
    return Clock(BEGIN - 10 * HOUR)


@pytest.fixture
def yawl(clock: Clock) -> Iterator[StandInEngine]:
    with StandInEngine(now=clock, behind=0.0) as stand_in:
        stand_in.engine.load(ORDERS)
        stand_in.engine.load(CLAIMS)
        yield stand_in


@pytest.mark.parametrize("seed", range(4))
def test_every_start_is_billed_once(yawl: StandInEngine, clock: Clock, tmp_path: Path, seed: int) -> None:
    with memory_ledger() as ledger:
        state = DynamoDBState(ledger.dynamodb, tables.ENGINES.name, "eng#1", clock)
        world = World(yawl, state, tmp_path, clock, seed)
        for _ in range(12):  # Before ``since``.
            world.launch()
            clock.now += 600.0
        clock.now = BEGIN + 1.0
        world.play(30)
        world.come_to_rest()
        recorded = {event_id for _, event_id in world.door.stored}
        assert recorded == world.expected()
        assert len(recorded) > 30
        assert world.door.reused == []
