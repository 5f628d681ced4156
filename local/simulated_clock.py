"""The simulated clock: one file with the seconds by which simulated time is ahead of the machine's.

The functions of the stage ``local``, the local Marketplace and the local cloud's notices all read it
(``runtime.clock``), so that a day of hours passes in seconds.
"""

import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from runtime.clock import OFFSET_VARIABLE


class SimulatedClock:
    """Sets and reads the simulated time. This process reads it too, through the same file."""

    def __init__(self, file: Path) -> None:
        self.file = file.absolute()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text("0", encoding="ascii")
        os.environ[OFFSET_VARIABLE] = str(self.file)

    def set(self, moment: float) -> None:
        """Now is that moment (epoch seconds); time goes on from there."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(repr(moment - time.time()), encoding="ascii")
        fresh.replace(self.file)  # a reader sees the old offset or the new one, never half of it

    def now(self) -> float:
        return time.time() + float(self.file.read_text(encoding="ascii"))


def working_day(today: date) -> date:
    """The day to simulate: in the middle of this month, so that no month's end lies within a day of it.

    Near the machine's own date, so that what is kept for 60 days is not deleted under the run.
    """
    return today.replace(day=15)


def moment_of(day: date, hour: float) -> float:
    """Epoch seconds of an hour of that day, UTC; ``hour`` may have a fraction or lie outside 0 to 24."""
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)).timestamp()
