"""A case start as an engine announced it, and its item in the table of engines (``pushed#…``). Pure.

In mode ``log`` it is a hint, which the log confirms. In mode ``push-only`` it bills.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ledger.tables import SCHEMA
from yawl.start import Specification

#: What the RANGE key of an announced start begins with; 13 digits of milliseconds and the case id follow.
PREFIX = "pushed#"
#: Seconds for which an announced start is kept.
KEPT = 8 * 86_400


@dataclass(frozen=True, kw_only=True)
class AnnouncedStart:
    """One announcement of a start; the engine may repeat it.

    at_ms: when it arrived, in milliseconds since the epoch. launching_service: the URI of the service that launched the
    case; None where an external client or a delayed launch did. specification: None where its identifier is absent.
    """

    case_id: str
    at_ms: int
    launching_service: str | None = None
    specification: Specification | None = None
    delayed: bool = False

    def to_item(self, database: str) -> dict[str, Any]:
        """The item of the engine's database (``Engine.database``). Its key tells arrivals apart."""
        item: dict[str, Any] = {
            "engine": database,
            "item": f"{PREFIX}{self.at_ms:013d}#{self.case_id}",
            "schema": SCHEMA,
            "caseId": self.case_id,
            "delayed": self.delayed,
            "expiresAt": self.at_ms // 1000 + KEPT,
        }
        if self.launching_service is not None:
            item["launchingService"] = self.launching_service
        if self.specification is not None:
            item["specIdentifier"] = self.specification.identifier
            item["specVersion"] = self.specification.version
            item["specUri"] = self.specification.uri
        return item

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """The inverse of ``to_item``."""
        specification = None
        if "specIdentifier" in item:
            specification = Specification(item["specIdentifier"], item["specVersion"], item["specUri"])
        return cls(
            case_id=item["caseId"],
            at_ms=int(item["item"].split("#", 2)[1]),
            launching_service=item.get("launchingService"),
            specification=specification,
            delayed=item["delayed"],
        )
