"""The parts of ``make drill`` that need no stage: schedules by simulated time, and commands of the pages."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.drill.runbook import RunbookFailed, block, filled_in
from local.drill.scenarios import ALL
from local.drill.schedules import Schedule
from stacks.synth import ROOT


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(15 minutes)", ["10:00", "10:15", "10:30", "10:45"]),
        ("cron(10 * * * ? *)", ["10:10"]),
        ("cron(0/20 10 1 * ? *)", ["10:00", "10:20", "10:40"]),
        ("cron(0/20 10 2 * ? *)", []),
        ("cron(5,50 9-10 * * ? *)", ["09:50", "10:05", "10:50"]),
    ],
)
def test_a_schedule_calls_at_its_moments(expression: str, expected: list[str]) -> None:
    due = Schedule("x", expression, "arn", "{}").due(moment("2026-12-01T09:46"), moment("2026-12-01T10:55"))
    assert [datetime.fromtimestamp(at, UTC).strftime("%H:%M") for at in due] == expected


def test_a_form_that_is_not_played_is_refused() -> None:
    with pytest.raises(ValueError, match="not played"):
        list(Schedule("x", "cron(0 9 ? * MON *)", "arn", "{}").due(0, 60))


def test_placeholders_are_filled_in_as_whole_words() -> None:
    commands = '. bin/runbook.sh prod && bin/ops carry LINE --why "…" --stage prod --query PRODUCTS-LINE'
    assert filled_in(commands, {"LINE": "l-1/2026-11-15T14:00Z/api_calls"}) == (
        '. bin/runbook.sh local && bin/ops carry l-1/2026-11-15T14:00Z/api_calls --why "…" --stage local'
        " --query PRODUCTS-LINE"
    )


_FOLLOWED = re.compile(r'follow\((?:SCENARIO\.page|"(?P<page>[a-z-]+)"), "(?P<name>[a-z-]+)"')


@pytest.mark.parametrize("scenario", ALL, ids=lambda each: each.name)
def test_a_scenario_follows_blocks_that_its_pages_have(scenario: object) -> None:
    name = scenario.name.replace("-", "_")  # type: ignore[attr-defined]
    source = Path(ROOT / "local" / "drill" / "scenarios" / f"{name}.py").read_text(encoding="utf-8")
    followed = list(_FOLLOWED.finditer(source))
    assert followed, "a scenario repairs by a page"
    for match in followed:
        assert block(match["page"] or scenario.page, match["name"])  # type: ignore[attr-defined]


def test_a_block_that_is_not_there_is_named() -> None:
    with pytest.raises(RunbookFailed, match="has no block tried=nothing; it has"):
        block("restore", "nothing")
