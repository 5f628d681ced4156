"""The simulated day is right on any day of a month."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from local.simulated_clock import clock_at, moment_of, working_day
from marketplace.hour import is_month_end
from runtime import clock
from runtime.clock import OFFSET_VARIABLE

ANY_DAY = [date(2027, 1, 1) + timedelta(days=day) for day in range(366 * 2)]


def test_no_months_end_is_near_and_what_is_kept_outlives_the_run() -> None:
    for today in ANY_DAY:
        day = working_day(today)
        hours = [int(moment_of(day, hour)) for hour in range(-1, 26)]
        assert not any(is_month_end(hour) for hour in hours)
        assert abs(day - today) < timedelta(days=20), "events are kept for 60 days, by the machine's clock"


def test_every_part_reads_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "new" / "offset"
    monkeypatch.setenv(OFFSET_VARIABLE, str(file))
    simulated = clock_at(8.5, file)
    assert simulated() == pytest.approx(moment_of(working_day(datetime.now(UTC).date()), 8.5), abs=5)
    moment = datetime(2027, 2, 15, 8, 30, tzinfo=UTC).timestamp()
    simulated.set(moment)
    assert simulated() == pytest.approx(moment, abs=5)
    assert clock.now() == pytest.approx(moment, abs=5)
    assert moment_of(date(2027, 2, 15), 8.5) == moment
