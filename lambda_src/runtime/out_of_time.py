"""The end of an invocation's time, and the watch that sees it coming."""

from collections.abc import Callable

#: What a page of work, its findings and the metrics take at most.
RESERVE = 60.0


class OutOfTime(Exception):
    """The invocation has no time for more; the next one goes on."""


def watch(seconds_left: Callable[[], float]) -> Callable[[], None]:
    """A function that raises OutOfTime once little of the invocation's time is left."""

    def in_time() -> None:
        if seconds_left() < RESERVE:
            raise OutOfTime

    return in_time
