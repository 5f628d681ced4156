"""Tagged quantities and frozen allocations, as items of their own."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from ledger import allocations as allocations_module
from ledger.allocations import LARGEST_PART, allocations_key
from ledger.metering_record import AllocationSummary, Line
from ledger.seal_record import Frozen
from ledger.tables import SCHEMA
from ledger.tagged_usage import add_tagged, tags_key
from ledger.transaction import Cancelled, Operation
from ledger.usage_events import DAY
from marketplace.usage_allocations import Allocation, TagSet, tag_set
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger
from tests.contracts.stores import ledger as new_ledger

BLUE = tag_set({"team": "blue", "site": "x"})
RED = tag_set({"team": "red"})
LINE = (CUSTOMER, HOUR, "api_calls")


@pytest.fixture(scope="module")
def made() -> Iterator[Ledger]:
    with new_ledger() as once:
        yield once


@pytest.fixture
def ledger(made: Ledger) -> Ledger:
    return made.clear()


def add(ledger: Ledger, tags: TagSet, units: str, dimension: str = "api_calls", hour: int = HOUR) -> Operation:
    return add_tagged(ledger.events.table_name, CUSTOMER, hour, dimension, tags, Decimal(units))


def test_units_of_one_set_of_tags_are_one_item(ledger: Ledger) -> None:
    ledger.write(add(ledger, BLUE, "2.5"), add(ledger, RED, "1"))
    ledger.write(add(ledger, tag_set({"site": "x", "team": "blue"}), "1"))
    key = {"customerIdentifier": CUSTOMER, "eventId": tags_key(HOUR, "api_calls", BLUE)}
    assert ledger.event_items.get_item(Key=key)["Item"] == {
        **key,
        "schema": SCHEMA,
        "dimension": "api_calls",
        "tags": {"team": "blue", "site": "x"},
        "counted": Decimal("3.5"),
        "expiresAt": HOUR + 60 * DAY,
    }
    assert ledger.tagged.of_hour(CUSTOMER, HOUR) == {"api_calls": {BLUE: Decimal("3.5"), RED: 1}}


def test_hours_dimensions_and_customers_are_kept_apart(ledger: Ledger) -> None:
    other = add_tagged(ledger.events.table_name, "other", HOUR, "api_calls", RED, Decimal(9))
    ledger.write(add(ledger, RED, "1"), add(ledger, RED, "2", "users"), add(ledger, RED, "4", hour=HOUR + 3600), other)
    assert ledger.tagged.of_hour(CUSTOMER, HOUR) == {"api_calls": {RED: 1}, "users": {RED: 2}}
    assert ledger.tagged.of_hour(CUSTOMER, HOUR + 3600) == {"api_calls": {RED: 4}}
    assert ledger.tagged.of_hour(CUSTOMER, HOUR - 3600) == {}


def test_sets_that_differ_in_where_a_value_ends_are_two(ledger: Ledger) -> None:
    one, other = tag_set({"a": "b:c"}), tag_set({"a:b": "c"})
    assert tags_key(HOUR, "d", one) != tags_key(HOUR, "d", other)
    assert len(tags_key(HOUR, "d" * 100, tag_set({str(n) * 100: "v" * 256 for n in range(5)}))) < 1024


def test_every_page_of_an_hours_sets_is_read(ledger: Ledger) -> None:
    """A page ends at 1 MB."""
    sets = [tag_set({f"{n:04}{k}" + "k" * 95: "v" * 256 for k in range(5)}) for n in range(700)]
    with ledger.event_items.batch_writer() as batch:
        for number, tags in enumerate(sets):
            item = {"tags": dict(tags), "dimension": "api_calls", "counted": Decimal(number)}
            batch.put_item(Item={"customerIdentifier": CUSTOMER, "eventId": tags_key(HOUR, "api_calls", tags), **item})
    found = ledger.tagged.of_hour(CUSTOMER, HOUR)["api_calls"]
    assert found == {tags: Decimal(number) for number, tags in enumerate(sets)}


@pytest.mark.parametrize("exists", [True, False])
def test_the_record_says_that_it_has_tags(ledger: Ledger, exists: bool) -> None:
    if exists:
        ledger.opened()
        assert not ledger.record().tagged
    counted = {("api_calls", MONTH): Decimal(1)}
    ledger.write(ledger.records.add(CUSTOMER, HOUR, counted, exists=exists, now=NOW, tagged=True))
    assert ledger.record().tagged
    assert ledger.item()["tagged"] is True
    ledger.write(ledger.records.add(CUSTOMER, HOUR, counted, exists=True, now=NOW))
    assert ledger.record().tagged


def test_tags_are_added_with_the_record_or_not_at_all(ledger: Ledger) -> None:
    record = ledger.opened()
    ledger.write(ledger.records.seal(record, Frozen(identity={}, sent_timestamp=HOUR, lines=[]), NOW))
    late = ledger.records.add(CUSTOMER, HOUR, {("api_calls", MONTH): Decimal(1)}, exists=True, now=NOW, tagged=True)
    with pytest.raises(Cancelled):
        ledger.write(add(ledger, RED, "1"), late)
    assert ledger.tagged.of_hour(CUSTOMER, HOUR) == {}


def long_sets(number: int) -> tuple[Allocation, ...]:
    sets = [tag_set({f"{n:04}{k}" + "k" * 95: "v" * 256 for k in range(5)}) for n in range(number)]
    return (Allocation((), Decimal("0.5")), *(Allocation(tags, Decimal(n + 1)) for n, tags in enumerate(sets)))


@pytest.mark.parametrize(("number", "parts"), [(1, 1), (176, 1), (177, 2), (450, 3)])
def test_allocations_are_frozen_in_parts_and_read_in_their_order(ledger: Ledger, number: int, parts: int) -> None:
    """An item takes 400 KB."""
    split = long_sets(number)
    puts = ledger.allocations.put(LINE, split)
    assert len(puts) == parts
    for put in puts:
        ledger.event_items.put_item(Item=put["Put"]["Item"])
    assert ledger.allocations.get_many({LINE: parts}) == {LINE: split}


def test_a_part_is_an_item_that_says_what_it_is(ledger: Ledger) -> None:
    ledger.write(*ledger.allocations.put(LINE, (Allocation((), Decimal(2)), Allocation(RED, Decimal("0.25")))))
    key = {"customerIdentifier": CUSTOMER, "eventId": allocations_key(HOUR, "api_calls", 0)}
    assert ledger.event_items.get_item(Key=key)["Item"] == {
        **key,
        "schema": SCHEMA,
        "allocations": [{"quantity": 2, "tags": {}}, {"quantity": Decimal("0.25"), "tags": {"team": "red"}}],
        "expiresAt": HOUR + 60 * DAY,
    }


def test_a_plain_line_has_no_parts(ledger: Ledger) -> None:
    assert ledger.allocations.put(LINE, ()) == []
    assert ledger.allocations.get_many({}) == {}


def test_lines_with_a_missing_or_damaged_part_are_left_out(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocations_module, "LARGEST_PART", LARGEST_PART // 100)
    lines = {dimension: (CUSTOMER, HOUR, dimension) for dimension in ("whole", "missing", "damaged")}
    for line in lines.values():
        ledger.write(*ledger.allocations.put(line, long_sets(5)))
    parts = dict.fromkeys(lines.values(), len(ledger.allocations.put(LINE, long_sets(5))))
    assert set(parts.values()) == {5}
    ledger.event_items.delete_item(Key={"customerIdentifier": CUSTOMER, "eventId": allocations_key(HOUR, "missing", 1)})
    ledger.event_items.put_item(
        Item={"customerIdentifier": CUSTOMER, "eventId": allocations_key(HOUR, "damaged", 1), "allocations": ["?"]}
    )
    assert ledger.allocations.get_many(parts) == {lines["whole"]: long_sets(5)}


def test_more_parts_than_one_read_takes(ledger: Ledger) -> None:
    lines = [(CUSTOMER, HOUR + n * 3600, "api_calls") for n in range(101)]
    for line in lines:
        [put] = ledger.allocations.put(line, (Allocation(RED, Decimal(line[1])),))
        ledger.event_items.put_item(Item=put["Put"]["Item"])
    assert ledger.allocations.get_many(dict.fromkeys(lines, 1)) == {
        line: (Allocation(RED, Decimal(line[1])),) for line in lines
    }


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        (AllocationSummary(), {}),
        (
            AllocationSummary(parts=2, size=400_000, sets=3),
            {"allocationParts": 2, "allocationBytes": 400_000, "tagSets": 3},
        ),
        (
            AllocationSummary(parts=1, size=9, sets=1, folded_sets=2, folded_units=Decimal("0.5")),
            {
                "allocationParts": 1,
                "allocationBytes": 9,
                "tagSets": 1,
                "foldedSets": 2,
                "foldedUnits": Decimal("0.5"),
            },
        ),
        (AllocationSummary(folded_sets=2, folded_units=Decimal(7)), {"foldedSets": 2, "foldedUnits": 7}),
    ],
)
def test_a_sealed_line_says_what_it_has(ledger: Ledger, said: AllocationSummary, stored: dict[str, object]) -> None:
    record = ledger.opened()
    line = Line(dimension="api_calls", quantity=Decimal(2), counted=Decimal(2), allocations=said)
    ledger.write(ledger.records.seal(record, Frozen(identity={}, sent_timestamp=HOUR, lines=[line]), NOW))
    assert ledger.record().lines["api_calls"] == line
    plain = {"quantity", "counted", "included", "scale", "decimals", "deadline"}
    item = ledger.item()["lines"]["api_calls"]
    assert {name: value for name, value in item.items() if name not in plain} == stored
