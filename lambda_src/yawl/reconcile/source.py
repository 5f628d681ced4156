"""Where started cases come from: the engine's log over HTTP, its announcements, or its database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from yawl.announced_start import AnnouncedStart
from yawl.reconcile.known import FoundCase, Known
from yawl.state.ports import Anchor, Progress


class CounterFellBack(Exception):
    """The log does not have a start any more that it had: another database is behind the engine's address."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one reading begins with. now_ms: by our clock. announced: what arrived after ``progress.hints_until``, and
    some of what arrived before.
    """

    known: Known
    progress: Progress
    announced: Sequence[AnnouncedStart]
    now_ms: int


@dataclass
class Findings:
    """What a reading found out beside the cases. progress: to be stored once all found cases are committed.

    problems: errors that kept a part of the log from being read; the reading is good without one.
    without_row: listed cases that have had no row of their start for an hour. clock_offset_ms: the engine's clock minus
    ours, if known. warning: what a person should look at although the reading is good.
    """

    progress: Progress
    problems: list[Exception] = field(default_factory=list)
    without_row: int = 0
    clock_offset_ms: int | None = None
    warning: str | None = None

    def note(self, **changes: object) -> None:
        """Change fields of ``progress``."""
        self.progress = replace(self.progress, **changes)  # type: ignore[arg-type]  # fields by name


class StartSource(Protocol):
    """Finds cases that are not known, or not with all of their starts."""

    def check(self, anchor: Anchor) -> None:
        """Raise CounterFellBack if the log does not have that start. May raise the source's errors."""

    def find(self, reading: Reading, findings: Findings) -> Iterator[FoundCase]:
        """Cases that may have new starts, in any order, and never two of one id. What is asked for lazily may raise;
        the cases before it are committed all the same."""
