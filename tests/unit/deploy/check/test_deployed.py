"""Stacks, schedules and dead letters of a deployed stage."""

import pytest

from deploy.check.deployed import (
    dead_letter_line,
    dead_letter_lines,
    schedule_line,
    stack_lines,
)
from deploy.deployed_stacks import STUCK, DeployedStack, Resource
from deploy.deployed_stage import DeployedStage
from deploy.line import State
from tests.unit.deploy.answers import answering
from tests.unit.deploy.targets import stage, target, there


def all_there(status: str = "CREATE_COMPLETE", **more: object) -> list[DeployedStack]:
    return [
        there(name, status, **more) for name in ("Data", "Doors", "Metering", "Events", "Archive", "Audit", "Watch")
    ]


def states(stacks: list[DeployedStack], **changes: object) -> dict[str, State]:
    return {line.about.rsplit("-", 1)[-1]: line.state for line in stack_lines(stage(**changes), stacks)}


def test_before_the_first_deployment_one_line_says_so_and_nothing_is_red() -> None:
    for stacks in ([], [there("Data", "REVIEW_IN_PROGRESS")]):
        (line,) = stack_lines(stage(), stacks)
        assert line.state is State.GREEN and "make deploy STAGE=dev" in line.says


def test_a_complete_stage_is_green_and_a_missing_stack_is_red() -> None:
    assert set(states(all_there()).values()) == {State.GREEN}
    assert set(states(all_there("UPDATE_ROLLBACK_COMPLETE")).values()) == {State.GREEN}
    assert states(all_there()[:3])["Watch"] is State.RED


@pytest.mark.parametrize("status", [*STUCK, "ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED"])
def test_an_incomplete_stack_is_red(status: str) -> None:
    (line,) = [each for each in stack_lines(stage(), [*all_there()[1:], there("Data", status)]) if "Data" in each.about]
    assert line.state is State.RED and line.remedy
    assert "{" not in line.remedy


def test_a_stack_in_the_middle_of_a_change_is_yellow() -> None:
    assert states([*all_there()[1:], there("Data", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")])["Data"] is State.YELLOW


def test_a_stage_that_keeps_its_data_is_protected() -> None:
    assert states(all_there(protected=True), keep_data=True)["Data"] is State.GREEN
    assert states(all_there(protected=False), keep_data=True)["Data"] is State.RED
    assert states(all_there(protected=False), keep_data=False)["Data"] is State.GREEN


def test_a_schedule_that_is_paused_is_red() -> None:
    assert schedule_line("Hourly", "ENABLED").state is State.GREEN
    assert schedule_line("Hourly", "DISABLED").state is State.RED


def test_dead_letters_are_red_also_while_they_are_received() -> None:
    assert dead_letter_line("Q", 0).state is State.GREEN
    found = DeployedStage(target=target())
    queue = Resource("eu-west-1", "FailedLinesQueue1", "AWS::SQS::Queue", "https://sqs.eu-west-1.amazonaws.com/1/q")
    found.__dict__["resources"] = (queue, queue._replace(logical_id="UsageQueue1"))
    counts = {"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "1"}
    with answering({"GetQueueAttributes": {"Attributes": counts}}) as calls:
        (line,) = dead_letter_lines(found)
    assert line.state is State.RED and "1 message that" in line.says
    assert [call.region for call in calls] == ["eu-west-1"]
