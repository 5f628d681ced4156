"""Final metering as it is deployed: what starts it, its order, and that no fault ends it early."""

import json
from typing import Any

import pytest

from tests.synthesized import Assembly, references

OWN = {"FindFinalHours", "RefuseUsage", "SealHours", "PlanBatches", "SubmitBatch", "EndSubscription"}


@pytest.fixture(scope="module")
def states(prod: Assembly) -> dict[str, Any]:
    return dict(prod.workflow("FinalMetering")["States"])


def test_the_workflow_finds_the_next_step_before_every_step(states: dict[str, Any]) -> None:
    assert states["Start"]["Next"] == "FindFinalHours"
    assert states["FindFinalHours"]["Next"] == "NextStep"
    choices = {choice["Condition"]: choice["Next"] for choice in states["NextStep"]["Choices"]}
    assert choices == {
        "{% $step = 'send' %}": "SealHours",
        "{% $step = 'wait' %}": "WaitUntil",
        "{% $step = 'refuse' %}": "RefuseUsage",
        "{% $step = 'end' %}": "EndSubscription",
    }
    assert states["NextStep"]["Default"] == "FinalMeteringCompleted"
    order = ["SealHours"]
    while order[-1] != "FindFinalHours":
        order.append(states[order[-1]]["Next"])
    assert order == ["SealHours", "PlanBatches", "SubmitBatch", "FindFinalHours"]
    assert states["RefuseUsage"]["Next"] == states["WaitUntil"]["Next"] == "FindFinalHours"


def test_hours_are_sent_once_between_two_waits(states: dict[str, Any]) -> None:
    assert states["SubmitBatch"]["Assign"] == {"sent": True}
    for name in ("Start", "WaitUntil", "WaitAfterFault", "EndSubscription"):
        assert states[name]["Assign"]["sent"] is False


def test_a_wait_ends_at_a_time_of_the_functions_clock(states: dict[str, Any]) -> None:
    """So that it ends when the local stage's clock is moved, and at that very time on AWS."""
    assert states["WaitUntil"]["Timestamp"] == "{% $waitUntil %}"
    assert states["FindFinalHours"]["Assign"]["waitUntil"] == "{% $states.result.Payload.waitUntil %}"


def test_a_subscription_that_could_not_be_ended_is_found_again(states: dict[str, Any]) -> None:
    ended = states["Ended"]
    assert [(choice["Condition"], choice["Next"]) for choice in ended["Choices"]] == [
        ("{% $outcome = 'ended' %}", "FinalMeteringCompleted")
    ]
    assert ended["Default"] == "FindFinalHours"


def test_final_metering_outlives_our_faults_for_half_an_hour_and_then_fails(states: dict[str, Any]) -> None:
    for name in OWN:
        (caught,) = states[name]["Catch"]
        assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], "Faulted")
        assert caught["Assign"]["faults"] == "{% $faults + 1 %}"
    faulted = states["Faulted"]
    assert [(c["Condition"], c["Next"]) for c in faulted["Choices"]] == [("{% $faults >= 30 %}", "FinalMeteringFailed")]
    assert (faulted["Default"], states["WaitAfterFault"]["Seconds"]) == ("WaitAfterFault", 60)
    assert states["FinalMeteringFailed"]["Type"] == "Fail"


def test_whatever_becomes_of_a_batch_its_lines_are_tried_again(states: dict[str, Any]) -> None:
    inner = states["SubmitBatch"]["ItemProcessor"]["States"]
    busy, other = inner["SubmitLines"]["Catch"]
    assert busy["ErrorEquals"] == ["ProductFault", "Lambda.TooManyRequestsException"]
    assert inner[busy["Next"]]["Type"] == "Pass"
    assert (other["ErrorEquals"], inner[other["Next"]]["Type"]) == (["States.ALL"], "Map"), "one by one"
    assert not any(state["Type"] == "Fail" for state in inner.values())


def test_there_is_one_sealer_one_planner_and_one_paced_submitter(prod: Assembly) -> None:
    """By the functions' names in both definitions: a version's logical id begins with its function's."""
    machines = dict(prod.resources("AWS::StepFunctions::StateMachine"))
    invoked = {}
    for name, machine in machines.items():
        parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
        invoked[name[:6]] = {version for version in references(parts) if "FunctionCurrentVersion" in version}
    shared = invoked["Hourly"] & invoked["FinalM"]
    assert {name.split("Function")[0] for name in shared} == {"sealhours", "planbatches", "submitbatch"}
    assert len(invoked["FinalM"]) == 6


def test_an_execution_may_last_until_the_last_hours_deadline(prod: Assembly) -> None:
    assert prod.workflow("FinalMetering")["TimeoutSeconds"] == 26 * 3600


def test_the_subscribers_stream_starts_it(prod: Assembly) -> None:
    mappings = prod.properties("AWS::Lambda::EventSourceMapping", stack="Metering")
    (mapping,) = [m for m in mappings if "StartingPosition" in m]
    (pattern,) = mapping["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {"eventName": ["INSERT", "MODIFY"]}, "the app is told of all of them"
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert "Destination" in mapping["DestinationConfig"]["OnFailure"]
    assert 1 <= mapping["MaximumRetryAttempts"] <= 100


def test_missing_final_metering_is_started_within_the_margin_of_the_grace(prod: Assembly) -> None:
    (schedule,) = prod.schedules("look-after-leavers")
    assert schedule["ScheduleExpression"] == "rate(5 minutes)"
    assert schedule["State"] == "ENABLED"
    assert "DeadLetterConfig" in schedule["Target"]
