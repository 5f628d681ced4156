"""Smoke judges a deployed stage by its answers."""

from typing import Any

import pytest

from deploy.api_door import Answer
from deploy.deployed_stacks import Resource
from deploy.deployed_stage import DeployedStage
from deploy.line import State
from deploy.smoke.doors import closed_line, health_line, missing_line
from deploy.smoke.metering import started_line, workflow_line
from deploy.smoke.queues import queue_line, queue_lines, senders_of
from deploy.smoke.smoke import deployed_lines, looks
from deploy.smoke.watch import alarm_lines, watch_lines
from deploy.smoke.write import Wishes
from tests.unit.deploy.answers import answering
from tests.unit.deploy.targets import stage, target, there


def answer(status: int, body: Any = None) -> Answer:
    return Answer(status, "application/json", body)


def error(status: int, code: str) -> Answer:
    return answer(status, {"error": {"code": code, "message": "m", "details": {}}})


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (answer(200, {"status": "ok"}), State.GREEN),
        (answer(200, "<html>"), State.RED),
        (answer(502), State.RED),
    ],
)
def test_health_is_our_answer_and_not_just_any_200(found: Answer, state: State) -> None:
    assert health_line(found).state is state


@pytest.mark.parametrize(
    ("status", "state"), [(403, State.GREEN), (401, State.GREEN), (404, State.RED), (200, State.RED)]
)
def test_unsigned_requests_are_refused(status: int, state: State) -> None:
    assert closed_line(answer(status)).state is state


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (error(404, "not_found"), State.GREEN),
        # The gateway's own 404 has no code of ours.
        (answer(404, {"message": "Not Found"}), State.RED),
        (answer(403, {"message": "Forbidden"}), State.YELLOW),
        (error(503, "unavailable"), State.RED),
        (answer(200, {"customerIdentifier": "x"}), State.RED),
        (answer(500, ["no", "object"]), State.RED),
    ],
)
def test_a_missing_subscriber_is_a_clean_404(found: Answer, state: State) -> None:
    assert missing_line(found).state is state


def alarm(name: str, state: str = "OK", **more: Any) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "StateValue": state,
        "ActionsEnabled": True,
        "AlarmDescription": f"[Page] {name}",
        **more,
    }


def test_all_alarms_in_place_are_one_green_line_whatever_has_no_data_yet() -> None:
    (line,) = alarm_lines(stage(), ["a", "b"], [alarm("a"), alarm("b", "INSUFFICIENT_DATA")])
    assert line.state is State.GREEN and "all 2" in line.says


@pytest.mark.parametrize(
    ("found", "about"),
    [
        ([alarm("a"), alarm("b", "ALARM")], "alarm b"),
        ([alarm("a")], "alarm b"),
        ([alarm("a"), alarm("b", ActionsEnabled=False)], "alarm b"),
    ],
)
def test_an_alarm_that_rings_is_missing_or_muted_is_red_by_name(found: list[dict[str, Any]], about: str) -> None:
    lines = list(alarm_lines(stage(), ["a", "b"], found))
    assert [line.about for line in lines if line.state is State.RED] == [about]


def test_a_stage_without_alarms_is_red() -> None:
    assert [line.state for line in alarm_lines(stage(), [], [])] == [State.RED]


def test_a_hundred_alarms_and_more_are_asked_in_turns() -> None:
    """CloudWatch API: AlarmNames has at most 100 items."""
    found = DeployedStage(target=target())
    names = [f"alarm-{number}" for number in range(130)]
    found.__dict__["resources"] = tuple(Resource("us-east-1", n, "AWS::CloudWatch::Alarm", n) for n in names)
    pages = [{"MetricAlarms": [alarm(n) for n in part]} for part in (names[:100], names[100:])]
    with answering({"DescribeAlarms": pages}) as calls:
        (line,) = watch_lines(found)
    assert line.state is State.GREEN and "all 130" in line.says
    assert [len(call.request["AlarmNames"]) for call in calls] == [100, 30]


TLS = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "sqs:*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
OPEN = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sqs:SendMessage"}
FROM_SNS = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Condition": {"ArnEquals": {"aws:SourceArn": "arn"}},
}
SNS = frozenset({"sns.amazonaws.com"})


@pytest.mark.parametrize(
    ("statements", "senders", "state"),
    [
        ([TLS], frozenset(), State.GREEN),
        (TLS, frozenset(), State.GREEN),
        ([TLS, FROM_SNS], SNS, State.GREEN),
        ([TLS], SNS, State.RED),
        ([TLS, {**FROM_SNS, "Action": ["sqs:GetQueueUrl"]}], SNS, State.RED),
        ([], frozenset(), State.RED),
        ([FROM_SNS], SNS, State.RED),
        ([TLS, OPEN], frozenset(), State.RED),
        ([TLS, {**OPEN, "Principal": "*"}], frozenset(), State.RED),
        ([TLS, {**OPEN, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}], frozenset(), State.GREEN),
    ],
)
def test_a_queue_requires_tls_and_lets_in_its_senders(statements: Any, senders: frozenset[str], state: State) -> None:
    assert queue_line("Q", {"Statement": statements}, senders).state is state


def test_a_queue_without_a_policy_is_red() -> None:
    found = DeployedStage(target=target())
    found.__dict__["resources"] = (Resource("us-east-1", "Q", "AWS::SQS::Queue", "https://q"),)
    found.__dict__["stacks"] = ()
    with answering({"GetQueueAttributes": {}}):
        assert [line.state for line in queue_lines(found)] == [State.RED]


def test_notices_come_to_the_queues_in_the_ways_that_the_stage_has() -> None:
    both = stage(notices=("eventbridge", "sns"), test_accounts=("111122223333",))
    everybody = {"events.amazonaws.com", "sns.amazonaws.com"}
    assert senders_of(both, entitlements=True) == senders_of(both, entitlements=False) == everybody
    assert senders_of(stage(test_accounts=()), entitlements=False) == set()
    plain = stage(pricing_model="subscription", test_accounts=("111122223333",), notices=("eventbridge",))
    assert senders_of(plain, entitlements=True) == set()
    assert senders_of(plain, entitlements=False) == {"events.amazonaws.com"}


@pytest.mark.parametrize(
    ("arn", "status", "state"),
    [("arn:m", "ACTIVE", State.GREEN), ("arn:m", "DELETING", State.RED), (None, None, State.RED)],
)
def test_a_workflow_is_active(arn: str | None, status: str | None, state: State) -> None:
    assert workflow_line("hourly metering", arn, status).state is state


@pytest.mark.parametrize(
    ("state", "starts", "verdict"),
    [("ENABLED", "arn:live", State.GREEN), ("DISABLED", "arn:live", State.RED), ("ENABLED", "arn:old", State.RED)],
)
def test_a_schedule_starts_the_live_version(state: str, starts: str, verdict: State) -> None:
    assert started_line("Hourly", state, starts, "arn:live").state is verdict


def test_a_stage_that_is_not_deployed_is_one_red_line() -> None:
    found = DeployedStage(target=target())
    found.__dict__["stacks"] = (there("Data", "ROLLBACK_COMPLETE"),)
    (look,) = looks(found, Wishes())
    assert [line.state for line in deployed_lines(found)] == [State.RED]
    assert look.about == "stacks"
