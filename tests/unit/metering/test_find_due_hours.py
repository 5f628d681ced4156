"""Which hours are due, and pages that cover them exactly once."""

import json
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import pytest

from marketplace.dimensions import Dimension
from marketplace.products import Products
from metering.find.find_due_hours import DueHours, PageLimit, find_due_hours, last_due_hour
from metering.run import parse_record_key, record_key
from metering.send.lanes import batch_payload
from metering.sizes import KEYS_PER_CALL, PAGE_BYTES, PAGE_KEYS
from runtime.clock import from_iso, iso
from tests.contracts.stores import HOUR, Ledger
from tests.products import sold


@pytest.mark.parametrize(
    ("now", "delay", "last"),
    [
        ("10:10:00", 10, "09"),
        ("10:09:59.999", 10, "08"),
        ("10:59:59", 10, "09"),
        ("10:00:00", 0, "09"),
        ("10:59:59", 0, "09"),
        ("10:30:00", 60, "08"),
        ("11:00:00", 60, "09"),
    ],
)
def test_the_last_hour_is_closed_and_past_the_delay(now: str, delay: int, last: str) -> None:
    assert iso(last_due_hour(from_iso(f"2026-11-15T{now}Z"), delay, None)) == f"2026-11-15T{last}:00:00Z"


@pytest.mark.parametrize(("wanted", "last"), [("07:30", "07"), ("09:00", "09"), ("10:00", "09"), ("23:00", "09")])
def test_a_named_hour_needs_no_delay_but_must_be_closed(wanted: str, last: str) -> None:
    now = from_iso("2026-11-15T10:00:00Z")
    assert iso(last_due_hour(now, 10, from_iso(f"2026-11-15T{wanted}:00Z"))) == f"2026-11-15T{last}:00:00Z"


#: Names of several lengths, so many that a page has room for fewer keys.
NAMED = (
    [f"ü{n}" + "ü" * 198 for n in range(5)],
    [f"{n:0255}" for n in range(200)],
    [f"{n:x}" for n in range(40_000)],
)


def selling(*names: str) -> Products:
    return sold({name: Dimension(name=name, unit="u") for name in names})


def test_a_page_takes_so_many_keys() -> None:
    limit = PageLimit(selling("d"))
    assert [limit.takes((f"c{number}", 0)) for number in range(PAGE_KEYS + 2)] == [True] * PAGE_KEYS + [False] * 2


@pytest.mark.parametrize("dimensions", [[], ["api_calls"], NAMED[0], NAMED[1], NAMED[2]])
def test_a_page_fits_the_workflows_state(dimensions: list[str]) -> None:
    limit = PageLimit(selling(*dimensions))
    keys = ((f"customer-{number}", 1794722400) for number in range(PAGE_KEYS + 1))
    taken = list(takewhile(limit.takes, keys))
    lines = [batch_payload((*key, dimension) for dimension in dimensions) for key in taken]
    page = {"chunks": [record_key(key) for key in taken], "lanes": lines}
    assert 1 <= len(taken) <= PAGE_KEYS
    assert len(taken) == 1 or len(json.dumps(page, separators=(",", ":"))) < PAGE_BYTES
    assert len(taken) > 1 or len(json.dumps(lines)) > PAGE_BYTES / 2, "a small key had room beside another"


def test_five_dimensions_of_the_specification_fill_pages_well() -> None:
    limit = PageLimit(
        selling("workflow_executions", "active_users", "data_processed_gb", "api_calls", "worklet_invocations")
    )
    assert all(limit.takes((f"l-{number:032x}", 1794722400)) for number in range(PAGE_KEYS))


def test_a_page_travels_in_chunks() -> None:
    page = DueHours(tuple((f"c{n}", 3600) for n in range(2 * KEYS_PER_CALL + 3)), {"true": ("c22", 3600), "true#3": ()})
    payload = json.loads(json.dumps(page.payload()))
    assert [len(chunk) for chunk in payload["chunks"]] == [KEYS_PER_CALL, KEYS_PER_CALL, 3]
    assert [key for chunk in payload["chunks"] for key in chunk] == [record_key(key) for key in page.keys]
    assert (payload["cursor"], payload["more"]) == ({"true": ["c22", 3600], "true#3": []}, True)


def test_an_empty_index_gives_an_empty_page() -> None:
    assert DueHours(()).payload() == {"chunks": [], "cursor": None, "more": False, "events": 0}


def test_keys_are_parsed_as_written() -> None:
    assert parse_record_key(record_key(("lic-1.a:b", 7200))) == ("lic-1.a:b", 7200)


# --- pages of the index -----------------------------------------------------------------------------------------------


def opened(ledger: Ledger, shards: int, hours: int = 3, customers: int = 9) -> list[tuple[str, int]]:
    """Open records of customers in several shards, some under the value of another setting."""
    keys = []
    for number in range(customers):
        ledger.records._shards = 1 if number % 3 == 0 else shards
        for hour in range(hours):
            keys.append((f"c{number}", HOUR - hour * 3600))
            ledger.opened(customer=keys[-1][0], hour=keys[-1][1])
    return keys


def pages(ledger: Ledger, size: int) -> Iterator[DueHours]:
    cursor = None
    while True:
        now = float(HOUR + 4200)
        page = find_due_hours(
            ledger.records, now=now, seal_delay_minutes=10, wanted=None, cursor=cursor, products=selling("d"), most=size
        )
        assert len(page.keys) <= size
        yield page
        cursor = json.loads(json.dumps(page.payload()))["cursor"]
        if cursor is None:
            return


@pytest.mark.parametrize(("size", "shards"), [(1, 4), (4, 1), (5, 4), (26, 16), (27, 4), (28, 4)])
def test_pages_cover_every_due_hour_exactly_once_oldest_first(ledger: Ledger, size: int, shards: int) -> None:
    keys = opened(ledger, shards)
    found = list(pages(ledger, size))
    hours = [hour for page in found for _, hour in page.keys]
    assert sorted(key for page in found for key in page.keys) == sorted(keys)
    assert hours == sorted(hours)
    assert len(found) == -(-len(keys) // size), "no empty page at the end"


def test_hours_settled_between_pages_neither_hide_nor_repeat_others(ledger: Ledger) -> None:
    """The index shrinks under a run: a place stays where it was although its record has left."""
    keys = opened(ledger, shards=4)
    found: list[tuple[str, int]] = []
    for page in pages(ledger, 4):
        found += page.keys
        for customer, hour in page.keys[1:]:
            ledger.record_items.update_item(
                Key={"customerIdentifier": customer, "timestamp": hour}, UpdateExpression="REMOVE meteringPending"
            )
    assert sorted(found) == sorted(keys)


def test_a_run_reads_each_key_of_the_index_about_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading it anew for each page would make an hour of ten times as many customers a hundred times as dear."""
    keys = opened(ledger, shards=1)
    read = 0
    query: Any = ledger.records._table.query

    def counted(**request: Any) -> Any:
        nonlocal read
        answer = query(**request)
        read += len(answer["Items"])
        return answer

    monkeypatch.setattr(ledger.records._table, "query", counted)
    found = list(pages(ledger, 3))
    assert read <= len(keys) + len(found)
