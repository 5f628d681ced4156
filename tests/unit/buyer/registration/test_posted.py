"""What is posted, in whatever shape: read where it is unmistakable, bounded, else refused by name."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyer.registration.posted import NAMES, read
from runtime.api_error import ApiError

FORM = "application/x-www-form-urlencoded"
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
KNOWN = sorted(set(NAMES.values()))


def code(content_type: str | None, body: bytes) -> tuple[str, object]:
    with pytest.raises(ApiError) as caught:
        read(content_type, body)
    return caught.value.code, caught.value.details.get("field")


def multipart(fields: dict[str, str], boundary: str = BOUNDARY, more: str = "") -> bytes:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return ("".join(parts) + f"--{boundary}--\r\n").encode()


@pytest.mark.parametrize("content_type", [FORM, "Application/X-WWW-Form-Urlencoded; charset=UTF-8"])
def test_a_form(content_type: str) -> None:
    posted = read(content_type, b"token=a%2Bb%3D&name=J%C3%BCrgen+M&company=")
    assert posted.fields == {"token": "a+b=", "name": "Jürgen M"}
    assert posted.is_form


def test_json() -> None:
    posted = read("application/json; charset=utf-8", '{"name": "Jürgen", "company": null, "phone": 5}'.encode())
    assert posted.fields == {"name": "Jürgen"}
    assert not posted.is_form


@pytest.mark.parametrize("name", ["x-amzn-marketplace-token", "X-Amzn-Marketplace-Token", "TOKEN", "regToken"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"%EF%BB%BF"], ids=["", "BOM", "encoded BOM"])
def test_a_token_under_any_of_its_names_behind_any_mark(name: str, mark: bytes) -> None:
    assert read(FORM, mark + f"{name}=tok&email=a%40b.example".encode()).fields["token"] == "tok"
    if not mark.startswith(b"%"):
        assert read("application/json", mark + json.dumps({name: "tok"}).encode()).fields == {"token": "tok"}


def test_the_fields_of_awss_own_sample_page() -> None:
    sample = {"regToken": "t", "companyName": "C", "contactPerson": "P", "contactPhone": "1", "contactEmail": "e"}
    assert read("application/json", json.dumps(sample).encode()).fields == {
        "token": "t",
        "company": "C",
        "name": "P",
        "email": "e",
    }


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (b"x-amzn-marketplace-token=+ab+c/d==+&name=Ann+Lee", "+ab+c/d==+"),
        (b"x-amzn-marketplace-token=%2Bab%2Bc/d==&name=Ann+Lee", "+ab+c/d=="),
        (b"x-amzn-marketplace-token=%20%2Bab%2Bc%0A&name=Ann+Lee", "+ab+c"),
    ],
)
def test_a_raw_plus_of_a_token_is_a_plus_and_elsewhere_a_blank(body: bytes, token: str) -> None:
    assert read(FORM, body).fields == {"token": token, "name": "Ann Lee"}


def test_multipart_is_read_as_any_form() -> None:
    body = multipart({"x-amzn-marketplace-token": "+a/b=", "name": "Jürgen M", "company": ""})
    posted = read(f"multipart/form-data; boundary={BOUNDARY}", body)
    assert posted.fields == {"token": "+a/b=", "name": "Jürgen M"}
    assert posted.is_form


def test_multipart_by_line_feeds_with_a_quoted_boundary_and_an_encoded_part() -> None:
    body = b"--a b\nContent-Disposition: form-data; name=token\nContent-Transfer-Encoding: base64\n\ndG9r\n--a b--\n"
    assert read('multipart/form-data; boundary="a b"', body).fields == {"token": "tok"}


def test_an_uploaded_file_is_no_field() -> None:
    assert read("multipart/form-data", multipart({"token": "x"}, more='; filename="f"')).fields == {}


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/octet-stream"])
@pytest.mark.parametrize(
    "body",
    [b"token=t%2B", b'{"token": "t+"}', b'\xef\xbb\xbf \n{"token": "t+"}', multipart({"token": "t+"})],
    ids=["form", "json", "json behind a BOM", "multipart"],
)
def test_what_is_unmistakable_needs_no_content_type(content_type: str | None, body: bytes) -> None:
    assert read(content_type, body).fields == {"token": "t+"}


def test_json_that_calls_itself_a_form_as_curl_does() -> None:
    posted = read(FORM, b'{"token": "t"}')
    assert posted.fields == {"token": "t"}
    assert not posted.is_form


@pytest.mark.parametrize("body", ["token=1&Token=1", "token=1&regToken=%201", "token=1&x-amzn-marketplace-token="])
def test_a_field_that_is_given_twice_alike_is_harmless(body: str) -> None:
    assert read(FORM, body.encode()).fields == {"token": "1"}


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/plain", b"nothing=1", ("unsupported_media_type", None)),
        ("application/xml", b"<token>1</token>", ("unsupported_media_type", None)),
        (None, b"", ("unsupported_media_type", None)),
        ("multipart/form-data; boundary=x", b"token=1", ("bad_request", "body")),
        ("multipart/form-data; boundary=x", b"--x", ("bad_request", "body")),
        ("multipart/form-data", multipart({"token": "x"}).replace(b"x\r\n", b"\xff\r\n"), ("bad_request", "body")),
        ("application/json", b"{", ("bad_request", "body")),
        ("application/json", b"[" * 16_000, ("bad_request", "body")),
        ("application/json", b"[]", ("bad_request", "body")),
        ("application/json", b'{"Token": 5}', ("bad_request", "token")),
        ("application/json", b"\xff", ("bad_request", "body")),
        (FORM, b"token=1&token=2", ("bad_request", "token")),
        (FORM, b"token=1&x-amzn-marketplace-token=2", ("bad_request", "token")),
        (FORM, b"a=1&" * 101, ("bad_request", "body")),
        (FORM, b"name=%ff", ("bad_request", "body")),
        ("application/json", b" " * 16_385, ("payload_too_large", None)),
    ],
)
def test_what_cannot_be_read(content_type: str | None, body: bytes, expected: tuple[str, str | None]) -> None:
    assert code(content_type, body) == expected


def test_parts_within_parts_are_bounded() -> None:
    level = b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n'
    body = b'--a\r\nContent-Disposition: form-data; name="token"\r\n' + b"".join(level % (n, n) for n in range(250))
    try:
        assert read("multipart/form-data", body).fields == {}
    except ApiError as error:
        assert error.code == "bad_request"


# NUL and line ends have meanings of their own in multipart
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)


@given(st.dictionaries(st.sampled_from(KNOWN), WORDS, max_size=8))
def test_every_shape_says_the_same(posted: dict[str, str]) -> None:
    # of a token's blank a form makes a "+", which is what it was
    posted = {name: value.replace(" ", "+") if name == "token" else value for name, value in posted.items()}
    form = read(FORM, urlencode(posted).encode())
    assert form.fields == read("application/json", json.dumps(posted).encode()).fields
    if posted:
        assert form.fields == read("multipart/form-data", multipart(posted)).fields


@given(
    st.binary(max_size=300) | st.binary(max_size=200).map(lambda body: b"--x\r\nContent-" + body),
    st.sampled_from(["application/json", FORM, "multipart/form-data", None]),
)
def test_any_bytes_are_fields_or_a_named_error(body: bytes, content_type: str | None) -> None:
    try:
        posted = read(content_type, body)
    except ApiError as error:
        assert error.code in ("bad_request", "unsupported_media_type")
    else:
        assert all(isinstance(value, str) for value in posted.fields.values())
