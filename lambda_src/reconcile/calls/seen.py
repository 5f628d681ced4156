"""What CloudTrail shows of lines, collected from the calls of a stretch of time."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from marketplace.metering_calls import UNKNOWN, MeteringCall

#: Customer, dimension, hour (epoch seconds): the slot in which Marketplace takes one record.
Slot = tuple[str, str, int]


class Accepted(NamedTuple):
    """A record that a call shows as Success: what was sent, by whom and when (epoch seconds)."""

    quantity: Decimal
    caller: str
    at: float
    metering_record_id: str | None


@dataclass
class Seen:
    """What was seen of one slot. doubtful: a record of it was duplicate, or the answer about it is not shown."""

    accepted: list[Accepted] = field(default_factory=list)
    doubtful: bool = False


class Trail:
    """What was seen of each slot, and the times of calls that do not show all their records."""

    def __init__(self, product_codes: Container[str]) -> None:
        """product_codes: of the stage's products; a record that names another one is not ours."""
        self._product_codes = product_codes
        self._events: set[str] = set()
        self.slots: dict[Slot, Seen] = {}
        self.gaps: list[float] = []

    def add(self, calls: Iterable[MeteringCall], wanted: Container[Slot] | None = None) -> None:
        """Take in calls, each once. wanted: the slots to keep; None keeps all."""
        for call in calls:
            if call.event_id in self._events:
                continue
            self._events.add(call.event_id)
            if call.records is None or call.unread:
                self.gaps.append(call.at)
            for record in call.records or ():
                slot = (record.customer, record.dimension, record.hour)
                other = record.product_code is not None and record.product_code not in self._product_codes
                if other or (wanted is not None and slot not in wanted):
                    continue
                if record.status == "Success":
                    seen = self.slots.setdefault(slot, Seen())
                    seen.accepted.append(Accepted(record.quantity, call.caller, call.at, record.metering_record_id))
                elif record.status in (UNKNOWN, "DuplicateRecord"):
                    self.slots.setdefault(slot, Seen()).doubtful = True

    def has_gap(self, start: float, end: float) -> bool:
        """Whether a call between these times does not show all its records."""
        return any(start <= at <= end for at in self.gaps)
