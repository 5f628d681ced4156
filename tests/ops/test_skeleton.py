"""What every command has in common: names at the command line, answers, changes and their audit trail."""

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from ledger import tables
from ledger.transaction import Operation, write
from ops import line_id
from ops.answer import Answer, table, words
from ops.change import STAGE_SUBJECT, Change, carry_out
from ops.read.actions import actions
from ops.refused import Refused
from ops.stage import OpenStage
from tests.ops.answers import CALLER, AnswersOfAws


def change(stage: OpenStage, subject: str = "l-1") -> Change:
    def do(entry: Operation) -> list[str]:
        write(stage.dynamodb.meta.client, [entry])
        return ["done"]

    return Change(subject=subject, target="l-1/x", change={"units": Decimal("2.5")}, shown=[words("shown")], do=do)


def stored(stage: OpenStage) -> list[dict[str, Any]]:
    return [dict(item) for item in stage.table(tables.AUDIT).scan()["Items"]]


@pytest.mark.parametrize("hour", ["2026-11-15T14:00Z", "2026-11-15T14:00:00Z", "2026-11-15T15:00+01:00"])
def test_a_line_is_named_by_customer_hour_and_dimension(hour: str) -> None:
    line = line_id.parse_line(f"l-0123456789abcdef/{hour}/api_calls")
    assert (line.customer, line.hour, line.dimension) == ("l-0123456789abcdef", 1794751200, "api_calls")
    assert str(line) == "l-0123456789abcdef/2026-11-15T14:00Z/api_calls"
    assert line_id.parse_hour(str(line.of_hour)) == line.of_hour


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("l-1", "<customer>/<hour>/<dimension>"),
        ("l-1/2026-11-15T14:00Z", "<customer>/<hour>/<dimension>"),
        ("l-1/yesterday/api_calls", "'yesterday' is no hour"),
        ("l-1/2026-11-15T14:20Z/api_calls", "did you mean 2026-11-15T14:00Z?"),
        ("l 1/2026-11-15T14:00Z/api_calls", "no billing key"),
        ("l" * 2000 + "/2026-11-15T14:00Z/api_calls", "no billing key"),
    ],
)
def test_what_is_no_line_is_refused_with_the_form(text: str, named: str) -> None:
    with pytest.raises(Refused, match=named.replace("?", r"\?")):
        line_id.parse_line(text)


def test_an_events_id_may_hold_slashes() -> None:
    assert line_id.parse_event("l-1/a/b") == ("l-1", "a/b")


def test_an_answer_keeps_quantities_exact_and_texts_as_they_are() -> None:
    shown = [table("t", ("name", "#units"), [("[red]", Decimal("1E+3"))])]
    answer = Answer(data={"units": Decimal("0.100")}, shown=shown, next=["ops status"])
    assert json.loads(answer.to_json()) == {"units": "0.1", "next": ["ops status"], "trouble": False}
    console = Console(width=80, record=True, file=io.StringIO())
    answer.print(console)
    printed = console.export_text()
    assert "[red]" in printed
    assert "1000" in printed


def test_a_change_is_shown_and_not_done_without_apply(stage: OpenStage) -> None:
    answer = carry_out(stage, "carry", change(stage), why="", apply=False)
    assert answer.data["applied"] is False
    assert stored(stage) == []


@pytest.mark.parametrize("why", ["", "  ", "x" * 501])
def test_a_change_needs_a_reason(stage: OpenStage, why: str) -> None:
    with pytest.raises(Refused, match="--why"):
        carry_out(stage, "carry", change(stage), why=why, apply=True)
    assert stored(stage) == []


def test_a_change_is_audited_with_who_and_why(stage: OpenStage) -> None:
    answer = carry_out(stage, "carry", change(stage), why=" lost by a bad deploy ", apply=True)
    (item,) = stored(stage)
    assert {name: item[name] for name in ("subject", "who", "why", "command", "target", "change")} == {
        "subject": "l-1",
        "who": CALLER,
        "why": "lost by a bad deploy",
        "command": "carry",
        "target": "l-1/x",
        "change": {"units": Decimal("2.5")},
    }
    assert item["item"].startswith("action#2026-11-15T16:20:00.000Z#")
    assert answer.data["audit"] == {"subject": "l-1", "item": item["item"]}


def test_actions_tells_what_was_changed_of_a_customer_or_the_stage(stage: OpenStage) -> None:
    carry_out(stage, "carry", change(stage), why="one", apply=True)
    carry_out(stage, "pause", change(stage, STAGE_SUBJECT), why="two", apply=True)
    assert [each["why"] for each in actions(stage, "l-1").data["actions"]] == ["one"]
    assert [each["command"] for each in actions(stage).data["actions"]] == ["pause"]
    assert actions(stage, "nobody").data["actions"] == []


def test_a_stack_that_is_not_deployed_has_no_outputs(stage: OpenStage, aws: AnswersOfAws) -> None:
    aws.outputs["Doors"] = {"UsageQueueUrl": "https://sqs/usage"}
    assert stage.output("Doors", "UsageQueueUrl") == "https://sqs/usage"
    assert stage.output("Doors", "Other") is None
    assert stage.output("Audit", "Anything") is None
    assert len(aws.asked) == 2, "each stack is asked for once"
