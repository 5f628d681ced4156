"""After an outage of Marketplace (or of ours): what still fits before its deadline, at 100,000 customers with 5 lines.

A model, minute by minute: hours close, wait their seal delay, and are sent oldest first at the stage's rate. Deadlines
are the submitter's own (``marketplace.hour``); an hour's lines are one number, since they differ in nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.figure import PLOTS, Figure, Reading, Say, Table
from bench.plot import Axis, Series, lines
from marketplace.hour import SECONDS, deadline
from marketplace.meter_usage import MAX_RECORDS
from runtime.clock import from_iso, iso

CUSTOMERS, DIMENSIONS = 100_000, 5
LINES = CUSTOMERS * DIMENSIONS
SEAL_DELAY = 600
STEP = 60
#: The stage's default, one nearer to the quota, and the quota itself.
RATES = (8.0, 9.0, 10.0)
OUTAGES = tuple(range(1, 31))
#: An ordinary day, and the last of a month.
ORDINARY, LAST_DAY = from_iso("2026-11-15T08:00:00Z"), from_iso("2026-12-01T00:00:00Z")
MUST_SURVIVE = 20
#: When an outage at the month's end is over, and how long it was.
MONTH_ENDS = tuple((hour, length) for hour in (0, 2, 4, 5) for length in (2, 6, 12, 20))


@dataclass(frozen=True)
class Aftermath:
    """What an outage leaves.

    expired: lines that could not be sent in time. left: seconds to its deadline of the line that came nearest to it.
    caught_up: seconds from the outage's end until nothing was due any more; None if that does not happen in the time
    looked at.
    """

    expired: float
    left: float
    caught_up: float | None


def after(start: float, end: float, rate: float, look: float = 72 * SECONDS) -> Aftermath:
    """What an outage leaves in which nothing is sent from ``start`` to ``end``; before it, all was.

    rate: calls a second. look: seconds looked at after it.
    """
    first = int(start // SECONDS) * SECONDS
    while first + SECONDS + SEAL_DELAY > start:
        first -= SECONDS
    first += SECONDS  # This is the first hour that was not due yet when the outage began.
    waiting: dict[int, float] = {}
    expired, left, caught_up = 0.0, float("inf"), None
    upcoming, now = first, start
    while now < end + look:
        while upcoming + SECONDS + SEAL_DELAY <= now:
            waiting[upcoming] = LINES
            upcoming += SECONDS
        for hour in [hour for hour in waiting if deadline(hour) <= now]:
            expired += waiting.pop(hour)
        if now >= end:
            room = STEP * rate * MAX_RECORDS
            for hour in sorted(waiting):
                sent = min(room, waiting[hour])
                room -= sent
                waiting[hour] -= sent
                left = min(left, deadline(hour) - now)
                if waiting[hour] <= 0:
                    del waiting[hour]
                if room <= 0:
                    break
            if not waiting and caught_up is None:
                caught_up = now - end
        now += STEP
    return Aftermath(expired, left, caught_up)


def ordinary(hours: float, rate: float) -> Aftermath:
    """What an outage of so many hours leaves in the middle of a month, begun when an hour was due."""
    start = ORDINARY + SEAL_DELAY
    return after(start, start + hours * SECONDS, rate)


def at_month_end(over_at: float, hours: float, rate: float) -> Aftermath:
    """What an outage of so many hours leaves that is over so many hours after midnight of the 1st."""
    end = LAST_DAY + over_at * SECONDS
    return after(end - hours * SECONDS, end, rate, look=12 * SECONDS)


def longest(rate: float) -> int:
    """The longest outage, in whole hours, after which nothing expires on an ordinary day."""
    return max((hours for hours in OUTAGES if not ordinary(hours, rate).expired), default=0)


def measure(say: Say) -> Figure:
    """The longest outage without an expired line, at each rate of ``RATES``, and how much expires after longer ones."""
    say("outages of 1 to 30 hours")
    survived = {rate: longest(rate) for rate in RATES}
    worst = ordinary(MUST_SURVIVE, RATES[0])
    lines(
        PLOTS / "outage.svg",
        "Lines that expire after an outage on an ordinary day",
        Axis("hours of outage"),
        Axis("million lines"),
        [Series(f"{rate:g} calls/s", [(float(h), ordinary(h, rate).expired / 1e6) for h in OUTAGES]) for rate in RATES],
    )
    return Figure(
        name="outage",
        title="After an outage",
        method=(
            f"{__doc__} {LINES:,} lines an hour are {LINES // MAX_RECORDS:,} calls, or "
            f"{LINES / MAX_RECORDS / SECONDS:.2f} a second, of the 10 that Marketplace takes."
        ),
        readings=[
            Reading(
                what=f"expired after {MUST_SURVIVE} h on an ordinary day, at {RATES[0]:g} calls/s",
                target="0",
                reached=f"{worst.expired:,.0f}",
                met=worst.expired == 0,
            ),
            *(
                Reading(what=f"longest outage without loss, at {rate:g} calls/s", target="", reached=f"{hours} h")
                for rate, hours in survived.items()
            ),
        ],
        tables=[
            Table(
                title="An ordinary day, at the stage's default rate",
                head=["outage", "expired lines", "nearest to a deadline", "caught up after"],
                rows=[_row(f"{hours} h", ordinary(hours, RATES[0])) for hours in (4, 12, 16, 20, 22, 23, 24, 26)],
            ),
            Table(
                title=f"The month's end ({iso(LAST_DAY + 6 * SECONDS)} closes the month): lines that cannot fit",
                head=["outage over at", "its length", *(f"{rate:g} calls/s" for rate in RATES)],
                rows=[_month_row(over_at, hours) for over_at, hours in MONTH_ENDS],
            ),
        ],
        plots=[("outage.svg", "Expired lines by the length of the outage")],
        notes=[
            "The rate is what the stage permits itself. One execution keeps it busy, since it prepares a page while it "
            "sends the one before (see *An hour through the deployed workflow*).",
            "What cannot fit at the month's end ends `expired`, by name, alarmed hours before. The deadline is "
            "Marketplace's: only what is sent earlier, or faster, can be saved.",
        ],
        data={"longest": {f"{rate:g}": hours for rate, hours in survived.items()}},
    )


def _row(name: str, found: Aftermath) -> Sequence[str]:
    caught_up = "not in 72 h" if found.caught_up is None else f"{found.caught_up / SECONDS:.1f} h"
    return [name, f"{found.expired:,.0f}", f"{found.left / SECONDS:.1f} h", caught_up]


def _month_row(over_at: float, hours: float) -> Sequence[str]:
    lost = [at_month_end(over_at, hours, rate).expired for rate in RATES]
    return [f"{over_at:02g}:00", f"{hours:g} h", *(f"{count:,.0f}" for count in lost)]
