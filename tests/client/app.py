"""An app with the client's whole code in one thread: the process's parts, run step by step."""

import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.client.crashing_disk import Machine, Mount
from tests.client.door import START, Door
from yawl_metering.delivery import Mode
from yawl_metering.process import Process
from yawl_metering.settings import DIMENSIONS, OnRefused, Settings
from yawl_metering.usage import Usage, event_body

ROOT = Path("/spool")
INTERVAL = 30.0


class Clock:
    """Wall and monotonic in one."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class App:
    """A process with a client. ``clock`` is its wall clock and its monotonic one, and the door's."""

    def __init__(
        self,
        machine: Machine,
        door: Door,
        clock: Clock,
        *,
        mount: Mount | None = None,
        on_refused: OnRefused | None = None,
        **settings: Any,
    ) -> None:
        self.disk = mount or machine.process()
        self.door, self.clock = door, clock
        dimensions = {**DIMENSIONS, "peak_nodes": "max"}
        self.settings = Settings(
            **{"dimensions": dimensions, "when_full_wait": 0.0, "flush_interval": INTERVAL} | settings
        )
        self.process = Process(self.disk, ROOT, door, self.settings, on_refused, clock, clock)

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
        self.process.delivery.round(mode)

    def drain(self) -> None:
        """Rounds until nothing is held; fails if that does not come."""
        for _ in range(50):
            self.round("all")
            stats = self.process.stats()
            if not stats.pending and not stats.open_groups:
                return
        raise AssertionError(f"still held: {self.process.stats()}")


#: unique for ever, where a test names an event
numbers = itertools.count(1)


def body(usage: Usage, event_id: str = "e-1") -> dict[str, Any]:
    """The event of one call."""
    return event_body(usage, event_id, usage.quantity)
