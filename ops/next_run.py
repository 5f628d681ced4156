"""When the next hourly run begins, and whether that is before the deadline of what a person has let go.

Pure, but for the stage that is asked. A run begins every hour, ``sealDelayMinutes`` after it, and every five minutes
from 05:00 to 06:00 UTC on the 1st (``stacks.constructs.workflows.schedule``).
"""

from datetime import UTC, datetime

from marketplace.hour import ALONE_BELOW, SECONDS
from ops.stage import OpenStage
from runtime.clock import iso

#: Of the runs at the month's end: their hour on the 1st, and the seconds between two.
LAST_HOUR, EVERY = 5, 5 * 60
DAY = 24 * SECONDS
BY_HAND = "start a run now (docs/operations.md, To run an hour by hand)"


def next_run(now: float, delay_minutes: int) -> int:
    """The moment at which the next scheduled run begins (epoch seconds); now, if one begins now."""
    begun = int(now // SECONDS) * SECONDS + 60 * delay_minutes
    hourly = begun if now <= begun else begun + SECONDS
    midnight = int(now // DAY) * DAY
    if datetime.fromtimestamp(midnight, UTC).day != 1:
        return hourly
    soon = max(int(-(-now // EVERY)) * EVERY, midnight + LAST_HOUR * SECONDS)
    return min(hourly, soon) if soon < midnight + (LAST_HOUR + 1) * SECONDS else hourly


def sent_by(stage: OpenStage, deadline: float | None, what: str = "it") -> str:
    """A sentence's end that says which run sends it, and what to do where its deadline is nearer. A run takes minutes
    to come to it, so that one that begins just before the deadline does not count.

    deadline: epoch seconds; None where nothing waits. what: as the sentence names it.
    """
    run = next_run(stage.now(), stage.settings.seal_delay_minutes)
    if deadline is None or run + ALONE_BELOW < deadline:
        until = f", before its deadline {iso(int(deadline))}" if deadline is not None else ""
        return f"the next run, at {iso(run)}, sends {what}{until}"
    return f"the next run, at {iso(run)}, is too late for its deadline {iso(int(deadline))}: {BY_HAND}"
