"""Unique ids of send attempts; an id begins with the attempt's time.

An attempt is stored on its lines before the call, and stays there until an answer about them is stored. While it is
young its call may still be under way, so another run leaves the line for a later pass. That only saves calls:
correctness rests on the frozen lines alone.
"""

import uuid

#: Seconds for which a call may be under way. Connecting and reading take 35 at most (``marketplace.meter_usage``), and
#: the submitter may have to wait for its turn first.
UNDER_WAY = 120
#: Replaces every attempt that ended without an answer. They share one id, because one id per retry would let the record
#: grow for as long as Marketplace is down.
OVER = "0-over"


def new_attempt(now: float) -> str:
    """The id of an attempt made at ``now`` (epoch seconds), for example ``1795000000-5f0c9a7be112``."""
    return f"{int(now)}-{uuid.uuid4().hex[:12]}"


def is_under_way(attempt: str, now: float) -> bool:
    """Whether the attempt's call may still be under way at ``now`` (epoch seconds)."""
    made, _, _ = attempt.rpartition("-")
    return made.isdecimal() and now - int(made) < UNDER_WAY
