"""The clock: UTC now, in seconds since the epoch.

On AWS it is the machine's clock. The local stage alone sets ``CLOCK_OFFSET_FILE``, the path of a file that holds a
number of seconds to add, so that a day of hours passes in seconds; a missing or empty file means no offset.
"""

import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

OFFSET_VARIABLE = "CLOCK_OFFSET_FILE"

#: Returns now in seconds since the epoch; rules and stores take one of these instead of reading the time.
Clock = Callable[[], float]


# Date and time of one form each, extended or basic; a fraction of the seconds; Z, ±hh, ±hh:mm or ±hhmm.
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d+)?)?|\d{8}T\d{4}(\d\d([.,]\d+)?)?)(Z|[+-]\d\d(:?\d\d)?)",
    re.ASCII | re.IGNORECASE,
)


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
    """Seconds since the epoch of an ISO 8601 calendar date and time with a zone (RFC 3339, which lets ``t`` and ``z``
    stand for ``T`` and ``Z``, and ISO's basic form and shorter times). Raises ValueError otherwise.

    ``datetime.fromisoformat`` alone takes any character between date and time, blanks and what follows a NUL.
    """
    if not _ISO.fullmatch(text):
        raise ValueError("not an ISO 8601 time with a zone, for example 2026-11-15T08:00:00Z")
    return datetime.fromisoformat(text.upper()).timestamp()
