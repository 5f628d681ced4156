"""The hour in which an event is billed. Pure.

Usage goes to its own hour while that is open; otherwise to the running hour, marked late. Usage never opens an older
hour, which might be too old to send.
"""

from collections.abc import Callable
from typing import NamedTuple

from marketplace.hour import SECONDS, hour_of


class Route(NamedTuple):
    """The hour (epoch seconds of its start), and whether it is later than the event's own."""

    hour: int
    late: bool


def route(occurred_at: float, now: float, latest_activation: float, is_closed: Callable[[int], bool]) -> Route:
    """The hour for an event.

    occurred_at, now, latest_activation: epoch seconds; an ``occurred_at`` ahead of now counts as now.
    is_closed: whether the record of an hour is closing or sealed; a record that does not exist is not closed.
    The running hour, or the one before if not closed, is the event's own; never an hour before the latest activation's.
    If the record there is closed: the first hour at or after the running one whose record is not.
    """
    running = hour_of(now)
    first = hour_of(latest_activation)
    own = min(hour_of(occurred_at), running)
    if own == running - SECONDS and own >= first and not is_closed(own):
        return Route(own, late=False)
    hour = max(running, first)
    while is_closed(hour):
        hour += SECONDS
    return Route(hour, late=hour > own)
