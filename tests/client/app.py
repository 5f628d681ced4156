"""An app with the client's whole code in one thread: the process's parts, run step by step."""

import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.client.door import START, Door
from yawl_metering import Settings, Stats
from yawl_metering.database import LOCK
from yawl_metering.delivery import Mode
from yawl_metering.process import Process
from yawl_metering.settings import DIMENSIONS, OnRefused
from yawl_metering.spool import FILE
from yawl_metering.usage import Usage, event_text

INTERVAL = 30.0
LOG = f"{FILE}-wal"


class Clock:
    """Wall and monotonic in one."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class App:
    """A process with a client. ``clock`` is its wall clock and its monotonic one, and the door's."""

    def __init__(
        self, root: Path, door: Door, clock: Clock, *, on_refused: OnRefused | None = None, **settings: Any
    ) -> None:
        self.root, self.door, self.clock = root, door, clock
        dimensions = {**DIMENSIONS, "peak_nodes": "max"}
        given: dict[str, Any] = {"dimensions": dimensions, "when_full_wait": 0.0, "flush_interval": INTERVAL}
        self.settings = Settings(**given | settings)
        self.process = Process(root, door, self.settings, on_refused, clock=clock, now=clock, monotonic=clock)

    @property
    def stats(self) -> Stats:
        return self.process.stats()

    def record(
        self,
        customer: str = "l-1",
        dimension: str = "api_calls",
        quantity: Any = 1,
        *,
        user: str | None = None,
        event_id: str | None = None,
        ago: float = 0.0,
        source: str = "app",
        tags: tuple[tuple[str, str], ...] = (),
    ) -> None:
        usage = Usage(customer, dimension, source, Decimal(quantity), self.clock.now - ago, user, tags)
        self.process.record(usage, self.settings.dimensions[dimension], event_id, self.clock.now)

    def void(self, event_id: str, customer: str = "l-1") -> None:
        self.process.take_back(customer, event_id, "app", self.clock.now)

    def round(self, mode: Mode = "due") -> None:
        self.door.now = self.clock.now
        self.process.round(mode)

    def deliver_all(self) -> None:
        """Rounds until nothing is held; fails if that does not come."""
        for _ in range(50):
            self.round("all")
            if not self.stats.pending and not self.stats.open_groups:
                return
        raise AssertionError(f"still held: {self.stats}")

    def kill(self) -> None:
        """The files are as a process leaves them that is killed: a connection that is closed would clean up."""
        left = files(self.root)
        self.process.spool.abandon()
        if not (self.root / LOG).exists():  # it was the last one
            restore(self.root, left)

    def held(self) -> list[tuple[str, str]]:
        """Customers and ids of the events in the file."""
        query = "SELECT customer, id FROM event ORDER BY number"
        return self.process.spool._db.run(lambda db: db.execute(query).fetchall())


def files(root: Path) -> dict[str, bytes]:
    """What survives the processes; SQLite makes the index of its log anew."""
    return {path.name: path.read_bytes() for path in root.iterdir() if path.is_file() and path.suffix != ".sqlite-shm"}


def restore(root: Path, left: dict[str, bytes]) -> None:
    root.mkdir(exist_ok=True)
    for name, content in left.items():
        (root / name).write_bytes(content)


def left_in(root: Path) -> dict[str, bytes]:
    """What is in a directory beside an empty spool; fails if that is not empty."""
    with closing(sqlite3.connect(root / FILE)) as db:
        assert db.execute("SELECT count(*) FROM event").fetchone() == (0,)
    return {name: content for name, content in files(root).items() if name not in (FILE, LOCK)}


def refused_lines(root: Path, name: str = "refused.jsonl") -> list[dict[str, Any]]:
    path = root / name
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()] if path.exists() else []


def body(usage: Usage, event_id: str = "e-1") -> dict[str, Any]:
    """The event of one call."""
    found: dict[str, Any] = json.loads(event_text(usage, event_id, usage.quantity))
    return found
