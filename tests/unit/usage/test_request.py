"""The body of a request, read within bounds."""

import json
from decimal import Decimal
from typing import Any

import pytest

from runtime.api_error import ApiError
from usage.request import MAX_BYTES, MAX_EVENTS, read_events

JSON = "application/json"


def refused(body: str | None, content_type: str = JSON) -> tuple[int, str]:
    with pytest.raises(ApiError) as found:
        read_events(body, content_type)
    assert found.value.message
    return found.value.status, found.value.code


@pytest.mark.parametrize("content_type", [JSON, "Application/JSON; charset=utf-8", " application/json ;x"])
def test_json_is_read(content_type: str) -> None:
    assert read_events('{"events": [{}, 1]}', content_type) == [{}, 1]


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_anything_else_is_not(content_type: str) -> None:
    assert refused('{"events": [{}]}', content_type) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        " ",
        "{",
        "events",
        '{"events": [}',
        '{"events": [{"a": "\x00"}]}',
        "[" * 100_000,
        '{"events": ' * 9_999,
    ],
)
def test_broken_json(body: str | None) -> None:
    assert refused(body) == (400, "bad_json")


@pytest.mark.parametrize("body", [[], 1, "x", None, True, {}, {"events": None}, {"events": {}}, {"events": "x"}])
def test_another_shape(body: Any) -> None:
    assert refused(json.dumps(body)) == (400, "bad_request")


def test_the_number_of_events() -> None:
    assert refused('{"events": []}') == (400, "no_events")
    assert len(read_events(json.dumps({"events": [0] * MAX_EVENTS}), JSON)) == 100
    assert refused(json.dumps({"events": [0] * (MAX_EVENTS + 1)})) == (400, "too_many_events")


@pytest.mark.parametrize(("filler", "width"), [("x", 1), ("é", 2), ("😀", 4), ("\ud800", 3)])
def test_the_size_is_counted_in_bytes(filler: str, width: int) -> None:
    frame = '{"events": [""]}'
    room = MAX_BYTES - len(frame)
    fits = frame.replace('""', '"' + filler * (room // width) + '"')
    assert len(read_events(fits, JSON)) == 1
    assert refused(fits.replace(filler, filler * 2, width)) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("number", "expected"),
    [("0.1", "0.1"), ("1e400", "1E+400"), ("12345678901234567890.123456789", "12345678901234567890.123456789")],
)
def test_numbers_stay_exact(number: str, expected: str) -> None:
    assert read_events(f'{{"events": [{number}]}}', JSON) == [Decimal(expected)]


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e99999999999999999999999", "-1e99999999999999999999"]
)
def test_a_number_that_is_none_costs_only_its_own_event(number: str) -> None:
    """Never all-or-nothing: the other events of the request get their own verdicts."""
    first, second = read_events(f'{{"events": [{number}, 1]}}', JSON)
    assert not first.is_finite()
    assert second == 1
