"""The personal data of one buyer: given out in whole, and erased without touching what is billed."""

from decimal import Decimal
from typing import Any

import pytest

from ledger import tables
from ops.buyer.erase_buyer import erase_buyer
from ops.buyer.export_buyer import export_buyer
from ops.buyer.personal import decides_nothing
from ops.change import carry_out
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import from_iso, iso
from tests.ops.conftest import NOW

BUYER = "l-0123456789abcdef"
CONTACT: dict[str, Any] = {"email": "ann@example.com", "company": "Buyers Ltd", "name": "Ann"}
FACTS: dict[str, Any] = {
    "customerIdentifier": BUYER,
    "subscriptionStatus": "active",
    "version": Decimal(4),
    "createdAt": "2026-09-01",
}
DAY = 86_400


def event(event_id: str, at: float, **content: Any) -> dict[str, Any]:
    return {
        "customerIdentifier": BUYER,
        "eventId": f"event#{event_id}",
        "content": {"dimension": "active_users", "source": "app", **content},
        "counted": Decimal(1),
        "occurredAt": iso(at),
        "recordedAt": iso(at),
    }


#: At NOW, the 15th of November, an event is old after the 15th of October, and September's marks since the 1st.
OLD = event("old", NOW - 32 * DAY, userHash="ab12")
RECENT = event("recent", NOW - 30 * DAY, userHash="ab12")
PLAIN = event("plain", NOW - 50 * DAY)
KEYS = ("mark#active_users#2026-09#ab12", "mark#active_users#2026-10#ab12", "mark#peak_nodes#2026-09#highest")
MARKS = [{"customerIdentifier": BUYER, "eventId": key} for key in KEYS]


@pytest.fixture
def full(stage: OpenStage) -> OpenStage:
    stage.table(tables.SUBSCRIBERS).put_item(Item=FACTS | CONTACT)
    stage.table(tables.SUBSCRIBERS).put_item(Item=FACTS | CONTACT | {"customerIdentifier": "l-other"})
    for item in (OLD, RECENT, PLAIN, *MARKS):
        stage.table(tables.USAGE_EVENTS).put_item(Item=item)
    return stage


def items(stage: OpenStage, table: tables.Table) -> list[dict[str, Any]]:
    return [dict(item) for item in stage.table(table).scan()["Items"]]


def test_everything_that_is_stored_of_a_buyers_people_is_given_out(full: OpenStage) -> None:
    data = export_buyer(full, BUYER).data
    assert data["contact"] == CONTACT
    assert data["eventsWithUserHash"] == {"2026-10": 2}
    assert data["marksOfUsers"] == {"active_users 2026-09": 1, "active_users 2026-10": 1}


def test_erasing_is_only_shown_at_first(full: OpenStage) -> None:
    before = items(full, tables.SUBSCRIBERS), items(full, tables.USAGE_EVENTS)
    answer = carry_out(full, "erase-buyer", erase_buyer(full, BUYER), why="", apply=False)
    assert answer.data["change"] == {"contact": ["email", "company", "name"], "events": 1, "marks": 1}
    assert (items(full, tables.SUBSCRIBERS), items(full, tables.USAGE_EVENTS)) == before


def test_contact_and_old_hashes_go_and_everything_else_stays(full: OpenStage) -> None:
    carry_out(full, "erase-buyer", erase_buyer(full, BUYER), why="asked for", apply=True)
    mine, other = sorted(items(full, tables.SUBSCRIBERS), key=lambda item: str(item["customerIdentifier"]))
    assert mine == FACTS | {"version": 5, "updatedAt": iso(NOW)}
    assert other["email"] == CONTACT["email"], "another buyer's"
    content = {name: value for name, value in OLD["content"].items() if name != "userHash"}
    usage = {item["eventId"]: item for item in items(full, tables.USAGE_EVENTS)}
    assert usage.pop("event#old") == OLD | {"content": content}
    assert usage == {item["eventId"]: item for item in (RECENT, PLAIN, *MARKS[1:])}


def test_the_audit_trail_names_what_was_erased_and_not_what_it_was(full: OpenStage) -> None:
    carry_out(full, "erase-buyer", erase_buyer(full, BUYER), why="asked for", apply=True)
    (entry,) = items(full, tables.AUDIT)
    assert (entry["subject"], entry["why"]) == (BUYER, "asked for")
    assert not [value for value in CONTACT.values() if value in str(entry)]


def test_erasing_again_finds_nothing_more(full: OpenStage) -> None:
    carry_out(full, "erase-buyer", erase_buyer(full, BUYER), why="asked for", apply=True)
    assert erase_buyer(full, BUYER).change == {"contact": [], "events": 0, "marks": 0}


def test_a_registration_that_comes_between_wins(full: OpenStage) -> None:
    change = erase_buyer(full, BUYER)
    full.table(tables.SUBSCRIBERS).put_item(Item=FACTS | CONTACT | {"version": Decimal(5), "email": "new@example.com"})
    with pytest.raises(Refused, match="changed meanwhile"):
        carry_out(full, "erase-buyer", change, why="asked for", apply=True)
    assert export_buyer(full, BUYER).data["contact"]["email"] == "new@example.com"
    assert items(full, tables.AUDIT) == []


@pytest.mark.parametrize("command", [export_buyer, erase_buyer])
def test_an_unknown_buyer_is_refused(stage: OpenStage, command: Any) -> None:
    with pytest.raises(Refused, match="no buyer is stored as l-nobody"):
        command(stage, "l-nobody")


def test_the_boundary_of_a_hash_that_decides_nothing() -> None:
    assert decides_nothing(event("x", NOW - 31 * DAY, userHash="a"), NOW)
    assert not decides_nothing(event("x", NOW - 31 * DAY + 1, userHash="a"), NOW)
    mark = {"eventId": "mark#active_users#2026-10#ab"}
    assert decides_nothing(mark, from_iso("2026-12-02T00:00:00Z"))
    assert not decides_nothing(mark, from_iso("2026-12-01T23:59:59Z"))
