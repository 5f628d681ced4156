"""The app that reports usage, and what it was told."""

from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]
#: customer and event id
EventKey = tuple[str, str]


def key_of(body: Body) -> EventKey:
    return body["customerIdentifier"], body["id"]


@dataclass
class Sender:
    """An app that keeps an event until it has a final verdict, and what it was told."""

    bodies: dict[tuple[str, int, bool], Body] = field(default_factory=dict)
    outbox: list[Body] = field(default_factory=list)
    accepted: list[Body] = field(default_factory=list)
    refused: list[tuple[Body, str]] = field(default_factory=list)

    def keep(self, bodies: list[Body]) -> None:
        """Events are kept from before they are first sent."""
        for body in bodies:
            if body not in self.outbox:
                self.outbox.append(body)

    def told(self, bodies: list[Body], verdicts: list[tuple[str, str]], under_way: list[Body] | None = None) -> None:
        """under_way: events of other requests at the same time; of these a refusal is not the last word."""
        for body, (verdict, reason) in zip(bodies, verdicts, strict=True):
            if verdict == "retry_later" or (verdict == "refused" and body in (under_way or ())):
                continue
            if body in self.outbox:
                self.outbox.remove(body)
            if verdict == "refused":
                self.refused.append((body, reason))
            elif body not in self.accepted:
                self.accepted.append(body)
