"""The end of an invocation's time, and the watch that sees it coming."""

from collections.abc import Callable
from math import inf

#: What a page of work, its findings and the metrics take at most.
RESERVE = 60.0


class OutOfTime(Exception):
    """The invocation has no time for more; the next one goes on."""


class Watch:
    """Called, it raises OutOfTime once little of the invocation's time is left."""

    def __init__(self, seconds_left: Callable[[], float], reserve: float = RESERVE) -> None:
        """reserve: seconds that have to be left."""
        self._seconds_left = seconds_left
        self._reserve = reserve

    def __call__(self) -> None:
        """Raises OutOfTime."""
        if self._seconds_left() < self._reserve:
            raise OutOfTime

    def half(self) -> "Watch":
        """A watch over half of the time that there is now, for work that must not take all of it from another."""
        return Watch(self._seconds_left, max(self._reserve, (self._seconds_left() + self._reserve) / 2))


#: For work that may take as long as it likes.
PATIENT = Watch(lambda: inf)
