"""Taking an event back: what its writes do and refuse, and the whole of it, on every engine."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.tagged_usage import add_tagged
from ledger.transaction import Cancelled, Operation
from ledger.usage_events import EventItem, event_key
from local.dynamodb.declared_tables import TABLE_SETTINGS
from marketplace.usage_allocations import tag_set
from runtime.clock import iso
from runtime.settings import UsageSettings
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger, frozen
from tests.products import sold
from usage.assembly import stores
from usage.reporters import EVERYTHING
from usage.usage_event import Void
from usage.void_event import void_event

CALLS = ("api_calls", MONTH)
RED = tag_set({"team": "red"})
EVENT = EventItem(
    customer_identifier=CUSTOMER,
    event_id="e-1",
    content={"source": "s", "dimension": "api_calls", "quantity": Decimal("2.5"), "tags": dict(RED)},
    period=MONTH,
    counted=Decimal("2.5"),
    recorded_at=NOW,
    occurred_at=HOUR,
    billed_hour=HOUR,
    late=False,
)
VOID = Void(id="e-1", source="people", customer_identifier=CUSTOMER)


def taken_back(ledger: Ledger, trace_id: str | None = None) -> Operation:
    return ledger.events.void(CUSTOMER, "e-1", source="people", at=NOW, trace_id=trace_id)


def recorded(ledger: Ledger, event: EventItem = EVENT) -> None:
    ledger.write(
        ledger.events.put_if_new(event),
        ledger.records.add(CUSTOMER, HOUR, {CALLS: Decimal(4)}, exists=False, now=NOW, tagged=True),
        add_tagged(ledger.events.table_name, CUSTOMER, HOUR, "api_calls", RED, Decimal(3)),
    )


def verdict(ledger: Ledger) -> str:
    settings = UsageSettings.from_env(
        {**TABLE_SETTINGS, "PRODUCTS": sold().to_json(), "PENDING_SHARDS": "1", "REPORTERS": "[]"}
    )
    answer = void_event(VOID, EVERYTHING, stores(settings, ledger.dynamodb), lambda: NOW, lambda _attempt: None)
    return answer.reason or answer.verdict


def test_a_void_notes_its_sender_and_changes_nothing_else(ledger: Ledger) -> None:
    ledger.write(ledger.events.put_if_new(EVENT))
    key = {"customerIdentifier": CUSTOMER, "eventId": event_key("e-1")}
    before = ledger.event_items.get_item(Key=key)["Item"]
    ledger.write(taken_back(ledger, "trace"))
    after = ledger.event_items.get_item(Key=key)["Item"]
    assert after == before | {"voidedAt": iso(NOW), "voidedBy": "people", "voidTraceId": "trace"}
    assert ledger.events.get_many(CUSTOMER, ["e-1"])["e-1"].voided


def test_an_event_is_taken_back_once(ledger: Ledger) -> None:
    ledger.write(ledger.events.put_if_new(EVENT))
    ledger.write(taken_back(ledger))
    with pytest.raises(Cancelled):
        ledger.write(taken_back(ledger))


def test_an_absent_item_is_not_created(ledger: Ledger) -> None:
    """An update would make the item; a later event of this id would then find itself taken back."""
    with pytest.raises(Cancelled):
        ledger.write(taken_back(ledger))
    assert ledger.events.get_many(CUSTOMER, ["e-1"]) == {}


def test_a_mark_is_remembered(ledger: Ledger) -> None:
    ledger.write(ledger.events.put_if_new(replace(EVENT, marked=True)))
    assert ledger.events.get_many(CUSTOMER, ["e-1"])["e-1"].marked


def test_an_event_is_taken_back_whole(ledger: Ledger) -> None:
    ledger.subscriber_items.put_item(
        Item={"customerIdentifier": CUSTOMER, "subscriptionStatus": "active", "activePeriods": [{"start": HOUR}]}
    )
    assert verdict(ledger) == "unknown_event"
    recorded(ledger)
    before = ledger.record()
    assert verdict(ledger) == "voided"
    assert ledger.record().counted == {CALLS: Decimal("1.5")}
    assert ledger.record().version > before.version
    assert ledger.tagged.of_hour(CUSTOMER, HOUR) == {"api_calls": {RED: Decimal("0.5")}}
    with pytest.raises(Cancelled):
        ledger.write(ledger.records.seal(before, frozen(["api_calls"]), NOW))
    assert verdict(ledger) == "duplicate"
    assert ledger.record().counted == {CALLS: Decimal("1.5")}


@pytest.mark.parametrize("state", ["closing", "sealed"])
def test_a_closed_hour_keeps_all_of_it(ledger: Ledger, state: str) -> None:
    recorded(ledger)
    if state == "closing":
        ledger.records.close(CUSTOMER, HOUR)
    else:
        ledger.write(ledger.records.seal(ledger.record(), frozen(["api_calls"]), NOW))
    before = ledger.item()
    assert verdict(ledger) == "hour_sealed"
    assert ledger.item() == before
    assert not ledger.events.get_many(CUSTOMER, ["e-1"])["e-1"].voided
    assert ledger.tagged.of_hour(CUSTOMER, HOUR) == {"api_calls": {RED: 3}}
