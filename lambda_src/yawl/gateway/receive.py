"""What follows from an announcement: a case's start is kept, after an engine's own start its log is read, and each of
them shows that the engine lives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from runtime.clock import Clock
from yawl.announced_start import AnnouncedStart
from yawl.engine import Engine
from yawl.engines import Engines
from yawl.gateway.announcement import CASE_STARTED, ENGINE_INITIALISED, Announcement
from yawl.gateway.notes import Notes

#: ``started``: a case's start was kept. ``noted``: only that the engine was heard. ``unknown``: that, too, and the
#: action is none of YAWL's.
Outcome = Literal["started", "noted", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """What the function works with.

    read_log: lets the log of the engine with this id be read, and does not wait for it.
    """

    engines: Engines
    notes: Notes
    read_log: Callable[[str], None]
    clock: Clock

    def receive(self, engine: Engine, announcement: Announcement) -> Outcome:
        """Do what the announcement asks for. Raises the errors of the store, and of ``read_log``."""
        now = int(self.clock() * 1000)
        outcome: Outcome = "noted" if announcement.is_known else "unknown"
        if announcement.action == CASE_STARTED:
            self.notes.start(engine, _start(announcement, now))
            outcome = "started"
        self.notes.heard(engine, now)
        # An engine that is push-only has no log that we could read.
        if announcement.action == ENGINE_INITIALISED and engine.mode == "log" and self.notes.claim_reading(engine, now):
            self.read_log(engine.id)
        return outcome


def _start(announcement: Announcement, now: int) -> AnnouncedStart:
    assert announcement.case_id is not None  # ``announcement.read`` refuses a start without one.
    return AnnouncedStart(
        case_id=announcement.case_id,
        at_ms=now,
        launching_service=announcement.launching_service,
        specification=announcement.specification,
        delayed=announcement.delayed,
    )
