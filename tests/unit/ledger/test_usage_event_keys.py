"""Keys of events and marks: one per thing counted, and no user in clear."""

from decimal import Decimal

import pytest

from ledger.usage_events import StoredEvent, event_key, mark_key, stored_event


def test_marks_differ_by_dimension_month_and_user() -> None:
    keys = {
        mark_key(dimension, period, user)
        for dimension in ("active_users", "testers")
        for period in ("2026-10", "2026-11")
        for user in ("ann", "bob", "Ann", "ann ")
    }
    assert len(keys) == 16


def test_a_mark_does_not_name_the_user() -> None:
    assert "ann@example.com" not in mark_key("active_users", "2026-11", "ann@example.com")


def test_the_highest_count_has_a_mark_of_its_own() -> None:
    assert mark_key("peak", "2026-11") != mark_key("peak", "2026-11", "highest")


@pytest.mark.parametrize("event_id", ["highest", "mark#peak#2026-11#highest"])
def test_no_event_id_can_be_a_mark(event_id: str) -> None:
    assert event_key(event_id) != mark_key("peak", "2026-11")
    assert event_key(event_id).startswith("event#")


def test_a_stored_event_keeps_its_hour() -> None:
    stored = stored_event(
        {"content": {"a": "b"}, "billedHour": 7200, "counted": Decimal(0), "late": True, "period": "1970-01"}
    )
    assert stored == StoredEvent({"a": "b"}, 7200, Decimal(0), True, "1970-01")
