"""The verdict on a reported event or void."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Self

from ledger.usage_events import StoredEvent
from marketplace.quantity import text
from runtime.clock import iso
from usage.judge_event import Judgement, Reason
from usage.usage_event import UsageEvent

Outcome = Literal["recorded", "voided", "duplicate", "refused", "retry_later"]

ID_REUSED = Judgement("refused", "id_reused", "this id was recorded with other content; an id names one event for ever")
VOIDED = Judgement(
    "refused", "voided", "the event of this id was taken back; an id names one event for ever, so give a new one"
)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``recorded``, ``voided``, ``duplicate``: with the hour that bills it; ``refused``, ``retry_later`` with a reason.

    counted: recorded units that the event added, or that its void took off again; 0 for a user who was already
    counted this month. dimension: of an event that was taken back.
    """

    event_id: str | None
    verdict: Outcome
    hour: int | None = None
    late: bool = False
    counted: Decimal | None = None
    dimension: str | None = None
    reason: Reason | Literal[""] = ""
    message: str = ""

    @classmethod
    def of(cls, judgement: Judgement, event_id: str | None) -> Self:
        """The verdict for a judgement against recording an event, or taking it back."""
        assert judgement.kind != "accept"
        return cls(event_id=event_id, verdict=judgement.kind, reason=judgement.reason, message=judgement.message)

    @property
    def is_early(self) -> bool:
        """Whether the event comes again later."""
        return self.verdict == "retry_later"

    def payload(self) -> dict[str, Any]:
        """The verdict in the answer of the API."""
        answer: dict[str, Any] = {"id": self.event_id, "verdict": self.verdict}
        if self.hour is not None:
            answer |= {"hour": iso(self.hour), "late": self.late}
        if self.counted is not None:
            answer["counted"] = text(self.counted)
        if self.reason:
            answer |= {"reason": self.reason, "message": self.message}
        return answer


def repeat_of(event: UsageEvent, stored: StoredEvent) -> Verdict:
    """The verdict on an event whose id is stored: it was taken back, it is the same again, or the id is reused."""
    if stored.voided:
        return Verdict.of(VOIDED, event.id)
    if dict(stored.content) != event.content:
        return Verdict.of(ID_REUSED, event.id)
    return Verdict(event_id=event.id, verdict="duplicate", hour=stored.billed_hour, late=stored.late)
