"""The one place where time, randomness and made-up names of the code come from the episode's seed instead."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from ledger import metering_records
from yawl.reconcile import log_starts

#: Modules that read the time, wait, draw or make up a name, with the library that they do it by.
_SOURCES = (
    ("runtime.pause", "time"),
    ("runtime.pause", "random"),
    ("runtime.clock", "time"),
    ("metering.send.pace", "time"),
    ("ledger.metering_record", "uuid"),
    ("yawl.state.dynamodb", "uuid"),
    ("yawl.reconcile.log_starts", "time"),
)


class Sources:
    """Stand-ins for ``time``, ``random`` and ``uuid``; ``now``, ``sleep`` and ``chance`` are set by each episode."""

    def __init__(self) -> None:
        self.now: Any = lambda: 0.0
        self.sleep: Any = lambda _seconds: None
        self.chance = Random(0)
        self.time = SimpleNamespace(
            time=lambda: self.now(), monotonic=lambda: self.now(), sleep=lambda seconds: self.sleep(seconds)
        )
        self.random = SimpleNamespace(uniform=lambda low, high: self.chance.uniform(low, high))
        self.uuid = SimpleNamespace(uuid4=lambda: uuid.UUID(int=self.chance.getrandbits(128), version=4))

    @property
    def pending_values(self) -> tuple[str, ...]:
        return metering_records.PENDING_VALUES

    @pending_values.setter
    def pending_values(self, values: tuple[str, ...]) -> None:
        metering_records.PENDING_VALUES = values


@contextmanager
def one_seed() -> Iterator[Sources]:
    """Within it nothing of the project's code depends on the machine."""
    import importlib

    sources = Sources()
    with ExitStack() as stack:
        stack.enter_context(patch.object(metering_records, "PENDING_VALUES", metering_records.PENDING_VALUES))
        # An engine of the simulation has no thousand cases from before: its first reading leaves some unread, too.
        stack.enter_context(patch.object(log_starts, "OLD_FOR_SURE", 20))
        for name, library in _SOURCES:
            try:
                module = importlib.import_module(name)
            except ModuleNotFoundError:
                continue
            if hasattr(module, library):
                stack.enter_context(patch.object(module, library, getattr(sources, library)))
        yield sources
