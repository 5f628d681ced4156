"""Verdicts as the API answers them."""

from decimal import Decimal

from ledger.usage_events import StoredEvent
from marketplace.dimensions import Dimension
from runtime.clock import from_iso
from usage.usage_event import UsageEvent
from usage.verdict import Verdict, repeat_of

HOUR = int(from_iso("2026-11-15T08:00:00Z"))
EVENT = UsageEvent(
    id="e",
    source="s",
    customer_identifier="c",
    dimension=Dimension(name="d", unit="u"),
    quantity=Decimal(2),
    occurred_at=HOUR + 1.5,
)


def test_recorded() -> None:
    verdict = Verdict(event_id="e", verdict="recorded", hour=HOUR, late=True, counted=Decimal(0))
    assert verdict.payload() == {
        "id": "e",
        "verdict": "recorded",
        "hour": "2026-11-15T08:00:00Z",
        "late": True,
        "counted": "0",
    }


def test_refused_says_why() -> None:
    payload = Verdict(event_id=None, verdict="refused", reason="bad_id", message="because").payload()
    assert payload == {"id": None, "verdict": "refused", "reason": "bad_id", "message": "because"}


def test_a_repeat_names_the_hour_that_bills_it_and_whether_that_was_late() -> None:
    for late in (False, True):
        verdict = repeat_of(EVENT, StoredEvent(EVENT.content, HOUR, Decimal(2), late, "2026-11"))
        assert verdict == Verdict(event_id="e", verdict="duplicate", hour=HOUR, late=late)


def test_an_id_with_other_content_is_refused() -> None:
    stored = StoredEvent({**EVENT.content, "quantity": Decimal(3)}, HOUR, Decimal(3), False, "2026-11")
    assert repeat_of(EVENT, stored).payload()["reason"] == "id_reused"
    assert repeat_of(EVENT, stored).hour is None


def test_what_was_taken_back_is_refused_whatever_it_says_now() -> None:
    stored = StoredEvent(EVENT.content, HOUR, Decimal(2), False, "2026-11", voided=True)
    other = stored._replace(content={**EVENT.content, "quantity": Decimal(3)})
    for each in (stored, other):
        verdict = repeat_of(EVENT, each)
        assert (verdict.verdict, verdict.reason, verdict.hour) == ("refused", "voided", None)
