"""The pace of BatchMeterUsage calls: Marketplace allows 10 in any second per account and Region (service quotas)."""

import time
from collections.abc import Callable

#: Calls that Marketplace takes in any second.
QUOTA = 10
#: Seconds reserved for network jitter: calls do not take equally long to arrive.
JITTER = 0.05


class Pace:
    """A grid of moments for the calls of this copy of the function, ``interval`` seconds apart.

    A call that is late by at most ``slack`` does not move the grid, so that lateness costs no calls; a later call moves
    it. Any ``n + 1`` calls of a copy therefore take at least ``n * interval - slack``. A copy's share of the quota is
    ``n = QUOTA // copies``. The slack makes ``n * interval - slack`` a second and the jitter, so that a copy makes at
    most ``n`` calls in any second, and all copies together at most ``QUOTA``.
    """

    def __init__(
        self,
        *,
        calls_per_second: float,
        copies: int,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """copies: how many copies of the function share the rate (its reserved concurrency)."""
        self.interval = copies / calls_per_second
        self.slack = max(0.0, QUOTA // copies * self.interval - 1 - JITTER)
        self._monotonic = monotonic
        self._sleep = sleep
        self._due: float | None = None

    def wait(self) -> None:
        """Returns when the next call may be made."""
        now = self._monotonic()
        due = now if self._due is None else self._due
        if now < due:
            self._sleep(due - now)
            now = self._monotonic()
        self._due = max(due, now - self.slack) + self.interval
