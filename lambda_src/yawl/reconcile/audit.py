"""The daily comparison of the engine's own statistics with what was committed to be billed.

The statistics count the same rows by another query, so a difference means that a start was missed or counted twice. A
start that no list has (``log_starts``) is in neither number.

The engine walks a specification's whole history for it, in a time that grows with the square of its cases, and answers
nothing else meanwhile: 170 s for 12,000 cases, measured on an engine 6.1. So only small specifications are compared.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from yawl.engine import Engine
from yawl.log.ports import EngineLog
from yawl.start import Specification

#: Milliseconds after a day's end at which it is compared.
SETTLED_MS = 3_600_000
DAY_MS = 86_400_000
#: Cases of a specification up to which the engine is asked for its statistics: it takes a second or two.
MOST_COUNTED = 1000


class Audited(NamedTuple):
    """What the comparison of a day found. left_out: specifications with too many cases to be compared."""

    differences: "Sequence[Difference]"
    left_out: int = 0


class Difference(NamedTuple):
    """A specification for which the numbers differ. ours: starts committed to be billed."""

    specification: Specification
    day: str
    theirs: int
    ours: int


def due_day(engine: Engine, audited: str, now_ms: int) -> str | None:
    """The day to compare now: the last whole one, once, and none that began before ``since``. Pure.

    now_ms: by the clock that is behind, ours or the engine's.
    """
    today = datetime.fromtimestamp((now_ms - SETTLED_MS) / 1000, UTC).date()
    day = today - timedelta(days=1)
    if day.isoformat() <= audited or _begin_ms(day) < engine.since * 1000:
        return None
    return day.isoformat()


def compare(
    log: EngineLog,
    specifications: Sequence[Specification],
    day: str,
    ours: Mapping[int, int],
    most: int | None = MOST_COUNTED,
) -> Audited:
    """Ask the engine for each specification's starts of the day. ours: ``EngineState.started``.

    most: cases of a specification that is compared; None compares all, where the log counts quickly (by SQL).

    A version with two rows in the log, of which the statistics reach one, is left out. Raises EngineLogError.
    """
    first = _begin_ms(date.fromisoformat(day))
    found, left_out = [], 0
    for specification in specifications:
        if most is not None and len(log.case_ids(specification)) > most:
            left_out += 1
            continue
        theirs = log.started(specification, first, first + DAY_MS - 1)
        counted = ours.get(specification.key, 0)
        if theirs is not None and theirs != counted:
            found.append(Difference(specification, day, theirs, counted))
    return Audited(found, left_out)


def _begin_ms(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp() * 1000)
