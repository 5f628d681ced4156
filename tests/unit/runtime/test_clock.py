"""The clock, and times as they are written."""

import contextlib
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import clock


@pytest.fixture(autouse=True)
def _no_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(clock.OFFSET_VARIABLE, raising=False)


def test_without_an_offset_it_is_the_machines_clock() -> None:
    before = time.time()
    assert before <= clock.now() <= time.time()
    assert clock.offset() == 0


@pytest.mark.parametrize(("text", "offset"), [("3600", 3600), (" -1.5\n", -1.5), ("", 0), (" \n", 0), ("1e3", 1000)])
def test_the_local_stages_offset_is_added(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, offset: float
) -> None:
    file = tmp_path / "offset"
    file.write_text(text, encoding="ascii")
    monkeypatch.setenv(clock.OFFSET_VARIABLE, str(file))
    assert clock.offset() == offset
    assert clock.now() - offset == pytest.approx(time.time(), abs=5)


def test_the_offset_is_read_anew_each_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "offset"
    monkeypatch.setenv(clock.OFFSET_VARIABLE, str(file))
    assert clock.offset() == 0
    file.write_text("60", encoding="ascii")
    assert clock.offset() == 60


def test_a_broken_offset_is_an_error_not_zero(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "offset").write_text("soon", encoding="ascii")
    monkeypatch.setenv(clock.OFFSET_VARIABLE, str(tmp_path / "offset"))
    with pytest.raises(ValueError, match="soon"):
        clock.now()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_763_193_600, "2025-11-15T08:00:00Z"),
        (1_763_193_600.057, "2025-11-15T08:00:00.057Z"),
        (1_763_193_600.999, "2025-11-15T08:00:00.999Z"),
    ],
)
def test_times_are_written_in_utc(seconds: float, text: str) -> None:
    assert clock.iso(seconds) == text
    assert clock.from_iso(text) == seconds


@given(st.integers(0, 4_102_444_800_000))
def test_milliseconds_are_read_back_until_2100(milliseconds: int) -> None:
    text = clock.iso(milliseconds / 1000)
    assert round(clock.from_iso(text) * 1000) == milliseconds


def test_a_zone_is_read() -> None:
    assert clock.from_iso("2025-11-15T09:00:00+01:00") == 1_763_193_600


@pytest.mark.parametrize("text", ["2025-11-15T08:00:00", "2025-11-15", "today", ""])
def test_a_time_needs_a_zone(text: str) -> None:
    with pytest.raises(ValueError, match="zone"):
        clock.from_iso(text)


@pytest.mark.parametrize(
    "text",
    [
        *["2025-11-15T08:00:00Z", "2025-11-15T08:00:00z", "2025-11-15t08:00:00Z", "2025-11-15t08:00:00z"],
        *["2025-11-15T08:00:00.0Z", "2025-11-15T08:00:00,000Z", "2025-11-15T08:00:00.000000000Z"],
        *["2025-11-15T08:00Z", "2025-11-15T08:00+00:00", "2025-11-15T08:00:00-00:00", "2025-11-15T09:00:00+01"],
        *["2025-11-15T09:00:00+0100", "2025-11-15T02:30:00-05:30", "20251115T080000Z", "20251115T0800Z"],
        "20251115T090000.000+0100",
    ],
)
def test_every_form_of_iso_8601_with_a_calendar_date_is_read(text: str) -> None:
    """Java leaves seconds of 0 out, Python writes ``+00:00``, shells ``+0000``, RFC 3339 lets ``t`` and ``z`` pass."""
    assert clock.from_iso(text) == 1_763_193_600


@pytest.mark.parametrize(
    "text",
    [
        *["2025-11-15T08:00:00 Z", "2025-11-15T08:00:00Z\0", "2025-11-15T08:00:00\0Z", "2025-11-15T08:00:00Z "],
        *[" 2025-11-15T08:00:00Z", "2025-11-15T08:00:00Z\n", "2025-11-15 08:00:00Z", "2025-11-15\u212a08:00:00Z"],
        *["2025-11-15x08:00:00Z", "2025-11-15T08:00:00+01:00:00", "2025-11-15T08:00:00.Z", "2025-11-15T08.5:00Z"],
        *["2025-11-15T08:00:00+1:00", "2025-11-15T08:00:00+24:00", "2025-11-15T08Z", "2025-11-15T0800:00Z"],
        *["20251115T08:00:00Z", "2025-11-15T080000Z", "2025-11-5T08:00:00Z", "25-11-15T08:00:00Z"],
        *["2025-11-15T24:00:00Z", "2025-11-15T08:60:00Z", "2025-11-15T08:00:60Z", "2025-02-29T08:00:00Z"],
        *["\u0662025-11-15T08:00:00Z", "2025-11-15T08:00:00\uff3a", "+2025-11-15T08:00:00Z", "0000-11-15T08:00:00Z"],
        *["2025-11-15T08:00:00Z+01:00", "2025-11-15T08:00:00ZZ", "2025-11-15T08:00:00UTC"],
    ],
)
def test_what_is_not_iso_8601_is_no_time(text: str) -> None:
    """``datetime.fromisoformat`` forgives a good part of these."""
    with pytest.raises(ValueError):  # the sentence is the library's where the form is right and the day is not
        clock.from_iso(text)


@given(st.text(alphabet="0123456789-:.,TtZzW+ \0\n", max_size=30))
def test_no_text_is_read_but_what_has_the_form(text: str) -> None:
    with contextlib.suppress(ValueError):
        clock.from_iso(text)
        assert re.fullmatch(r"\d{4}-?\d\d-?\d\d[Tt]\d\d:?\d\d(:?\d\d([.,]\d+)?)?([Zz]|[+-]\d\d(:?\d\d)?)", text)
