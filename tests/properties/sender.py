"""The app that reports usage, and what it was told."""

from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass
class Sender:
    """An app that keeps an event until it has a final verdict, and what it was told."""

    bodies: dict[tuple[str, int, bool], Body] = field(default_factory=dict)
    outbox: list[Body] = field(default_factory=list)
    accepted: list[Body] = field(default_factory=list)
    refused: list[tuple[Body, str]] = field(default_factory=list)

    def told(self, bodies: list[Body], verdicts: list[tuple[str, str]]) -> None:
        for body, (verdict, reason) in zip(bodies, verdicts, strict=True):
            if verdict == "retry_later":
                continue
            if body in self.outbox:
                self.outbox.remove(body)
            if verdict == "refused":
                self.refused.append((body, reason))
            elif body not in self.accepted:
                self.accepted.append(body)
