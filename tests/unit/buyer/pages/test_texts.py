"""Every text of a page exists in every language, with the same values in it, as well-formed markup."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from string import Template

import pytest

from buyer.pages import pages, times
from buyer.pages.branding import LANGUAGES, Branding
from buyer.pages.pages import Html, Pages
from stacks.synth import ROOT

BUYER = ROOT / "lambda_src" / "buyer"
ROOMS = sorted({path.parent.parent for path in BUYER.rglob("texts/*.json")})


def texts(room: Path, language: str) -> dict[str, str]:
    return dict(json.loads((room / "texts" / f"{language}.json").read_text(encoding="utf-8")))


def templates(room: Path) -> Iterator[tuple[str, set[str]]]:
    for path in sorted(room.glob("*.html")):
        yield path.name, set(Template(path.read_text(encoding="utf-8")).get_identifiers())


class Balanced(HTMLParser):
    """Raises AssertionError where an element is closed that is not open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(html)
        assert self.open == [], html

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("br", "input", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_there_are_rooms() -> None:
    assert {room.relative_to(BUYER).as_posix() for room in ROOMS} >= {"pages", "registration/pages"}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(BUYER).as_posix())
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_the_texts_of_english_with_the_same_values(room: Path, language: str) -> None:
    english, other = texts(room, "en"), texts(room, language)
    # The sentence of an error is English where it has no text.
    assert {name for name in other if not name.startswith("error_")} == {
        name for name in english if not name.startswith("error_")
    }
    for name, text in other.items():
        Balanced(text)
        if name in english:
            assert set(Template(text).get_identifiers()) == set(Template(english[name]).get_identifiers()), name


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(BUYER).as_posix())
def test_a_template_names_texts_that_exist_and_every_text_is_shown(room: Path) -> None:
    known = texts(room, "en")
    named = {text.removeprefix("t_") for _, names in templates(room) for text in names if text.startswith("t_")}
    assert named <= set(known)
    source = "\n".join(path.read_text(encoding="utf-8") for path in room.parent.glob("*.py"))
    pages_ = {f"title_{path.stem}" for path in room.glob("*.html")}
    by_kind = ("error_", "field_", "button_", "standing_", "link_", "mail_", "billed_")
    for name in set(known) - named - pages_:
        assert re.search(rf"['\"]{name}['\"]", source) or name.startswith(by_kind), f"{name} is shown by nobody"


def room(folder: Path) -> Pages:
    (folder / "texts").mkdir()
    (folder / "hello.html").write_text("<p>$t_greeting $extra</p>\n")
    (folder / "texts" / "en.json").write_text('{"title_hello": "Hi $who", "greeting": "Dear <b>$who</b>"}')
    return Pages(folder, Branding(vendor="Ä & Co", support="help@vendor.com", privacy='https://v.com/"x'))


def test_a_value_is_text_and_markup_is_markup(tmp_path: Path) -> None:
    page = room(tmp_path).page("hello", "en", who='<i>"', extra=Html("<em>!</em>"))
    assert "<p>Dear <b>&lt;i&gt;&quot;</b> <em>!</em></p>" in page
    assert "<h1>Hi &lt;i&gt;&quot;</h1>" in page
    assert "<title>Hi &lt;i&gt;&quot; · Ä &amp; Co</title>" in page
    assert '<html lang="en">' in page
    assert '<a href="mailto:help@vendor.com">Support</a>' in page
    assert '<a href="https://v.com/&quot;x">Privacy</a>' in page
    assert "Terms" not in page


def test_a_vendor_that_says_nothing_has_neither_band_nor_links(tmp_path: Path) -> None:
    page = Pages(room(tmp_path).folder, Branding()).page("hello", "en", who="w", extra="")
    assert "<header>" not in page and "<footer>" not in page
    assert "<title>Hi w</title>" in page


def test_the_policy_allows_the_style_and_the_forms_that_are_named(tmp_path: Path) -> None:
    headers = room(tmp_path).headers(("https://app.vendor.com/in", "https://login.vendor.com"))
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self' https://app.vendor.com/in https://login.vendor.com"
    assert set(policy) == {"default-src", "style-src", "form-action", "base-uri", "frame-ancestors"}


def test_the_style_has_the_vendors_colours_and_its_own_hash(tmp_path: Path) -> None:
    plain = room(tmp_path)
    other = Pages(plain.folder, Branding(accent="#123456", header="#654321"))
    page = other.page("hello", "en", who="w", extra="")
    assert "--accent: #123456" in page and "background: #654321" in page
    assert other.headers() != plain.headers()


def test_times_are_written_as_the_language_does() -> None:
    at = 1_794_745_800.0
    assert times.minute(at, "en") == '<time datetime="2026-11-15T12:30:00Z">15 November 2026, 12:30 UTC</time>'
    assert times.minute(at, "de") == '<time datetime="2026-11-15T12:30:00Z">15. November 2026, 12:30 Uhr UTC</time>'
    assert times.day(at, "de") == '<time datetime="2026-11-15T12:30:00Z">15. November 2026</time>'
    assert all(len(months.split()) == 12 for months in times._MONTHS.values())
    assert set(times._MONTHS) == set(times._DAY) == set(times._MINUTE) == set(LANGUAGES)


def test_pages_are_plain_html() -> None:
    for path in BUYER.rglob("*.html"):
        assert "<script" not in path.read_text(encoding="utf-8") and " on" + "click" not in path.read_text()
    assert pages.CONTENT_TYPE == "text/html; charset=utf-8"
