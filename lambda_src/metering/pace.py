"""The pace of BatchMeterUsage calls: Marketplace allows 10 a second per account and Region (service quotas)."""

import time
from collections.abc import Callable


class Pace:
    """Keeps calls of this copy of the function at least ``interval`` seconds apart."""

    def __init__(
        self,
        *,
        calls_per_second: float,
        copies: int,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``copies``: how many copies of the function share the rate (its reserved concurrency)."""
        self.interval = copies / calls_per_second
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = 0.0

    def wait(self) -> None:
        """Return when the next call may be made."""
        now = self._monotonic()
        if now < self._next:
            self._sleep(self._next - now)
            now = self._next
        self._next = now + self.interval
