"""The entry points of final metering as the workflow calls them: keys in, keys and words out."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.metering_record import VERDICT, Line
from ledger.seal_record import Frozen
from metering.sizes import KEYS_PER_CALL
from runtime.clock import iso
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger
from tests.unit.metering.entry_points import at, call, on

END = HOUR + 1200
REFUSES = END + 2700
PERIOD = {"customerIdentifier": CUSTOMER, "periodEnd": END}


@pytest.fixture(autouse=True)
def _functions(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The functions' environment, and one customer whose period has ended."""
    on(ledger, monkeypatch, tmp_path)
    cancelling(ledger, "pending_cancellation")
    at(tmp_path, REFUSES + 1)


def cancelling(ledger: Ledger, status: str) -> None:
    periods = [{"start": HOUR - 9, "end": END}]
    item: Any = {"customerIdentifier": CUSTOMER, "subscriptionStatus": status, "activePeriods": periods, "version": 1}
    ledger.subscriber_items.put_item(Item=item)


def status(ledger: Ledger) -> Any:
    return ledger.subscriber_items.get_item(Key={"customerIdentifier": CUSTOMER})["Item"]["subscriptionStatus"]


def find(sent: bool = False) -> Any:
    return call("find_final_hours", {**PERIOD, "sent": sent})


def test_the_function_returns_the_time_to_wait_for(ledger: Ledger, tmp_path: Path) -> None:
    at(tmp_path, END + 5)
    assert find() == {"step": "wait", "seal": [], "chunks": [], "waitUntil": iso(REFUSES)}


def test_usage_is_refused_at_its_time(ledger: Ledger, tmp_path: Path) -> None:
    at(tmp_path, REFUSES - 5)
    assert call("refuse_usage", dict(PERIOD)) == {"written": False}
    assert status(ledger) == "pending_cancellation"
    at(tmp_path, REFUSES + 1)
    assert find() == {"step": "refuse", "seal": [], "chunks": [], "waitUntil": None}
    assert call("refuse_usage", dict(PERIOD)) == {"written": True}
    assert call("refuse_usage", dict(PERIOD)) == {"written": False}
    assert status(ledger) == "final_metering"


def test_hours_to_send_and_unsendable_hours_travel_as_keys(ledger: Ledger) -> None:
    cancelling(ledger, "final_metering")
    hours = [HOUR - 3600 * number for number in range(KEYS_PER_CALL, -1, -1)]
    for hour in (*hours, HOUR + 7200):
        ledger.opened(hour=hour)
    keys = [f"{CUSTOMER}|{hour}" for hour in hours]
    assert find() == {
        "step": "send",
        "seal": [*keys, f"{CUSTOMER}|{HOUR + 7200}"],
        "chunks": [keys[:KEYS_PER_CALL], keys[KEYS_PER_CALL:]],
        "waitUntil": None,
    }


def test_an_open_hour_keeps_the_subscription(ledger: Ledger) -> None:
    cancelling(ledger, "final_metering")
    ledger.opened()
    assert call("end_subscription", dict(PERIOD)) == {"outcome": "open"}
    assert status(ledger) == "final_metering"


def test_the_end_logs_units_that_are_never_sent(ledger: Ledger) -> None:
    cancelling(ledger, "final_metering")
    ledger.sealed(hour=HOUR)
    later = ledger.opened({("api_calls", MONTH): Decimal(2)}, hour=HOUR + 7200)
    ledger.write(ledger.records.seal(later, frozen_at(HOUR + 7200), NOW))
    assert call("end_subscription", dict(PERIOD)) == {"outcome": "ended"}
    assert status(ledger) == "cancelled"
    assert ledger.item(hour=HOUR + 7200)[f"{VERDICT}api_calls"]["verdict"] == "expired"
    assert f"{VERDICT}api_calls" not in ledger.item(hour=HOUR), "Marketplace may still say something"
    assert ledger.failed() == {(CUSTOMER, HOUR + 7200)}
    assert call("end_subscription", dict(PERIOD)) == {"outcome": "not_its_turn"}
    assert find()["step"] == "done"


def frozen_at(hour: int) -> Frozen:
    line = Line(dimension="api_calls", quantity=Decimal(2), counted=Decimal(2), deadline=hour + 86400)
    return Frozen(identity={"integration": "legacy"}, sent_timestamp=hour, lines=[line])
