"""The name of one attempt to send a line: when it was made, and that nothing else is called so.

An attempt stands on its lines from before the call until an answer about them is stored. While it is young its call may
still be under way; then another run leaves the line alone for a while. That saves calls, correctness rests on frozen
lines alone.
"""

import uuid

#: seconds for which a call may be under way: connecting and reading take 35 at most (``marketplace.meter_usage``), and
#: the submitter may have to wait its turn before
UNDER_WAY = 120
#: stands for all of a line's attempts whose call is over without an answer: each may have been done, none is under way.
#: One name for all, or a day without answers would make the record grow with every try, and with it each write's cost
OVER = "0-over"


def new_attempt(now: float) -> str:
    """``1795000000-5f0c9a7be112``: made now (epoch seconds)."""
    return f"{int(now)}-{uuid.uuid4().hex[:12]}"


def is_under_way(attempt: str, now: float) -> bool:
    """Whether the attempt's call may still be under way at ``now`` (epoch seconds)."""
    made, _, _ = attempt.rpartition("-")
    return made.isdecimal() and now - int(made) < UNDER_WAY
