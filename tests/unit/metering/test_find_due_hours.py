"""Which hours are due, and pages that cover them exactly once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering import find_due_hours as due
from metering.find_due_hours import CHUNK, MAX_BYTES, MAX_KEYS, DueHours, due_page, last_due_hour
from metering.keys import line_key, parse_line_key, parse_record_key, record_key
from runtime.clock import from_iso, iso


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
def test_an_hour_that_is_asked_for_needs_no_delay_but_must_be_closed(wanted: str, last: str) -> None:
    now = from_iso("2026-11-15T10:00:00Z")
    assert iso(last_due_hour(now, 10, from_iso(f"2026-11-15T{wanted}:00Z"))) == f"2026-11-15T{last}:00:00Z"


keys = st.lists(
    st.tuples(st.text("abc", min_size=1, max_size=3), st.integers(0, 4).map(lambda n: n * 3600)), max_size=40
)


@given(keys, st.integers(1, 5))
def test_pages_cover_every_due_hour_exactly_once_oldest_first(found: list[tuple[str, int]], size: int) -> None:
    pages, cursor, more = list[tuple[str, int]](), None, True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(due, "MAX_KEYS", size)
        while more:
            page = due_page(iter(found), cursor, dimensions=["d"])
            assert len(page.keys) <= size
            pages += page.keys
            payload = page.payload()
            cursor, more = payload["cursor"], payload["more"]
    assert pages == sorted(set(found), key=lambda key: (key[1], key[0]))


def test_a_page_that_is_settled_meanwhile_does_not_hide_the_next() -> None:
    """The index shrinks between pages; the cursor is a place in the order, not a count."""
    first = due_page([("a", 0), ("b", 0), ("c", 3600)], None, dimensions=["d" * (MAX_BYTES // 2 - 30)])
    assert (first.keys, first.more) == ((("a", 0), ("b", 0)), True)
    second = due_page([("c", 3600)], first.payload()["cursor"], dimensions=["d"])
    assert (second.keys, second.more) == ((("c", 3600),), False)


@pytest.mark.parametrize("dimensions", [[], ["api_calls"], ["ü" * 200] * 5, ["d" * 255] * 200, ["d"] * 200_000])
def test_a_page_fits_the_workflows_state(dimensions: list[str]) -> None:
    found = [(f"customer-{number}", 1794722400) for number in range(MAX_KEYS + 1)]
    page = due_page(found, None, dimensions)
    lines = [[line_key((*key, dimension)) for dimension in dimensions] for key in page.keys]
    assert 1 <= len(page.keys) <= MAX_KEYS
    assert page.more
    assert len(page.keys) == 1 or len(json.dumps({"batches": lines}, separators=(",", ":"))) < 256 * 1024


def test_five_dimensions_of_the_specification_fill_pages_well() -> None:
    names = ["workflow_executions", "active_users", "data_processed_gb", "api_calls", "worklet_invocations"]
    found = [(f"l-{number:032x}", 1794722400) for number in range(MAX_KEYS + 1)]
    assert len(due_page(found, None, names).keys) == MAX_KEYS


def test_a_page_travels_in_chunks() -> None:
    page = DueHours(tuple((f"c{n}", 3600) for n in range(23)), more=True)
    payload = page.payload()
    assert [len(chunk) for chunk in payload["chunks"]] == [CHUNK, CHUNK, 3]
    assert [key for chunk in payload["chunks"] for key in chunk] == [record_key(key) for key in page.keys]
    assert (payload["cursor"], payload["more"]) == ("c22|3600", True)


def test_nothing_is_due() -> None:
    assert due_page([], None, ["d"]).payload() == {"chunks": [], "cursor": None, "more": False, "events": 0}


@pytest.mark.parametrize("dimension", ["d", "a|b", "a#b", "ü"])
def test_keys_are_read_back(dimension: str) -> None:
    assert parse_record_key(record_key(("lic-1.a:b", 7200))) == ("lic-1.a:b", 7200)
    assert parse_line_key(line_key(("c", 7200, dimension))) == ("c", 7200, dimension)
