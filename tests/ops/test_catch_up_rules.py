"""What of an archive is taken over, change by change; ``test_restore_changes`` has it over whole ledgers."""

from decimal import Decimal
from typing import Any

import pytest

from archive.change import Change
from ledger.tables import AUDIT, METERING_RECORDS, STATE, USAGE_EVENTS, Table
from ops.restore.archived_changes import Archived
from ops.restore.catch_up_rules import CatchUp, ItemKey, catch_up
from runtime.clock import from_iso

RESTORED = from_iso("2026-11-15T09:30:00Z")
HOUR = int(from_iso("2026-11-15T08:00:00Z"))
BILLED: dict[str, Any] = {"verdict": "conflict", "rank": 2, "at": Decimal(HOUR + 4000)}


def record(**more: Any) -> dict[str, Any]:
    item = {"customerIdentifier": "l-1", "timestamp": HOUR, "state": "open", "version": 1, "counted#runs#2026-11": 5}
    return {**item, **more}


def sealed(**more: Any) -> dict[str, Any]:
    """An hour with 5 units, of which 1 is left over."""
    lines = {"lines": {"runs": {"quantity": Decimal(4)}}, "dimensionUsage": [{"dimension": "runs", "value": 5}]}
    return record(state="sealed", sealedAt="2026-11-15T09:10:00Z", **lines, **more)


def balance(version: int, **more: Any) -> dict[str, Any]:
    return {"customerIdentifier": "l-1", "item": "balance", "version": version, **more}


def event(**more: Any) -> dict[str, Any]:
    content = {"source": "a", "dimension": "runs", "quantity": 2, "occurredAt": "2026-11-15T08:10:00Z"}
    stored = {"customerIdentifier": "l-1", "eventId": "event#a", "content": content, "counted": 2}
    return {**stored, "period": "2026-11", "billedHour": HOUR, **more}


def changed(table: Table, item: dict[str, Any], at: str = "2026-11-15T10:00:00Z", *, removed: bool = False) -> Archived:
    keys = {key.name: item[key.name] for key in (table.hash, table.range) if key}
    new = None if removed else item
    name = "REMOVE" if removed else "MODIFY"
    return Archived(table.name, Change("l-1", name, f"{table.name}{at}{item}", "1", at, keys, new, None))


def caught_up(*changes: Archived, stored: tuple[Archived, ...] = ()) -> CatchUp:
    return catch_up(changes, {ItemKey.of(each): each.change.new or {} for each in stored}, RESTORED)


def taken(found: CatchUp) -> list[Any]:
    return [*found.ledger.values(), *found.rest.values()]


def test_an_event_is_taken_with_its_hour_and_neither_alone() -> None:
    hour = changed(METERING_RECORDS, record(version=2, **{"counted#runs#2026-11": 7}))
    before = changed(METERING_RECORDS, record())
    assert len(taken(caught_up(changed(USAGE_EVENTS, event()), hour, stored=(before,)))) == 2
    assert taken(caught_up(hour, stored=(before,))) == []
    assert taken(caught_up(changed(USAGE_EVENTS, event()), stored=(before,))) == []


def test_an_event_that_was_taken_back_goes_with_the_counter_that_fell() -> None:
    before = (
        changed(USAGE_EVENTS, event()),
        changed(METERING_RECORDS, record(version=2, **{"counted#runs#2026-11": 7})),
    )
    void = changed(USAGE_EVENTS, event(voidedAt="2026-11-15T08:30:00Z"))
    hour = changed(METERING_RECORDS, record(version=3))
    assert len(taken(caught_up(void, hour, stored=before))) == 2
    assert taken(caught_up(void, stored=before)) == []
    assert taken(caught_up(before[0], before[1], stored=(void, hour))) == [], "neither moves back"


def test_a_seal_is_taken_with_the_balance_that_it_changed() -> None:
    before = (changed(METERING_RECORDS, record()), changed(STATE, balance(1, **{"remainder#runs": Decimal(0)})))
    seal, left_over = changed(METERING_RECORDS, sealed()), changed(STATE, balance(2, **{"remainder#runs": Decimal(1)}))
    assert len(caught_up(seal, left_over, stored=before).ledger) == 2
    for alone in (seal, left_over):
        found = caught_up(alone, stored=before)
        assert (taken(found), found.until, found.left) == ([], None, 1)
    wrong = changed(STATE, balance(2, **{"remainder#runs": Decimal(2)}))
    assert taken(caught_up(seal, wrong, stored=before)) == []


