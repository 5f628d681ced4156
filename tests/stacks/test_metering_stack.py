"""The hourly workflow as it is deployed: its order, retries, pace and clock."""

import json
from typing import Any

import pytest

from tests.synthesized import Assembly


def definition(assembly: Assembly) -> dict[str, Any]:
    return assembly.workflow("HourlyMetering")


@pytest.fixture(scope="module")
def states(prod: Assembly) -> dict[str, Any]:
    return dict(definition(prod)["States"])


def tasks(states: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, state in states.items():
        if state["Type"] == "Task" and "FunctionName" in state["Arguments"]:
            found[name] = state
        elif state["Type"] == "Map":
            found.update(tasks(state["ItemProcessor"]["States"]))
    return found


def test_states_follow_one_another_as_the_design_says(states: dict[str, Any]) -> None:
    assert states["Start"]["Next"] == "BeginWithZeros"
    (begin,) = states["BeginWithZeros"]["Choices"]
    assert (begin["Condition"], begin["Next"]) == ("{% $cursor = null and $passes = 0 %}", "PutZeroRecords")
    assert states["BeginWithZeros"]["Default"] == "FindDueHours"
    put = states["PutZeroRecords"]
    assert (put["Next"], put["Catch"][0]["Next"]) == ("MoreZeros", "FindDueHours"), "zeros hold up no usage"
    (more,) = states["MoreZeros"]["Choices"]
    assert (more["Condition"], more["Next"]) == ("{% $zeroCursor != null %}", "PutZeroRecords")
    assert states["MoreZeros"]["Default"] == "FindDueHours"
    order = ["FindDueHours"]
    while "Next" in states[order[-1]]:
        order.append(states[order[-1]]["Next"])
    assert order == ["FindDueHours", "SealHours", "PlanBatches", "SubmitBatch", "SettleHours", "GoingOn"]
    going_on = states["GoingOn"]
    assert [(choice["Condition"], choice["Next"]) for choice in going_on["Choices"]] == [
        ("{% $fault != null %}", "Report"),
        ("{% $more and $events >= 15000 %}", "AskForVersion"),
        ("{% $more %}", "FindDueHours"),
        ("{% $busy and $passes < 5 %}", "WaitForMarketplace"),
    ]
    assert going_on["Default"] == "Report"


def test_unanswered_batches_have_their_turn_again_for_about_half_an_hour(
    states: dict[str, Any],
) -> None:
    wait = states["WaitForMarketplace"]
    assert wait["Next"] == "AnotherPass"
    another = states["AnotherPass"]
    assert another["Default"] == "FindDueHours"
    assert [(choice["Condition"], choice["Next"]) for choice in another["Choices"]] == [
        ("{% $events >= 15000 %}", "AskForVersion")
    ]
    assert wait["Assign"] == {"cursor": "{% null %}", "busy": False, "passes": "{% $passes + 1 %}"}
    pauses = json.loads(wait["Seconds"].removeprefix("{% ").removesuffix("[$passes] %}"))
    assert len(pauses) == 5
    assert 20 * 60 <= sum(pauses) <= 30 * 60


def test_rejected_lines_wait_for_the_good_lines_of_every_page(states: dict[str, Any]) -> None:
    assert states["PlanBatches"]["Arguments"]["Payload"] == {
        "chunks": "{% $chunks %}",
        "knownBad": "{% $passes > 0 or $not($more) %}",
    }


def test_the_run_takes_its_hour_from_its_input_or_from_the_executions_start(states: dict[str, Any]) -> None:
    payload = states["FindDueHours"]["Arguments"]["Payload"]
    assert set(payload) == {"startedAt", "hour", "cursor"}
    start = states["Start"]["Assign"]
    run = "$states.context.Execution"
    assert start["startedAt"] == f"{{% $exists({run}.Input.startedAt) ? {run}.Input.startedAt : {run}.StartTime %}}"
    assert start["hour"].endswith(f"? {run}.Input.hour : null %}}")
    assert start["fault"] == "{% null %}"


def test_an_execution_hands_over_before_its_history_is_full(prod: Assembly, states: dict[str, Any]) -> None:
    ask, hand_over = states["AskForVersion"], states["HandOver"]
    # It hands over to its own version, or to the machine if it was started without one.
    assert (ask["Resource"].rsplit(":", 1)[-1], ask["Next"]) == ("describeExecution", "HandOver")
    assert ask["Arguments"] == {"ExecutionArn": "{% $states.context.Execution.Id %}"}
    version = "$states.result.StateMachineVersionArn"
    assert ask["Output"] == f"{{% {version} ? {version} : $states.result.StateMachineArn %}}"
    assert hand_over["Arguments"]["StateMachineArn"] == "{% $states.input %}"
    for state in (ask, hand_over):
        (retry,) = state["Retry"]
        assert (retry["ErrorEquals"], retry["JitterStrategy"]) == (["States.ALL"], "FULL")
        assert state["TimeoutSeconds"] == 60
    handed = hand_over["Arguments"]["Input"]
    assert handed == {name: f"{{% ${name} %}}" for name in ("startedAt", "hour", "cursor", "busy", "passes")}
    assert set(handed) <= set(states["Start"]["Assign"]), "the next execution reads all of it"
    assert ask["Catch"][0]["Next"] == hand_over["Catch"][0]["Next"] == "Report"
    assert states[hand_over["Next"]]["Type"] == "Succeed"


def test_any_fault_still_reports_and_then_fails_the_run(states: dict[str, Any]) -> None:
    for name in ("FindDueHours", "SealHours", "PlanBatches", "SubmitBatch", "SettleHours"):
        (caught,) = states[name]["Catch"]
        assert caught["ErrorEquals"] == ["States.ALL"]
        # The run names what is overdue even while it can send nothing.
        assert caught["Next"] == ("SettleHours" if name == "SubmitBatch" else "Report")
        assert caught["Assign"]["fault"]["error"] == "{% $states.errorOutput.Error %}"
    assert states["Report"]["Next"] == "Faulted"
    assert states["Faulted"]["Choices"][0]["Next"] == "RunFailed"
    assert states["RunFailed"]["Type"] == "Fail"


def test_a_busy_marketplace_is_retried_shortly_and_a_product_fault_never(states: dict[str, Any]) -> None:
    for task in tasks(states).values():
        fault, busy, full, *_ = task["Retry"]
        assert fault == {"ErrorEquals": ["ProductFault"], "MaxAttempts": 0}
        assert (busy["ErrorEquals"], full["ErrorEquals"]) == (["MarketplaceBusy"], ["Lambda.TooManyRequestsException"])
        assert busy["JitterStrategy"] == full["JitterStrategy"] == "FULL"
        assert waits(busy) <= 10, "it keeps a place that other batches need"
        named = [error for retrier in task["Retry"] for error in retrier["ErrorEquals"]]
        assert "States.ALL" not in named, "a product fault would be caught by it on another engine"


def waits(retrier: dict[str, Any]) -> float:
    """Seconds at most."""
    steps = range(retrier["MaxAttempts"])
    return float(sum(min(retrier["BackoffRate"] ** step, retrier["MaxDelaySeconds"]) for step in steps))


def test_a_batch_left_unanswered_does_not_hold_up_the_others_and_is_remembered(states: dict[str, Any]) -> None:
    inner = states["SubmitBatch"]["ItemProcessor"]["States"]
    busy, fault, other = inner["SubmitLines"]["Catch"]
    assert busy["ErrorEquals"] == ["MarketplaceBusy", "Lambda.TooManyRequestsException"]
    assert (fault["ErrorEquals"], inner[fault["Next"]]["Type"]) == (["ProductFault"], "Fail"), "it ends the run"
    assert (other["ErrorEquals"], other["Next"]) == (["States.ALL"], busy["Next"]), "one batch's own fault does not"
    left = inner[busy["Next"]]
    assert (left["Type"], left["Output"]) == ("Pass", {"busy": True})
    assert inner["SubmitLines"]["Output"] == {"busy": False}
    assert "$states.result[busy = true]" in states["SubmitBatch"]["Assign"]["busy"]


@pytest.mark.parametrize(("step", "chunk"), [("SealHours", "SealChunk"), ("SettleHours", "SettleChunk")])
def test_an_hour_that_kills_its_function_holds_up_no_other(states: dict[str, Any], step: str, chunk: str) -> None:
    """An hour with half a million sets of tags is more than the function's memory: the others are billed all the same,
    those of its own chunk too."""
    inner = states[step]["ItemProcessor"]["States"]
    (caught,) = inner[chunk]["Catch"]
    assert caught["ErrorEquals"] == ["States.ALL"]
    assert caught["Output"] == "{% $states.input %}", "the chunk's keys, not the error"
    one_by_one = inner[caught["Next"]]
    assert (one_by_one["Type"], one_by_one["Items"]) == ("Map", "{% $states.input %}")
    ((_, alone), (left, passed)) = sorted(
        one_by_one["ItemProcessor"]["States"].items(), key=lambda s: s[1]["Type"] == "Pass"
    )
    assert alone["Arguments"]["Payload"] == {"keys": "{% [$states.input] %}"}
    assert [(c["ErrorEquals"], c["Next"]) for c in alone["Catch"]] == [(["States.ALL"], left)]
    assert passed["Type"] == "Pass"


def test_submitting_is_paced_by_the_submitters_own_concurrency(prod: Assembly, states: dict[str, Any]) -> None:
    submitter = prod.functions()["submit-batch"]
    assert states["SubmitBatch"]["MaxConcurrency"] == prod.stage.submit_concurrency
    assert submitter["ReservedConcurrentExecutions"] == prod.stage.submit_concurrency
    variables = submitter["Environment"]["Variables"]
    assert variables["SUBMIT_CONCURRENCY"] == str(prod.stage.submit_concurrency)
    assert variables["CALLS_PER_SECOND"] == str(prod.stage.calls_per_second)


@pytest.mark.parametrize("workflow", ["HourlyMetering", "FinalMetering"])
def test_no_task_waits_for_an_answer_that_is_lost(prod: Assembly, workflow: str) -> None:
    """A task without a limit waits for as long as its machine may; one below the function's own would try it twice."""
    timeouts = {name.replace("-", ""): function["Timeout"] for name, function in prod.functions().items()}
    renamed = {"sealchunk": "sealhours", "settlechunk": "settlehours", "submitlines": "submitbatch"}
    for name, task in tasks(dict(prod.workflow(workflow)["States"])).items():
        function = name.lower().removesuffix("alone")
        assert task["TimeoutSeconds"] == timeouts[renamed.get(function, function)] + 60, name


def test_a_run_ends_before_the_next_but_one_starts(prod: Assembly) -> None:
    assert definition(prod)["TimeoutSeconds"] == 55 * 60


def test_the_machine_is_standard_traced_and_logged(prod: Assembly) -> None:
    for machine in prod.properties("AWS::StepFunctions::StateMachine"):
        assert machine["StateMachineType"] == "STANDARD"
        assert machine["TracingConfiguration"] == {"Enabled": True}
        assert machine["LoggingConfiguration"]["Level"] == "ALL"


def test_schedules_start_the_workflow_every_hour_and_at_the_months_last_chance(prod: Assembly) -> None:
    schedules = {schedule["ScheduleExpression"]: schedule for schedule in prod.schedules("HourlyMetering")}
    assert set(schedules) == {f"cron({prod.stage.seal_delay_minutes} * * * ? *)", "cron(0/5 5 1 * ? *)"}
    for schedule in schedules.values():
        assert schedule["ScheduleExpressionTimezone"] == "Etc/UTC"
        assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
        assert schedule["State"] == "ENABLED"
        target = schedule["Target"]
        assert target["Input"] == "{}"
        assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 2700, "MaximumRetryAttempts": 20}
        assert "DeadLetterConfig" in target


def test_functions_are_arm64_traced_and_share_one_asset(prod: Assembly) -> None:
    functions = prod.functions().values()
    assert {function["Runtime"] for function in functions} == {"python3.14"}
    assert {tuple(function["Architectures"]) for function in functions} == {("arm64",)}
    assert {function["TracingConfig"]["Mode"] for function in functions} == {"Active"}
    assert len({function["Code"]["S3Key"] for function in functions}) == 1
