"""Usage events: each once, and what a repeat finds."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.tables import SCHEMA
from ledger.transaction import Cancelled
from ledger.usage_events import DAY, EventItem, StoredEvent, event_key, mark_key, stored_event
from runtime.clock import from_iso, iso
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger

CONTENT = {"source": "s", "quantity": Decimal("2.5"), "tags": {"a": "b"}}
EVENT = EventItem(
    customer_identifier=CUSTOMER,
    event_id="e-1",
    content=CONTENT,
    period=MONTH,
    counted=Decimal("2.5"),
    recorded_at=NOW,
    occurred_at=HOUR + 0.5,
    billed_hour=HOUR,
    late=True,
)


def test_an_event_is_stored_as_key_and_audit_trail(ledger: Ledger) -> None:
    ledger.write(ledger.events.put_if_new(replace(EVENT, trace_id="trace")))
    key = {"customerIdentifier": CUSTOMER, "eventId": event_key("e-1")}
    assert ledger.event_items.get_item(Key=key)["Item"] == {
        **key,
        "schema": SCHEMA,
        "content": CONTENT,
        "period": MONTH,
        "counted": Decimal("2.5"),
        "occurredAt": iso(HOUR + 0.5),
        "recordedAt": iso(NOW),
        "billedHour": HOUR,
        "late": True,
        "expiresAt": int(NOW) + 60 * DAY,
        "traceId": "trace",
    }


@pytest.mark.parametrize("ahead", [-10 * DAY, 300])
def test_an_event_outlives_every_acceptable_retry(ledger: Ledger, ahead: int) -> None:
    """H15: usage is taken for 30 days; a key lives 60 from the later of the two times."""
    ledger.write(ledger.events.put_if_new(replace(EVENT, occurred_at=NOW + ahead)))
    key = {"customerIdentifier": CUSTOMER, "eventId": event_key("e-1")}
    expires = ledger.event_items.get_item(Key=key)["Item"]["expiresAt"]
    assert expires == int(max(NOW, NOW + ahead)) + 60 * DAY


def test_a_repeat_is_refused_with_what_is_stored(ledger: Ledger) -> None:
    ledger.write(ledger.events.put_if_new(EVENT))
    later = replace(EVENT, billed_hour=HOUR + 3600, content={"source": "other"})
    with pytest.raises(Cancelled) as cancelled:
        ledger.write(ledger.events.put_if_new(replace(EVENT, event_id="new")), ledger.events.put_if_new(later))
    assert [reason.failed for reason in cancelled.value.reasons] == [False, True]
    item = cancelled.value.reasons[1].item
    assert item is not None
    assert stored_event(item) == StoredEvent(CONTENT, HOUR, Decimal("2.5"), True, MONTH)
    assert set(ledger.events.get_many(CUSTOMER, ["new", "e-1"])) == {"e-1"}, "nothing of the refused one is stored"


def test_one_id_of_two_customers_is_two_events(ledger: Ledger) -> None:
    ledger.write(ledger.events.put_if_new(EVENT), ledger.events.put_if_new(replace(EVENT, customer_identifier="other")))
    assert set(ledger.events.get_many("other", ["e-1"])) == {"e-1"}


@pytest.mark.parametrize("number", [0, 1, 100])
def test_events_are_read_by_id(ledger: Ledger, number: int) -> None:
    ids = [f"e#{n}" for n in range(number)]
    for event_id in ids:
        ledger.event_items.put_item(
            Item={
                "customerIdentifier": CUSTOMER,
                "eventId": event_key(event_id),
                "content": CONTENT,
                "period": MONTH,
                "billedHour": HOUR,
                "counted": Decimal(1),
                "late": False,
            }
        )
    found = ledger.events.get_many(CUSTOMER, [*ids, *ids[:1]])
    assert found == {event_id: StoredEvent(CONTENT, HOUR, Decimal(1), False, MONTH) for event_id in ids}


def test_absent_events_are_left_out(ledger: Ledger) -> None:
    assert ledger.events.get_many(CUSTOMER, ["e-1"]) == {}


def test_a_user_is_marked_once_a_month(ledger: Ledger) -> None:
    mark = ledger.events.mark_if_new(CUSTOMER, "users", MONTH, "ann@example.com", NOW)
    ledger.write(mark)
    with pytest.raises(Cancelled):
        ledger.write(mark)
    ledger.write(
        ledger.events.mark_if_new(CUSTOMER, "users", "2026-10", "ann@example.com", NOW),
        ledger.events.mark_if_new(CUSTOMER, "users", MONTH, "bob", NOW),
    )
    key = {"customerIdentifier": CUSTOMER, "eventId": mark_key("users", MONTH, "ann@example.com")}
    item = ledger.event_items.get_item(Key=key)["Item"]
    assert item["expiresAt"] == from_iso("2026-12-01T00:00:00Z") + 60 * DAY
    assert "ann@example.com" not in str(item)


def test_the_highest_count_is_raised_from_what_was_seen(ledger: Ledger) -> None:
    def raised(seen: str | None, highest: str) -> None:
        ledger.write(
            ledger.events.raise_mark(
                CUSTOMER,
                "peak",
                MONTH,
                NOW,
                seen=Decimal(seen) if seen is not None else None,
                highest=Decimal(highest),
            )
        )

    assert ledger.events.highest(CUSTOMER, "peak", MONTH) is None
    with pytest.raises(Cancelled):
        raised("1", "5")
    raised(None, "5")
    with pytest.raises(Cancelled):
        raised(None, "6")
    with pytest.raises(Cancelled):
        raised("4", "6")
    raised("5", "7.5")
    assert ledger.events.highest(CUSTOMER, "peak", MONTH) == Decimal("7.5")
    assert ledger.events.highest(CUSTOMER, "peak", "2026-10") is None
    assert ledger.events.highest("other", "peak", MONTH) is None


def test_what_a_previous_key_holds_stands_in_the_way(ledger: Ledger) -> None:
    """H15: after a migration the id is looked up under the old key, in the same transaction."""
    ledger.write(ledger.events.put_if_new(replace(EVENT, customer_identifier="previous")))
    new = ledger.events.put_if_new(EVENT)
    with pytest.raises(Cancelled) as cancelled:
        ledger.write(new, ledger.events.absent("previous", event_key("e-1")))
    assert [reason.failed for reason in cancelled.value.reasons] == [False, True]
    item = cancelled.value.reasons[1].item
    assert item is not None
    assert stored_event(item).billed_hour == HOUR
    assert ledger.events.get_many(CUSTOMER, ["e-1"]) == {}
    ledger.write(new, ledger.events.absent("previous", event_key("e-2")))
