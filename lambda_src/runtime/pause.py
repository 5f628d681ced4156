"""Pauses before another attempt."""

import random
import time
from collections.abc import Callable

#: A function that waits before attempt number n (from 0) is repeated; tests pass one that does not wait.
Pause = Callable[[int], None]

SHORTEST = 0.02
LONGEST = 0.4


def full_jitter(attempt: int) -> None:
    """Exponential backoff with full jitter: several writers of one item must not meet again."""
    time.sleep(random.uniform(0, min(LONGEST, SHORTEST * 2**attempt)))  # noqa: S311  # no secret


def full_jitter_of_seconds(attempt: int) -> None:
    """The same where another service is busy: within 1, 2, then 4 seconds."""
    time.sleep(random.uniform(0, min(4, 2**attempt)))  # noqa: S311  # no secret
