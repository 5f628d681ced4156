"""What a journal says, read back. Pure: the same lines give the same events with the same ids and content, always."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from yawl_metering.merging import combine
from yawl_metering.settings import Aggregation
from yawl_metering.usage import plain

#: customer, event id: ids are unique per customer. Of a void it is that of its event behind ``VOID``: no id has blanks
EventKey = tuple[str, str]
VOID = "void "


@dataclass(frozen=True, slots=True)
class Frozen:
    """An event as it is sent, every time. ``at``: epoch seconds of its first call; ``waits_since``: of the first
    answer that asked to wait."""

    key: EventKey
    text: str
    at: float
    waits_since: float | None = None

    @property
    def takes_back(self) -> EventKey | None:
        """The event that a void takes back; None for an event."""
        customer, name = self.key
        return (customer, name.removeprefix(VOID)) if name.startswith(VOID) else None


@dataclass
class Replayed:
    """Events that are not ended. ``damaged``: lines that say nothing that could be understood."""

    events: dict[EventKey, Frozen] = field(default_factory=dict)
    damaged: int = 0


def event_text(body: dict[str, Any]) -> str:
    """An event's JSON, ASCII only, so that its characters are its bytes."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=True)


def freeze(body: dict[str, Any], at: float, waits_since: float | None = None) -> Frozen:
    """The event, or the void, of an API body."""
    name = f"{VOID}{body['void']}" if "void" in body else body["id"]
    return Frozen((body["customerIdentifier"], name), event_text(body), at, waits_since)


@dataclass
class _Open:
    body: dict[str, Any]
    aggregation: Aggregation
    total: Decimal
    at: float


class _Reader:
    def __init__(self) -> None:
        self.found = Replayed()
        self.groups: dict[int, _Open] = {}
        self.numbers: dict[EventKey, int] = {}

    def take(self, payload: bytes) -> None:
        kind, content = payload[:2], payload[2:]
        if kind == b"a ":
            number, quantity = content.split(b" ")
            group = self.groups[int(number)]
            group.total = combine(group.aggregation, group.total, Decimal(quantity.decode("ascii")))
            return
        if kind == b"v ":
            if content != b"1":
                raise UnknownForm(content.decode("ascii", "replace"))
            return
        value = json.loads(content)
        if kind == b"o ":
            body = value["event"]
            key = (body["customerIdentifier"], body["id"])
            self.groups[value["n"]] = _Open(body, value["agg"], Decimal(body["quantity"]), value["at"])
            self.numbers[key] = value["n"]
        elif kind == b"e ":
            event = freeze(value["event"], value["at"], value.get("since"))
            self.groups.pop(self.numbers.pop(event.key, -1), None)
            self.found.events[event.key] = event
        elif kind == b"r ":
            since, keys = value
            for customer, event_id in keys:
                waiting = self.found.events.get((customer, event_id))
                if waiting is not None:
                    self.found.events[waiting.key] = Frozen(waiting.key, waiting.text, waiting.at, since)
        elif kind == b"d ":
            for customer, event_id in value:
                self.found.events.pop((customer, event_id), None)
        else:
            raise ValueError("unknown kind of line")


class UnknownForm(RuntimeError):
    """The journal was written by another version of the client; it is left alone."""


def replay(payloads: Iterable[bytes]) -> Replayed:
    """Events that the lines leave to be delivered. Groups that were still open are frozen as they are: their process
    is gone, and nothing of an open group was ever sent. Raises UnknownForm."""
    reader = _Reader()
    for payload in payloads:
        try:
            reader.take(payload)
        except (ValueError, KeyError, TypeError, ArithmeticError):
            reader.found.damaged += 1
    for group in reader.groups.values():
        event = freeze({**group.body, "quantity": plain(group.total)}, group.at)
        reader.found.events[event.key] = event
    return reader.found
