"""How lines, hours and events are named at the command line.

A line is ``<billing key>/<hour>/<dimension>``, an hour ``<billing key>/<hour>`` (ISO, for example
``l-0123456789abcdef/2026-11-15T14:00Z``), an event ``<billing key>/<event id>``.
"""

from typing import NamedTuple

from marketplace.billing_identity import BILLING_KEY
from marketplace.hour import hour_of
from ops.refused import Refused
from runtime.clock import from_iso, iso

#: The most characters of an id that a command looks at.
LONGEST = 1024


class HourId(NamedTuple):
    """One customer's hour; ``hour``: epoch seconds of its start."""

    customer: str
    hour: int

    def __str__(self) -> str:
        return f"{self.customer}/{short_hour(self.hour)}"


class LineId(NamedTuple):
    """One customer's hour and dimension."""

    customer: str
    hour: int
    dimension: str

    def __str__(self) -> str:
        return f"{self.customer}/{short_hour(self.hour)}/{self.dimension}"

    @property
    def of_hour(self) -> HourId:
        """The hour that the line is part of."""
        return HourId(self.customer, self.hour)


class EventId(NamedTuple):
    """One customer's usage event."""

    customer: str
    event: str

    def __str__(self) -> str:
        return f"{self.customer}/{self.event}"


def parse_customer(text: str) -> str:
    """A billing key. Raises Refused for a text that is none."""
    if len(text) > LONGEST or not BILLING_KEY.fullmatch(text):
        raise Refused(f"{text[:80]!r} is no billing key: write the customerIdentifier of yawl-subscribers")
    return text


def parse_hour(text: str) -> HourId:
    """``<billing key>/<hour>``. Raises Refused for another form."""
    customer, _, hour = text.partition("/")
    if not hour:
        raise Refused(f"{text[:80]!r} names no hour: write <customer>/<hour>, for example {customer[:40]}/{EXAMPLE}")
    return HourId(parse_customer(customer), _hour(hour))


def parse_line(text: str) -> LineId:
    """``<billing key>/<hour>/<dimension>``. Raises Refused for another form."""
    customer, _, rest = text.partition("/")
    hour, _, dimension = rest.partition("/")
    if not hour or not dimension:
        raise Refused(f"{text[:80]!r} is no line: write <customer>/<hour>/<dimension>, the hour like {EXAMPLE}")
    return LineId(parse_customer(customer), _hour(hour), dimension)


def parse_event(text: str) -> EventId:
    """``<billing key>/<event id>``; the id may hold slashes. Raises Refused for another form."""
    customer, _, event = text.partition("/")
    if not event or len(text) > LONGEST:
        raise Refused(f"{text[:80]!r} names no event: write <customer>/<event id>")
    return EventId(parse_customer(customer), event)


def short_hour(hour: int) -> str:
    """``2026-11-15T14:00Z``: an hour as ids have it."""
    return iso(hour).removesuffix(":00Z") + "Z"


EXAMPLE = "2026-11-15T14:00Z"


def _hour(text: str) -> int:
    try:
        moment = from_iso(text)
    except (ValueError, OverflowError):
        raise Refused(f"{text[:40]!r} is no hour: write it like {EXAMPLE}") from None
    if moment != hour_of(moment):
        raise Refused(f"{text[:40]!r} is no full hour: did you mean {short_hour(hour_of(moment))}?")
    return int(moment)
