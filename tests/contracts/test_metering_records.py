"""Metering records: added to while open, frozen once, found until every line has ended."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.metering_record import Line
from ledger.metering_records import PENDING_VALUES, pending_value
from ledger.seal_record import Frozen
from ledger.tables import SCHEMA
from ledger.transaction import Cancelled
from runtime.clock import iso
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger, frozen


def test_the_first_usage_creates_the_record_and_its_pending_mark(ledger: Ledger) -> None:
    ledger.opened({("api_calls", MONTH): Decimal("2.5"), ("users", "2026-10"): Decimal(1)})
    assert ledger.item() == {
        "customerIdentifier": CUSTOMER,
        "timestamp": HOUR,
        "state": "open",
        "version": 1,
        "schema": SCHEMA,
        "meteringPending": "true",
        "createdAt": iso(NOW),
        f"counted#api_calls#{MONTH}": Decimal("2.5"),
        "counted#users#2026-10": 1,
    }
    assert ledger.records.state(CUSTOMER, HOUR) == "open"
    assert ledger.pending() == {(CUSTOMER, HOUR)}


def test_more_usage_is_added_and_seen_in_the_version(ledger: Ledger) -> None:
    """H6: the seal must see every add."""
    ledger.opened({("api_calls", MONTH): Decimal("0.1")})
    more = {("api_calls", MONTH): Decimal("0.2"), ("api_calls", "2026-10"): Decimal(4)}
    ledger.write(ledger.records.add(CUSTOMER, HOUR, more, exists=True, now=NOW))
    record = ledger.record()
    assert record.counted == {("api_calls", MONTH): Decimal("0.3"), ("api_calls", "2026-10"): 4}
    assert record.version == 2


def test_an_add_needs_the_record_that_it_saw(ledger: Ledger) -> None:
    add = ledger.records.add(CUSTOMER, HOUR, {("d", MONTH): Decimal(1)}, exists=True, now=NOW)
    with pytest.raises(Cancelled):
        ledger.write(add)
    assert ledger.records.get(CUSTOMER, HOUR) is None


def test_the_second_of_two_creations_is_refused(ledger: Ledger) -> None:
    ledger.opened()
    with pytest.raises(Cancelled):
        ledger.opened()
    assert ledger.record().version == 1


@pytest.mark.parametrize("state", ["closing", "sealed"])
def test_nothing_is_added_to_what_is_not_open(ledger: Ledger, state: str) -> None:
    record = ledger.opened()
    if state == "closing":
        ledger.records.close(CUSTOMER, HOUR)
    else:
        ledger.write(ledger.records.seal(record, frozen(["api_calls"]), NOW))
    before = ledger.item()
    for exists in (True, False):
        with pytest.raises(Cancelled):
            ledger.write(ledger.records.add(CUSTOMER, HOUR, {("d", MONTH): Decimal(1)}, exists=exists, now=NOW))
    assert ledger.item() == before


def test_closing_returns_what_it_left_and_happens_once(ledger: Ledger) -> None:
    ledger.opened()
    closed = ledger.records.close(CUSTOMER, HOUR)
    assert closed is not None
    assert closed.state == "closing"
    assert closed.counted == {("api_calls", MONTH): 2400}
    assert ledger.records.close(CUSTOMER, HOUR) is None
    assert ledger.records.close(CUSTOMER, HOUR + 3600) is None
    ledger.write(ledger.records.seal(closed, frozen(["api_calls"]), NOW))
    assert ledger.record().state == "sealed"


def test_sealing_freezes_lines_identity_and_timestamp(ledger: Ledger) -> None:
    record = ledger.opened({("a", MONTH): Decimal(7), ("a", "2026-10"): Decimal(1), ("b", MONTH): Decimal("0.5")})
    line = Line(
        dimension="a",
        quantity=Decimal(3),
        counted=Decimal(8),
        included={MONTH: Decimal(2)},
        scale=2,
        decimals=1,
        deadline=HOUR + 99,
    )
    identity = {"integration": "legacy", "customerIdentifier": CUSTOMER}
    what = Frozen(identity=identity, sent_timestamp=HOUR + 7, lines=[line], included={"a": Decimal(2)})
    ledger.write(ledger.records.seal(record, what, NOW))
    sealed = ledger.record()
    assert (sealed.state, sealed.sent_timestamp, sealed.identity, sealed.lines) == (
        "sealed",
        HOUR + 7,
        identity,
        {"a": line},
    )
    assert ledger.item()["dimensionUsage"] == [
        {"dimension": "a", "value": 8, "included": 2},
        {"dimension": "b", "value": Decimal("0.5")},
    ]
    assert sealed.included == {"a": 2, "b": 0}
    assert ledger.item()["deadline"] == HOUR + 99
    assert ledger.item()["sealedAt"] == iso(NOW)
    assert ledger.pending() == {(CUSTOMER, HOUR)}
    assert not sealed.ended


def test_what_a_line_leaves_out_is_read_back(ledger: Ledger) -> None:
    """Usual values stand nowhere, a common deadline on the record, what was counted in the usage."""
    plain = Line(dimension="a", quantity=Decimal(8), counted=Decimal(8), deadline=HOUR + 50)
    later = replace(plain, dimension="b", counted=Decimal(3), scale=2, decimals=1, deadline=HOUR + 99)
    nothing = replace(plain, dimension="zero", quantity=Decimal(0), counted=Decimal(0))
    opened = ledger.opened({("a", MONTH): Decimal(8), ("b", MONTH): Decimal("0.5")})
    lines = [plain, later, nothing]
    ledger.write(ledger.records.seal(opened, Frozen(identity={}, sent_timestamp=HOUR, lines=lines), NOW))
    assert ledger.record().lines == {line.dimension: line for line in lines}
    assert ledger.item()["lines"] == {
        "a": {"quantity": 8},
        "b": {"quantity": 8, "counted": 3, "scale": 2, "decimals": 1, "deadline": HOUR + 99},
        "zero": {"quantity": 0},
    }


def test_a_seal_that_has_missed_an_add_is_refused(ledger: Ledger) -> None:
    seen = ledger.opened()
    ledger.write(ledger.records.add(CUSTOMER, HOUR, {("api_calls", MONTH): Decimal(1)}, exists=True, now=NOW))
    with pytest.raises(Cancelled):
        ledger.write(ledger.records.seal(seen, frozen(["api_calls"]), NOW))
    assert ledger.record().state == "open"


def test_lines_are_frozen_once(ledger: Ledger) -> None:
    record = ledger.opened()
    ledger.write(ledger.records.seal(record, frozen(["api_calls"]), NOW))
    with pytest.raises(Cancelled):
        ledger.write(ledger.records.seal(record, frozen(["api_calls", "other"]), NOW))
    assert set(ledger.record().lines) == {"api_calls"}


def test_an_hour_without_lines_ends_at_sealing(ledger: Ledger) -> None:
    ledger.write(ledger.records.seal(ledger.opened(), frozen([]), NOW))
    assert ledger.record().ended
    assert ledger.pending() == set()
    assert ledger.failed() == set()


def test_lines_that_end_at_sealing_are_failed_and_not_pending(ledger: Ledger) -> None:
    record = ledger.sealed(["a", "b"], verdict="expired")
    assert {line.verdict for line in record.lines.values()} == {"expired"}
    assert record.ended
    assert (ledger.pending(), ledger.failed()) == (set(), {(CUSTOMER, HOUR)})
    assert ledger.item()["verdict#a"] == {"verdict": "expired", "rank": 2, "at": Decimal(str(NOW))}


def test_no_lines_to_end_are_no_failure(ledger: Ledger) -> None:
    ledger.write(ledger.records.seal(ledger.opened(), frozen([], "expired"), NOW))
    assert (ledger.pending(), ledger.failed()) == (set(), set())


def test_due_hours_are_found_under_every_shard(ledger: Ledger) -> None:
    """H18: whatever the stage's setting was when the record was created."""
    for number, value in enumerate(PENDING_VALUES):
        ledger.opened(customer=f"c{number}")
        ledger.record_items.update_item(
            Key={"customerIdentifier": f"c{number}", "timestamp": HOUR},
            UpdateExpression="SET meteringPending = :value",
            ExpressionAttributeValues={":value": value},
        )
    assert ledger.pending() == {(f"c{number}", HOUR) for number in range(len(PENDING_VALUES))}


