"""What became of a reported event."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from ledger.quantity import text
from ledger.usage_events import StoredEvent
from runtime.clock import iso
from usage.usage_event import UsageEvent


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``recorded`` or ``duplicate`` (both with the hour that bills it), ``refused`` or ``retry_later`` with a reason.

    counted: recorded units that this event added; 0 for a user who was already counted this month.
    """

    event_id: str | None
    verdict: Literal["recorded", "duplicate", "refused", "retry_later"]
    hour: int | None = None
    late: bool = False
    counted: Decimal | None = None
    reason: str = ""
    message: str = ""

    def payload(self) -> dict[str, Any]:
        """As the API answers it."""
        answer: dict[str, Any] = {"id": self.event_id, "verdict": self.verdict}
        if self.hour is not None:
            answer |= {"hour": iso(self.hour), "late": self.late}
        if self.counted is not None:
            answer["counted"] = text(self.counted)
        if self.reason:
            answer |= {"reason": self.reason, "message": self.message}
        return answer


def repeat_of(event: UsageEvent, stored: StoredEvent) -> Verdict:
    """The verdict on an event whose id is stored: the same again, or another event under a used id."""
    if dict(stored.content) != event.content:
        return reused(event)
    return Verdict(event_id=event.id, verdict="duplicate", hour=stored.billed_hour, late=stored.late)


def reused(event: UsageEvent) -> Verdict:
    """The verdict on an id that was recorded with other content."""
    message = "this id was recorded with other content; an id names one event for ever"
    return Verdict(event_id=event.id, verdict="refused", reason="id_reused", message=message)
