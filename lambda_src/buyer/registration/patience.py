"""How long one request repeats its calls of a busy Marketplace: exponential backoff with full jitter.

ResolveCustomer has no published quota and GetEntitlements 20 calls a second (Service Quotas). Both only read, so they
may be repeated, and a rush of buyers lasts some seconds.
"""

import random
import time
from collections.abc import Callable, Iterator
from itertools import count

#: Seconds after the request's start within which a call may begin. The last one may take 7 more
#: (``marketplace.client``), the session's keys 12 at worst, and the function has 28.
BEGINS_WITHIN = 8.0
SHORTEST, LONGEST = 0.1, 2.0


class Patience:
    """The time that one request has for its calls of Marketplace. It begins when this is made."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._until = monotonic() + BEGINS_WITHIN

    def attempts(self) -> Iterator[int]:
        """Numbers from 0, one for each attempt that there is time for, with a wait before each but the first."""
        wait = 0.0
        for attempt in count():
            if self._monotonic() + wait >= self._until:
                return
            if attempt:
                self._sleep(wait)
            yield attempt
            wait = random.uniform(0, min(LONGEST, SHORTEST * 2**attempt))  # noqa: S311  # no secret
