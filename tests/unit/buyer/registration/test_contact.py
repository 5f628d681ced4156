"""Contact data: people's own names and addresses are taken, what hides or reorders text is not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyer.registration.contact import Contact, cleaned, contact
from runtime.api_error import ApiError

ZWNJ, ZWJ = "\u200c", "\u200d"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


def refused(posted: dict[str, str]) -> tuple[str, object]:
    with pytest.raises(ApiError) as caught:
        contact(posted)
    return caught.value.code, caught.value.details.get("field")


def test_contact_data_is_cleaned() -> None:
    posted = {"email": " a@b.example ", "company": "Ac\u200bme\r\n  Corp", "name": "Jürgen"}
    assert contact(posted) == Contact("a@b.example", "Ac me Corp", "Jürgen")
    assert contact({"email": "a@b.example"}) == Contact("a@b.example", "", "")


@pytest.mark.parametrize(
    "name",
    [
        f"علی{ZWNJ}رضا",  # Persian
        f"ക്{ZWJ}ഷ മോഹന്{ZWJ}",  # Malayalam ends words with a joiner
        f"ශ්{ZWJ}රී",  # Sinhala
        f"👨{ZWJ}👩{ZWJ}👧 ❤️",
        f"{ENGLAND} Ltd",
        "ᠨᠠ\u180e",  # Mongolian
        "O'Neil & Söhne, #1 “Best”",
        "株式会社\U0002b820",
        "\U0001fae9 young emoji",
    ],
)
def test_what_names_are_made_of_stays(name: str) -> None:
    assert cleaned(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\u0000b\tc\nd\x7fe\u0085f", "a b c d e f"),
        ("\u202eevil\u202c \u2066x\u2069\u200e\u200f\u061c", "evil x"),
        ("Co\u00adop\ufeff\u2060", "Coop"),
        ("half \ud800 pair", "half pair"),
        (f"{ZWJ} {ZWNJ}{ZWJ} a", "a"),
        # tags that are no flag's would hide a text
        ("a\U000e0041\U000e0042\U000e007f", "a"),
        ("Jose\u0301", "José"),
        ("a\u3000\u00a0\u2028b", "a b"),
    ],
)
def test_what_hides_or_reorders_text_goes(given: str, kept: str) -> None:
    assert cleaned(given) == kept


@given(st.text())
def test_cleaning_is_done_once(text: str) -> None:
    once = cleaned(text)
    assert cleaned(once) == once
    once.encode()


@pytest.mark.parametrize(
    "email",
    [
        "o'neil@example.com",
        "ann+aws@example.com",
        "ann@sub.example.photography",
        "ann@example.xn--vermgensberatung-pwb",
        "a@ex-ample.co",
        "ann..lee@example.ne.jp",
        "!#$%&'*+/=?^_`{|}~-@example.org",
        "用户@例え.テスト",
        "josé@señor.example",
        "δοκιμή@παράδειγμα.ελ",
        f"مثال@نامه{ZWNJ}ای.ایران",
        "ann@1und1.de",
    ],
)
def test_an_address_is_taken(email: str) -> None:
    assert contact({"email": email}).email == email


def test_an_address_that_was_pasted_with_something_invisible() -> None:
    assert contact({"email": f"\ufeff\u200bann{ZWJ}@example.com\u200e"}).email == "ann@example.com"


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "a@b",
        "@example.com",
        "a@",
        "a@@example.com",
        "a@b@example.com",
        "a b@example.com",
        "a@b.example,c@d.example",
        "Ann <ann@example.com>",
        "mailto:ann@example.com",
        "a@example..com",
        "a@.example.com",
        "a@-example.com",
        "a@example-.com",
        "a@example.c",
        "a@127.0.0.1",
        "a@[127.0.0.1]",
        "a@exam_ple.com",
        "a@example.com.",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".example",
        "a@" + "b." * 130 + "example",
    ],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    assert refused({"email": email}) == ("bad_request", "email")


@pytest.mark.parametrize("field", ["company", "name"])
def test_a_field_that_is_too_long_is_named(field: str) -> None:
    assert refused({"email": "a@b.example", field: "x" * 201}) == ("bad_request", field)
    assert contact({"email": "a@b.example", field: "x" * 200})