def test_a_stage_with_shards_writes_its_shard(ledger: Ledger) -> None:
    sharded = Ledger(ledger.dynamodb, shards=16)
    sharded.opened()
    assert sharded.item()["meteringPending"] == pending_value(CUSTOMER, 16) != "true"
    assert sharded.pending() == {(CUSTOMER, HOUR)}


def test_due_hours_are_those_up_to_the_last_one_in_order_over_all_pages(ledger: Ledger) -> None:
    hours = [HOUR + 3600 * number for number in range(4)]
    for hour in reversed(hours):
        ledger.opened(hour=hour)
    assert list(ledger.records.pending_keys(hours[2])) == [(CUSTOMER, hour) for hour in hours[:3]]
    assert list(ledger.records.pending_keys(hours[0] - 1)) == []


def test_an_index_is_read_beyond_one_page(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of DynamoDB ends at 1 MB; a page's end is not the end."""
    asked: list[dict[str, object]] = []
    query = ledger.records._table.query

    def two_at_a_time(**request: object) -> object:
        asked.append(request)
        return query(**request, Limit=2)  # type: ignore[arg-type]  # passed through

    for number in range(5):
        ledger.opened(customer=f"c{number}")
    monkeypatch.setattr(ledger.records._table, "query", two_at_a_time)
    assert len(ledger.pending()) == 5
    assert len([request for request in asked if "ExclusiveStartKey" in request]) == 2


def test_many_records_are_read_at_once_in_order_and_absent_ones_left_out(ledger: Ledger) -> None:
    ledger.opened()
    item = ledger.item()
    with ledger.record_items.batch_writer() as batch:
        for number in range(130):
            batch.put_item(Item={**item, "customerIdentifier": f"c{number}"})
    keys = [(f"c{number}", HOUR) for number in range(140)]
    found = ledger.records.get_many(keys + keys[:3])
    assert sorted(record.customer_identifier for record in found) == sorted(key[0] for key in keys[:130])
    assert ledger.records.get_many([]) == []


def test_a_customers_hours_are_read_in_order_up_to_the_limit(ledger: Ledger) -> None:
    hours = [HOUR + 3600 * number for number in range(5)]
    for hour in reversed(hours):
        ledger.opened(hour=hour)
    ledger.opened(customer="other", hour=hours[1])

    def found(first: int, last: int, limit: int = 100) -> list[int]:
        return [record.hour for record in ledger.records.of_customer(CUSTOMER, first, last, limit)]

    assert found(hours[1], hours[3]) == hours[1:4]
    assert found(hours[0], hours[4], limit=2) == hours[:2]
    assert found(hours[4] + 1, hours[4] + 2) == []


def test_a_customers_hours_are_read_beyond_a_megabyte(ledger: Ledger) -> None:
    for number in range(5):
        ledger.opened(hour=HOUR + 3600 * number)
        ledger.record_items.update_item(
            Key={"customerIdentifier": CUSTOMER, "timestamp": HOUR + 3600 * number},
            UpdateExpression="SET filler = :filler",
            ExpressionAttributeValues={":filler": "x" * 350_000},
        )
    assert len(ledger.records.of_customer(CUSTOMER, HOUR, HOUR + 10**6)) == 5


def test_what_is_absent_is_none(ledger: Ledger) -> None:
    assert ledger.records.get(CUSTOMER, HOUR) is None
    assert ledger.records.state(CUSTOMER, HOUR) is None
