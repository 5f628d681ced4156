"""Sends a request again when its answer asks for that: later, and not for ever.

The pauses grow, with full jitter, and are never shorter than ``Retry-After``.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_result,
    sleep_using_event,
    stop_any,
    stop_before_delay,
    stop_when_event_set,
    wait_random_exponential,
)

from local.cloud.http import Answer

#: Seconds (of the machine's clock) after which a request is given up.
LONGEST = 120.0
#: Seconds by which a pause is at most longer than the answer asks for.
LONGEST_BACKOFF = 10.0
#: Statuses of API Gateway and the functions that mean "not now".
AGAIN = frozenset({429, 502, 503, 504})

_Result = TypeVar("_Result")


class Patience:
    """How long to wait. ``waiting`` receives the seconds of each pause; ``stop()`` ends the pauses of all threads."""

    def __init__(
        self,
        waiting: Callable[[float], None] = lambda _: None,
        *,
        longest: float = LONGEST,
        stopped: threading.Event | None = None,
    ) -> None:
        self._waiting = waiting
        self._longest = longest
        self._stopped = stopped or threading.Event()

    def until_answered(self, ask: Callable[[], _Result], asks_again: Callable[[_Result], float | None]) -> _Result:
        """Asks until the answer is final, and returns the last answer, final or not.

        asks_again: None for a final answer, else how many seconds to wait at least.
        """
        backoff = wait_random_exponential(multiplier=0.2, max=LONGEST_BACKOFF)
        retrying = Retrying(
            retry=retry_if_result(lambda result: asks_again(result) is not None),
            wait=lambda state: (asks_again(_result(state)) or 0) + backoff(state),
            stop=stop_any(stop_before_delay(self._longest), stop_when_event_set(self._stopped)),
            sleep=sleep_using_event(self._stopped),
            before_sleep=lambda state: self._waiting(state.upcoming_sleep),
            retry_error_callback=_result,
        )
        return retrying(ask)

    def pause(self, seconds: float) -> None:
        """Waits, and reports the pause."""
        self._waiting(seconds)
        self.sleep(seconds)

    def sleep(self, seconds: float) -> None:
        """Waits without a report."""
        self._stopped.wait(seconds)

    def stop(self) -> None:
        """Ends every pause at once, now and later; each caller gets its latest answer."""
        self._stopped.set()


def asks_again(answer: Answer) -> float | None:
    """The seconds after which an answer asks for the same request again; None if it does not."""
    seconds = answer.headers.get("retry-after", "")
    if seconds.isdecimal():
        return float(seconds)
    return 0.0 if answer.status in AGAIN else None


def _result(state: RetryCallState) -> Any:
    assert state.outcome is not None, "tenacity asks after an answer only"
    return state.outcome.result()