def test_used_allowance_is_part_of_a_seal() -> None:
    before = (changed(METERING_RECORDS, record()), changed(STATE, balance(1)))
    usage = [{"dimension": "runs", "value": 5, "included": Decimal(5)}]
    covered = record(state="sealed", sealedAt="2026-11-15T09:10:00Z", dimensionUsage=usage)
    seal, used = changed(METERING_RECORDS, covered), changed(STATE, balance(2, **{"used#runs#2026-11": Decimal(5)}))
    assert len(caught_up(seal, used, stored=before).ledger) == 2
    assert taken(caught_up(seal, stored=before)) == []


@pytest.mark.parametrize("moved", ["remainder", "used"])
def test_a_balance_that_moved_to_the_buyers_next_key_stays_where_it_was(moved: str) -> None:
    """One customer's changes do not show whether the other key has the units too: taken on one side alone they would be
    billed twice."""
    own, to, of = {
        "remainder": ("remainder#runs", "movedTo#runs#l-2", "movedFrom#runs#l-0"),
        "used": ("used#runs#2026-11", "usedMovedTo#runs#2026-11#l-2", "usedMovedFrom#runs#2026-11#l-0"),
    }[moved]
    units = Decimal(3)
    for before, after in (
        (balance(1, **{own: units}), balance(2, **{to: units})),
        (balance(1), balance(2, **{own: units, of: units})),
    ):
        found = caught_up(changed(STATE, after), stored=(changed(STATE, before),))
        assert (taken(found), found.left) == ([], 1), "and the customer is named"


@pytest.mark.parametrize("before_allowance", [False, True])
def test_carried_units_are_taken_with_what_they_arrived_in(before_allowance: bool) -> None:
    """Into the balance; or into an open hour where the line holds units before the allowance."""
    resolved = {**BILLED, "resolution": "carried", "resolvedAt": Decimal(HOUR + 9000), "carriedTo": HOUR + 7200}
    more = {"beforeAllowance": True} if before_allowance else {}
    before = (
        changed(METERING_RECORDS, sealed(**more, **{"verdict#runs": BILLED}, settleVersion=1)),
        changed(STATE, balance(1)),
    )
    line = changed(METERING_RECORDS, sealed(**more, **{"verdict#runs": resolved}, settleVersion=2))
    if before_allowance:
        arrived = {"counted#runs#2026-11": Decimal(4), "carried#runs#2026-11": Decimal(4)}
        there = changed(METERING_RECORDS, {**record(**arrived), "timestamp": HOUR + 7200})
    else:
        there = changed(STATE, balance(2, **{"remainder#runs": Decimal(4), "carried#runs": Decimal(4)}))
    assert len(caught_up(line, there, stored=before).ledger) == 2
    for alone in (line, there):
        assert taken(caught_up(alone, stored=before)) == [], "they could be carried, and billed, a second time"


def test_the_newest_second_that_adds_up_counts() -> None:
    before = (changed(METERING_RECORDS, record()),)
    first = changed(USAGE_EVENTS, event(), "2026-11-15T10:00:00Z")
    hour = changed(METERING_RECORDS, record(version=2, **{"counted#runs#2026-11": 7}), "2026-11-15T10:00:00Z")
    later = changed(USAGE_EVENTS, event(eventId="event#b"), "2026-11-15T10:00:01Z")
    found = caught_up(first, hour, later, stored=before)
    assert (found.until, found.left, len(taken(found))) == ("2026-11-15T10:00:00Z", 1, 2)


def test_an_event_whose_hour_is_stored_already_is_taken_alone() -> None:
    """The command has broken off between the hours and what they are made of."""
    hour = changed(METERING_RECORDS, record(version=2, **{"counted#runs#2026-11": 7}))
    found = caught_up(changed(USAGE_EVENTS, event()), hour, stored=(hour,))
    assert [item["eventId"] for item in taken(found)] == ["event#a"]


def test_between_states_of_one_version_the_restored_moment_decides() -> None:
    before = (changed(AUDIT, {"subject": "l-1", "item": "finding#a", "findingState": "open"}),)
    for at, expected in (("2026-11-15T09:29:59Z", 0), ("2026-11-15T09:30:00Z", 1)):
        closed = changed(AUDIT, {"subject": "l-1", "item": "finding#a", "resolution": "agrees"}, at)
        assert len(taken(caught_up(closed, stored=before))) == expected


def test_what_a_person_deleted_stays_and_what_cannot_be_read_proves_nothing() -> None:
    before = (changed(METERING_RECORDS, record()),)
    gone = changed(METERING_RECORDS, record(), removed=True)
    assert taken(caught_up(gone, stored=before)) == []
    damaged = changed(METERING_RECORDS, record(state="sealed", version=2, lines="none"))
    assert taken(caught_up(damaged, stored=before)) == []
