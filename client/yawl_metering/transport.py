"""The way out: what a transport must do, and what can come of a batch. A batch that is sent twice counts once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from yawl_metering.replay import Frozen

MAX_EVENTS = 100
#: a little less than the API's 256 KB
MAX_BYTES = 250_000


@dataclass(frozen=True)
class Verdict:
    """On one event. ``voided``: taken back. ``queued``: the queue has it; its verdict is given behind the queue."""

    verdict: Literal["recorded", "voided", "duplicate", "queued", "refused", "retry_later"]
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class Answered:
    """A verdict for each event, in order."""

    verdicts: Sequence[Verdict]


@dataclass(frozen=True)
class Rejected:
    """The request as a whole cannot be read; one of its events may be why."""

    code: str
    message: str


@dataclass(frozen=True)
class Unavailable:
    """Not now. ``everyone``: it would be the same for any other batch. ``after``: seconds that the other side asks."""

    reason: str
    everyone: bool = True
    after: float = 0.0


Outcome = Answered | Rejected | Unavailable


class Transport(Protocol):
    """``one_customer``: a batch must not hold events of several."""

    one_customer: bool

    def send(self, events: Sequence[Frozen]) -> Outcome:
        """At most 100 events and 250,000 bytes. Raises nothing but what is a defect."""

    def close(self) -> None:
        """Connections."""


def body_of(events: Sequence[Frozen]) -> bytes:
    """What both doors of the metering system take. The same events give the same bytes."""
    return ('{"events":[' + ",".join(event.text for event in events) + "]}").encode("ascii")


def pack(events: Sequence[Frozen], *, one_customer: bool) -> list[list[Frozen]]:
    """Batches within the limits. A customer's events stay together: they are recorded in one transaction."""
    by_customer: dict[str, list[Frozen]] = {}
    for event in events:
        by_customer.setdefault(event.key[0], []).append(event)
    batches: list[list[Frozen]] = []
    batch: list[Frozen] = []
    room = MAX_BYTES
    for own in by_customer.values():
        if batch and (one_customer or len(batch) + len(own) > MAX_EVENTS):
            batches.append(batch)
            batch, room = [], MAX_BYTES
        for event in own:
            if batch and (len(batch) == MAX_EVENTS or len(event.text) + 1 > room):
                batches.append(batch)
                batch, room = [], MAX_BYTES
            batch.append(event)
            room -= len(event.text) + 1
    if batch:
        batches.append(batch)
    return batches
