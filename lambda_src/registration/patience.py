"""How long one request rides out a busy Marketplace: exponential backoff with full jitter, within the gateway's time.

ResolveCustomer has no published quota and GetEntitlements 20 calls a second (Service Quotas); both only read, so they
may be asked again. Many buyers at once are a matter of seconds.
"""

import random
import time
from collections.abc import Callable, Iterator
from itertools import count

#: seconds after the request's start in which a call may begin. The last one may take 7 more (``marketplace.client``),
#: the session's keys 12 at the very worst, and the function has 28
BEGINS_WITHIN = 8.0
SHORTEST, LONGEST = 0.1, 2.0


class Patience:
    """Made at a request's start, and shared by all that it asks of Marketplace."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._until = monotonic() + BEGINS_WITHIN

    def attempts(self) -> Iterator[int]:
        """Numbers from 0, one for each attempt there is time for; between them it waits."""
        wait = 0.0
        for attempt in count():
            if self._monotonic() + wait >= self._until:
                return
            if attempt:
                self._sleep(wait)
            yield attempt
            wait = random.uniform(0, min(LONGEST, SHORTEST * 2**attempt))  # noqa: S311  # no secret
