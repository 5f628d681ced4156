"""The app that reports usage, and the verdicts that it got."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]
#: An event: its customer and id.
EventKey = tuple[str, str]


def key_of(body: Body) -> EventKey:
    """Of an event, or of the event that a void takes back."""
    return body["customerIdentifier"], body["void"] if is_void(body) else body["id"]


def is_void(body: Body) -> bool:
    return "void" in body


@dataclass
class Sender:
    """An app that keeps an event, or a void, until it has a final verdict.

    outbox: bodies without one. accepted, refused: events by their verdict. taken_back: events whose void was accepted.
    """

    bodies: dict[tuple[str, int, bool], Body] = field(default_factory=dict)
    outbox: list[Body] = field(default_factory=list)
    accepted: list[Body] = field(default_factory=list)
    refused: list[tuple[Body, str]] = field(default_factory=list)
    taken_back: set[EventKey] = field(default_factory=set)

    def keep(self, bodies: list[Body]) -> None:
        """Events are kept from before they are first sent."""
        for body in bodies:
            if body not in self.outbox:
                self.outbox.append(body)

    def answered(
        self, bodies: list[Body], verdicts: Sequence[tuple[str, str]], under_way: list[Body] | None = None
    ) -> None:
        """Take the verdicts of one request.

        under_way: bodies of requests at the same time. They may still be accepted there, so a refusal is not final for
        them, unless its reason is ``voided``.
        """
        for body, (verdict, reason) in zip(bodies, verdicts, strict=True):
            if verdict == "retry_later":
                continue
            if verdict == "refused" and reason != "voided" and body in (under_way or ()):
                continue
            if body in self.outbox:
                self.outbox.remove(body)
            if is_void(body):
                if verdict != "refused":
                    self.taken_back.add(key_of(body))
            elif verdict == "refused":
                self.refused.append((body, reason))
            elif body not in self.accepted:
                self.accepted.append(body)
                # A refused event that is sent again may be accepted, as docs/errors.md says of most reasons.
                self.refused = [(b, why) for b, why in self.refused if b != body or why == "voided"]
