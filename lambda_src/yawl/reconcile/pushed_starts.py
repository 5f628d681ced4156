"""Started cases by announcements alone, for an engine whose log cannot be read (``push-only``).

What this cannot promise: an announcement that is lost is not billed, one of a launch that failed is, and a case id that
a caller uses again counts once.
"""

from collections.abc import Iterator

from yawl.reconcile.known import FoundCase, FoundStart, number_of
from yawl.reconcile.source import Findings, Reading
from yawl.state.ports import Anchor

#: Milliseconds for which announcements are read again: copies of the gateway have clocks of their own, and write late.
AGAIN_MS = 600_000


class PushedStarts:
    """A StartSource. The earliest announcement of a case id is its start, at the time of its arrival."""

    def check(self, anchor: Anchor) -> None:
        """Nothing: there is no log to compare with."""

    def find(self, reading: Reading, findings: Findings) -> Iterator[FoundCase]:
        """Numbers of the counter that come again long after their start are a fault that stops nothing: a caller may
        have supplied one, or the database was made anew, and then its cases are not billed until the epoch is raised.
        """
        known, seen, repeated = reading.known, set(), 0
        until = reading.progress.hints_until
        for start in reading.announced:
            if start.case_id in seen:
                continue
            seen.add(start.case_id)
            if known.count(start.case_id):
                repeated += start.at_ms > until and number_of(start.case_id) is not None
                continue
            found = FoundStart(0, start.at_ms, start.launching_service, start.specification)
            yield FoundCase(start.case_id, (found,))
        if repeated:
            findings.warning = f"{repeated} case numbers were announced again long after their start"
