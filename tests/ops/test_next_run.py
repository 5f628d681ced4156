"""When the next run begins: by the hour, and every five minutes in the month's last hour."""

from dataclasses import replace

import pytest

from ops.next_run import next_run, sent_by
from ops.stage import OpenStage
from runtime.clock import from_iso, iso


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        ("2026-11-15T08:00:00Z", "2026-11-15T08:10:00Z"),
        ("2026-11-15T08:10:00Z", "2026-11-15T08:10:00Z"),
        ("2026-11-15T08:10:01Z", "2026-11-15T09:10:00Z"),
        ("2026-12-01T04:11:00Z", "2026-12-01T05:00:00Z"),
        ("2026-12-01T03:11:00Z", "2026-12-01T04:10:00Z"),
        ("2026-12-01T04:56:00Z", "2026-12-01T05:00:00Z"),
        ("2026-12-01T05:11:00Z", "2026-12-01T05:15:00Z"),
        ("2026-12-01T05:55:01Z", "2026-12-01T06:10:00Z"),
        ("2026-12-02T05:11:00Z", "2026-12-02T06:10:00Z"),
    ],
)
def test_the_next_run(now: str, begins: str) -> None:
    assert iso(next_run(from_iso(now), 10)) == begins


@pytest.mark.parametrize(
    ("deadline", "in_time"),
    [("2026-11-15T08:15:01Z", True), ("2026-11-15T08:15:00Z", False), ("2026-11-15T08:05:00Z", False)],
)
def test_a_run_that_begins_just_before_the_deadline_is_too_late(stage: OpenStage, deadline: str, in_time: bool) -> None:
    at_eight = replace(stage, now=lambda: from_iso("2026-11-15T08:00:00Z"))
    said = sent_by(at_eight, from_iso(deadline))
    assert ("sends it, before its deadline" in said, "start a run now" in said) == (in_time, not in_time)
