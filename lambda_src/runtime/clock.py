"""The clock: UTC now, in seconds since the epoch.

On AWS it is the machine's clock. The local stage alone sets ``CLOCK_OFFSET_FILE``, the path of a file that holds a
number of seconds to add, so that a day of hours passes in seconds; a missing or empty file means no offset.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

OFFSET_VARIABLE = "CLOCK_OFFSET_FILE"

#: Returns now in seconds since the epoch; rules and stores take one of these instead of reading the time.
Clock = Callable[[], float]


def now() -> float:
    """Seconds since the epoch, UTC, with the local stage's offset if there is one."""
    return time.time() + offset()


def offset() -> float:
    """Seconds by which the local stage's clock is ahead of the machine's; 0 where no offset file is named."""
    path = os.environ.get(OFFSET_VARIABLE)
    if not path:
        return 0.0
    try:
        return float(Path(path).read_text(encoding="ascii").strip() or 0)
    except FileNotFoundError:
        return 0.0


def iso(seconds: float) -> str:
    """``2026-11-15T08:00:00Z``: how times in payloads and log lines are written (milliseconds where there are any)."""
    moment = datetime.fromtimestamp(seconds, UTC)
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def from_iso(text: str) -> float:
    """Seconds since the epoch of an ISO 8601 time with a zone. Raises ValueError otherwise."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone, for example 2026-11-15T08:00:00Z")
    return moment.timestamp()
