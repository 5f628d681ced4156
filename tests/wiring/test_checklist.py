"""The places and the commands in docs/checklist.md exist."""

import re

import pytest

from stacks import synth

PAGE = (synth.ROOT / "docs" / "checklist.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| line", "| ---"))]
#: The specification's production checklist, then its best practices of metering, security and operations.
LINES = 11 + 6 + 5 + 5
TARGETS = set(re.findall(r"^([a-z]+):", (synth.ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_no_line_is_left_out() -> None:
    assert len(ROWS) == LINES


@pytest.mark.parametrize("row", ROWS, ids=[row.split("|")[1].strip() for row in ROWS])
def test_a_line_says_where_and_how_to_see_it(row: str) -> None:
    _, line, place, command, _ = row.split("|")
    assert line.strip() and place.strip() and command.strip()
    for path in re.findall(r"`([\w./-]+/[\w./-]+)`", place):
        assert (synth.ROOT / path).exists() or path.startswith("build/"), path
    for target, part in re.findall(r"`make ([a-z]+)(?: T=(\S+?))?[ `]", command + " "):
        assert target in TARGETS, target
        assert not part or (synth.ROOT / part.rstrip("`")).exists(), part
