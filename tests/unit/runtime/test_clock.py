"""The clock, and times as they are written."""

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
    with pytest.raises(ValueError):  # the sentence is the library's for most
        clock.from_iso(text)
