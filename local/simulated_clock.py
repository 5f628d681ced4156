"""The simulated clock, by which a day of hours passes in seconds.

Its file holds the seconds by which simulated time is ahead of the machine's. The functions of the stage ``local``
(``runtime.clock``), the local Marketplace and the notices of the local cloud all read it.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from marketplace_local.clock import MovableClock


def working_day(today: date) -> date:
    """The day to simulate: the 15th, so that the month neither begins nor ends within a day of it.

    It is near the machine's date, because DynamoDB deletes by the machine's clock what the stage keeps for 60 days.
    """
    return today.replace(day=15)


def moment_of(day: date, hour: float) -> float:
    """Epoch seconds of an hour of that day, UTC; ``hour`` may have a fraction or lie outside 0 to 24."""
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)).timestamp()


def clock_at(hour: float, file: Path, day: date | None = None) -> MovableClock:
    """The clock of ``file`` (created with its folder), set to that hour of the day, or of today's working day."""
    file.parent.mkdir(parents=True, exist_ok=True)
    clock = MovableClock(file.absolute())
    clock.set(moment_of(day or working_day(datetime.now(UTC).date()), hour))
    return clock
