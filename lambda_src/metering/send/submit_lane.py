"""A lane: batches that one call of the submitter sends one after the other, so that its copy keeps its pace."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from metering.send.send_batch import MarketplaceBusy
from runtime.pause import Pause, full_jitter_of_seconds

#: How often a batch is tried in one lane. Then it is left for a later pass.
TRIES = 4
#: After so many busy answers in a row all that is left of the lane waits for a later pass.
IN_A_ROW = 6
#: Seconds after which a lane begins no other batch. The function's time limit is five minutes, and the longest batch
#: (25 lines that are rejected one by one, in 49 calls of 7 seconds at most) has to end before it in all but a disaster.
WITHIN = 100.0

T = TypeVar("T")


def submit_lane(
    batches: Sequence[T],
    submit: Callable[[T], None],
    *,
    monotonic: Callable[[], float] = time.monotonic,
    pause: Pause = full_jitter_of_seconds,
) -> list[T]:
    """Submit each batch, and return those that are left for a later pass.

    A batch that Marketplace is too busy for goes behind the others, which it must not hold up. Whatever else ``submit``
    raises ends the lane: the batches before it have been sent, and a repeat finds their lines ended.
    """
    waiting = deque((batch, 0) for batch in batches)
    left: list[T] = []
    begun, busy = monotonic(), 0
    while waiting and busy < IN_A_ROW and monotonic() - begun < WITHIN:
        batch, tries = waiting.popleft()
        if tries or busy > 1:
            pause(max(tries, busy) - 1)
        try:
            submit(batch)
        except MarketplaceBusy:
            busy += 1
            if tries + 1 < TRIES:
                waiting.append((batch, tries + 1))
            else:
                left.append(batch)
        else:
            busy = 0
    return left + [batch for batch, _ in waiting]
