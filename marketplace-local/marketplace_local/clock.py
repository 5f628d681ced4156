"""The Marketplace's clock, and how times are written in its answers."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

#: Returns now in seconds since the epoch, UTC.
Clock = Callable[[], float]


class MovableClock:
    """The machine's clock plus an offset.

    ``file`` holds the offset in seconds and may be shared with other programs: each reads it anew every time, and
    ``set`` replaces it. A missing or empty file is an offset of 0. Without a file the offset stays in this object.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self._offset = 0.0

    def __call__(self) -> float:
        """Now, in seconds since the epoch."""
        return time.time() + self._read()

    def set(self, moment: float) -> None:
        """Makes ``moment`` (epoch seconds) the present; time passes from there."""
        self._offset = moment - time.time()
        if self.file:
            new = self.file.with_name(self.file.name + ".new")
            new.write_text(repr(self._offset), encoding="ascii")
            new.replace(self.file)  # A reader sees the old offset or the new one, never a part of it.

    def _read(self) -> float:
        if not self.file:
            return self._offset
        try:
            return float(self.file.read_text(encoding="ascii").strip() or 0)
        except FileNotFoundError:
            return 0.0


@lru_cache(maxsize=4096)
def iso(seconds: float) -> str:
    """``2026-11-15T08:00:00Z``, with milliseconds where there are any."""
    moment = datetime.fromtimestamp(seconds, UTC)
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def from_iso(text: str) -> float:
    """Seconds since the epoch of an ISO 8601 date and time. Raises ValueError if it names no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone, for example 2026-11-15T08:00:00Z")
    return moment.timestamp()
