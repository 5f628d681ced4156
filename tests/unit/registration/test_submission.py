"""What is posted: read, bounded, cleaned."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.submission import Contact, arrival, contact, fields
from runtime.api_error import ApiError


def code(call: object, *args: object) -> tuple[str, object]:
    with pytest.raises(ApiError) as caught:
        call(*args)  # type: ignore[operator]
    return caught.value.code, caught.value.details.get("field")


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=UTF-8"],
)
def test_a_form(content_type: str) -> None:
    assert fields(content_type, b"token=a%2Bb%3D&name=J%C3%BCrgen+M&empty=") == {
        "token": "a+b=",
        "name": "Jürgen M",
        "empty": "",
    }


def test_json() -> None:
    assert fields("application/json; charset=utf-8", '{"name": "Jürgen"}'.encode()) == {"name": "Jürgen"}


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/plain", b"token=1", ("unsupported_media_type", None)),
        (None, b"token=1", ("unsupported_media_type", None)),
        ("multipart/form-data; boundary=x", b"--x", ("unsupported_media_type", None)),
        ("application/json", b"{", ("bad_request", "body")),
        ("application/json", b"[" * 16_000, ("bad_request", "body")),
        ("application/json", b"[]", ("bad_request", "body")),
        ("application/json", b'{"token": 5}', ("bad_request", "token")),
        ("application/json", b"\xff", ("bad_request", "body")),
        ("application/x-www-form-urlencoded", b"token=1&token=2", ("bad_request", "token")),
        ("application/x-www-form-urlencoded", b"a=1&" * 30, ("bad_request", "body")),
        ("application/x-www-form-urlencoded", b"name=%ff", ("bad_request", "body")),
        ("application/json", b" " * 16_385, ("payload_too_large", None)),
    ],
)
def test_what_cannot_be_read(content_type: str | None, body: bytes, expected: tuple[str, str | None]) -> None:
    assert code(fields, content_type, body) == expected


def test_the_token_under_either_name() -> None:
    assert arrival({"x-amzn-marketplace-token": " tok "}).token == "tok"
    assert arrival({"token": "tok"}).token == "tok"
    assert arrival({"token": "tok", "x-amzn-marketplace-token": "tok"}).token == "tok"


def test_the_kind_of_offer() -> None:
    assert arrival({"token": "t", "x-amzn-marketplace-offer-type": "free-trial"}).free_trial
    assert not arrival({"token": "t", "x-amzn-marketplace-offer-type": "other"}).free_trial


@pytest.mark.parametrize(
    ("posted", "expected"),
    [
        ({}, ("missing_token", None)),
        ({"token": "  "}, ("missing_token", None)),
        ({"token": "a", "x-amzn-marketplace-token": "b"}, ("bad_request", "token")),
        ({"token": "a\nb"}, ("bad_request", "token")),
        ({"token": "ü"}, ("bad_request", "token")),
        ({"token": "x" * 8193}, ("bad_request", "token")),
    ],
)
def test_no_token(posted: dict[str, str], expected: tuple[str, str | None]) -> None:
    assert code(arrival, posted) == expected


def test_contact_data_is_cleaned() -> None:
    posted = {"email": " a@b.example ", "company": "Ac\u200bme\r\n  Corp", "name": "Jürgen"}
    assert contact(posted) == Contact("a@b.example", "Ac me Corp", "Jürgen")
    assert contact({"email": "a@b.example"}) == Contact("a@b.example", "", "")


@pytest.mark.parametrize(
    ("posted", "expected"),
    [
        ({}, ("bad_request", "email")),
        ({"email": "nobody"}, ("bad_request", "email")),
        ({"email": "a@b"}, ("bad_request", "email")),
        ({"email": "a@b.example,c@d.example"}, ("bad_request", "email")),
        ({"email": "a" * 250 + "@b.example"}, ("bad_request", "email")),
        ({"email": "a@b.example", "company": "x" * 201}, ("bad_request", "company")),
        ({"email": "a@b.example", "name": "x" * 201}, ("bad_request", "name")),
    ],
)
def test_contact_data_that_is_refused(posted: dict[str, str], expected: tuple[str, str]) -> None:
    assert code(contact, posted) == expected


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=60), max_size=10))
def test_both_shapes_say_the_same(posted: dict[str, str]) -> None:
    form = fields("application/x-www-form-urlencoded", urlencode(posted, errors="surrogatepass").encode())
    assert form == fields("application/json", json.dumps(posted).encode())


@given(st.binary(max_size=300), st.sampled_from(["application/json", "application/x-www-form-urlencoded"]))
def test_any_bytes_are_fields_or_a_named_error(body: bytes, content_type: str) -> None:
    try:
        read = fields(content_type, body)
    except ApiError as error:
        assert error.code == "bad_request"
    else:
        assert all(isinstance(value, str) for value in read.values())
