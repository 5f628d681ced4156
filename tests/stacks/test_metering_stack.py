"""The hourly workflow as it is deployed: its order, retries, pace and clock."""

import json
import math
import re
from typing import Any

import pytest

from marketplace.dimensions import Dimension
from metering.find.find_due_hours import EVENTS_PER_CALL, DueHours, PageLimit
from metering.handlers.plan_batches import EVENTS_PER_LANE
from metering.send.lanes import in_lanes, lane_length
from metering.sizes import KEYS_BYTES, KEYS_PER_CALL, LANES_BYTES, PAGE_BATCHES, PAGE_KEYS
from stacks.constructs.workflows.hourly_states import EVENTS
from stacks.constructs.workflows.hourly_turn import EVENTS_ALONE, EVENTS_OF_A_TURN
from tests.products import sold
from tests.synthesized import Assembly


def definition(assembly: Assembly) -> dict[str, Any]:
    return assembly.workflow("HourlyMetering")


@pytest.fixture(scope="module")
def states(prod: Assembly) -> dict[str, Any]:
    return prod.states("HourlyMetering")


@pytest.fixture(scope="module")
def branches(states: dict[str, Any]) -> list[dict[str, Any]]:
    """Of a turn: what sends, what prepares, what settles."""
    return [branch["States"] for branch in states["Turn"]["Branches"]]


def tasks(states: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: state for name, state in states.items() if "FunctionName" in state.get("Arguments", ())}


def choices(state: dict[str, Any]) -> list[tuple[str, str]]:
    return [(choice["Condition"], choice["Next"]) for choice in state["Choices"]]


def test_states_follow_one_another_as_the_design_says(states: dict[str, Any]) -> None:
    assert states["Start"]["Next"] == "BeginWithZeros"
    assert choices(states["BeginWithZeros"]) == [("{% $exists($states.context.Execution.Input.page) %}", "Turn")]
    assert states["BeginWithZeros"]["Default"] == "PutZeroRecords"
    put = states["PutZeroRecords"]
    assert (put["Next"], put["Catch"][0]["Next"]) == ("MoreZeros", "Turn"), "zeros hold up no usage"
    assert choices(states["MoreZeros"]) == [("{% $zeroCursor != null %}", "PutZeroRecords")]
    assert states["MoreZeros"]["Default"] == "Turn"
    assert states["Turn"]["Next"] == "GoingOn"
    going_on = states["GoingOn"]
    to_send = "($more or $count($page.lanes) > 0)"
    assert choices(going_on) == [
        (f"{{% $fault = null and {to_send} and $events >= 11000 %}}", "AskForVersion"),
        (f"{{% $fault = null and {to_send} %}}", "Turn"),
        ("{% $count($page.chunks) > 0 or $count($settling) > 0 %}", "Turn"),
        ("{% $fault != null %}", "Report"),
        ("{% $handedOver %}", "HandedOver"),
        ("{% $busy and $passes < 5 %}", "WaitForMarketplace"),
    ]
    assert going_on["Default"] == "Report"


def test_a_page_is_sent_while_the_next_one_is_prepared_and_the_one_before_settled(
    states: dict[str, Any], branches: list[dict[str, Any]]
) -> None:
    send, prepare, settle = branches
    assert send["SubmitBatch"]["Items"] == "{% $page.lanes %}"
    order = ["FindDueHours"]
    while "Next" in prepare[order[-1]]:
        order.append(prepare[order[-1]]["Next"])
    assert order == ["FindDueHours", "SealHours", "PlanBatches"]
    assert settle["SettleHours"]["Items"] == "{% $settling %}"
    then = states["Turn"]["Assign"]
    assert then["settling"] == "{% $page.chunks %}", "what was sent is settled in the next turn"
    assert then["page"] == "{% $states.result[1].page %}", "what was prepared is sent in it"
    assert prepare["PlanBatches"]["Output"]["page"] == {
        "chunks": "{% $dueChunks %}",
        "lanes": "{% $states.result.Payload.lanes %}",
    }


def test_a_branch_assigns_no_variable_of_the_states_around_it(states: dict[str, Any]) -> None:
    """Which the others would not see (Step Functions Developer Guide, "Passing data between states with variables")."""
    around = {name for state in ("Start", "Turn", "WaitForMarketplace", "HandOver") for name in states[state]["Assign"]}
    inner = [inner for branch in states["Turn"]["Branches"] for inner in branch["States"].values()]
    own = {name for state in inner for name in state.get("Assign", ())}
    assert own == {"dueChunks", "dueCursor", "dueMore", "dueEvents"}
    assert not own & around


def test_no_branch_fails_and_so_none_stops_another(states: dict[str, Any], branches: list[dict[str, Any]]) -> None:
    """Parallel stops the branches beside one that has failed (Step Functions Developer Guide, "Parallel")."""
    stopped = ("SendingStopped", "PreparingStopped", "SettlingStopped")
    for branch, last in zip(branches, stopped, strict=True):
        assert not any(state["Type"] == "Fail" for state in branch.values())
        for state in branch.values():
            if state["Type"] in ("Task", "Map"):
                (caught,) = state["Catch"]
                assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], last)
                assert caught["Output"]["error"] == "{% $states.errorOutput.Error %}"
        assert branch[last]["Output"]["fault"] == "{% $states.input %}"
    fault = states["Turn"]["Assign"]["fault"]
    assert fault.startswith("{% $fault != null ? $fault : "), "the first fault stays"
    assert all(f"$states.result[{branch}].fault" in fault for branch in range(3))
    (caught,) = states["Turn"]["Catch"]
    assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], "Report")


def test_after_a_fault_nothing_is_sent_or_prepared_and_what_was_is_settled(branches: list[dict[str, Any]]) -> None:
    send, prepare, settle = branches
    assert (choices(send["MaySend"]), send["MaySend"]["Default"]) == (
        [("{% $fault = null %}", "SubmitBatch")],
        "NothingSent",
    )
    assert (choices(prepare["MayPrepare"]), prepare["MayPrepare"]["Default"]) == (
        [("{% $more and $fault = null %}", "FindDueHours")],
        "NothingPrepared",
    )
    assert not any(state["Type"] == "Choice" for state in settle.values())


def test_every_branch_gives_what_the_turn_takes_of_it(states: dict[str, Any], branches: list[dict[str, Any]]) -> None:
    taken = [
        set(re.findall(rf"\$states\.result\[{branch}\]\.(\w+)", json.dumps(states["Turn"]["Assign"])))
        for branch in range(3)
    ]
    for names, branch in zip(taken, branches, strict=True):
        ends = [state for state in branch.values() if state.get("End")]
        assert ends
        for state in ends:
            assert names <= set(state["Output"]) <= names | {"alone", "events"}, state


def test_unanswered_batches_have_their_turn_again_for_about_half_an_hour(
    states: dict[str, Any],
) -> None:
    wait = states["WaitForMarketplace"]
    assert wait["Next"] == "GoingOn"
    assert wait["Assign"] == {"cursor": "{% null %}", "more": True, "busy": False, "passes": "{% $passes + 1 %}"}
    pauses = json.loads(wait["Seconds"].removeprefix("{% ").removesuffix("[$passes] %}"))
    assert len(pauses) == 5
    assert 20 * 60 <= sum(pauses) <= 30 * 60


def test_rejected_lines_wait_for_the_good_lines_of_every_page(states: dict[str, Any]) -> None:
    assert states["PlanBatches"]["Arguments"]["Payload"] == {
        "chunks": "{% $dueChunks %}",
        "knownBad": "{% $passes > 0 or $not($dueMore) %}",
    }


def test_the_run_takes_its_hour_from_its_input_or_from_the_executions_start(states: dict[str, Any]) -> None:
    payload = states["FindDueHours"]["Arguments"]["Payload"]
    assert set(payload) == {"startedAt", "hour", "cursor", "most"}
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
    names = ("startedAt", "hour", "cursor", "more", "most", "page", "busy", "passes")
    assert handed == {name: f"{{% ${name} %}}" for name in names}
    assert set(handed) <= set(states["Start"]["Assign"]), "the next execution reads all of it"
    # The other execution sends the page at once, and this one settles what it has sent itself.
    assert hand_over["Assign"] == {"handedOver": True, "page": {"chunks": [], "lanes": []}, "more": False}
    for state in (ask, hand_over):
        assert (state["Catch"][0]["Next"], set(state["Catch"][0]["Assign"])) == ("GoingOn", {"fault"})
    assert hand_over["Next"] == "GoingOn"
    assert states["HandedOver"]["Type"] == "Succeed"


#: Bytes of a cursor for each of at most 64 shards.
CURSORS = 64 * 100


def test_a_hand_over_fits_into_the_input_of_an_execution() -> None:
    """256 KiB (Step Functions quotas): the page's keys and lanes, and a cursor for each of at most 64 shards."""
    assert KEYS_BYTES + LANES_BYTES + CURSORS < 250_000


def test_a_turn_assigns_no_more_than_one_state_may(states: dict[str, Any]) -> None:
    """256 KiB for all variables of one Assign (Step Functions Developer Guide, "Passing data between states with
    variables"): the keys of the page that was sent, and keys and lanes of the next one."""
    assert {"settling", "page", "cursor"} <= set(states["Turn"]["Assign"])
    customers = (f"l-{number:062}" for number in range(PAGE_KEYS))
    limit = PageLimit(sold({name: Dimension(name=name, unit="u") for name in "abcde"}))
    taken = [key for customer in customers if limit.takes(key := (customer, 1794700800))]
    keys = len(json.dumps(DueHours(tuple(taken)).payload()["chunks"], separators=(",", ":")))
    assert keys <= KEYS_BYTES + 4 * len(taken) / KEYS_PER_CALL
    assert 2 * keys + LANES_BYTES + CURSORS < 250_000


def test_the_history_of_an_execution_holds_its_last_turn() -> None:
    """25,000 events (Step Functions quotas), even if every hour of a page has to be tried alone."""
    chunks = math.ceil(PAGE_KEYS / KEYS_PER_CALL)
    alone = chunks * (EVENTS_PER_CALL + KEYS_PER_CALL * EVENTS_ALONE)
    settings = [(calls, copies) for calls in range(1, 11) for copies in range(1, 11)]
    assert all(EVENTS + alone + EVENTS_PER_LANE * most_lanes(*each) + EVENTS_OF_A_TURN < 25_000 for each in settings)


def most_lanes(calls_per_second: int, copies: int) -> int:
    """Of a full page, at the stage's rate and copies, which may be any whole numbers from 1 to 10."""
    most = lane_length(PAGE_BATCHES, calls_per_second, copies)
    return len(in_lanes([{}] * PAGE_BATCHES, copies=copies, most=most))


def test_any_fault_still_reports_and_then_fails_the_run(states: dict[str, Any]) -> None:
    assert states["Report"]["Next"] == "Faulted"
    assert states["Faulted"]["Choices"][0]["Next"] == "RunFailed"
    assert states["RunFailed"]["Type"] == "Fail"


def test_a_product_fault_is_never_retried_and_a_full_submitter_for_a_minute(states: dict[str, Any]) -> None:
    for task in tasks(states).values():
        fault, full, *_ = task["Retry"]
        assert fault == {"ErrorEquals": ["ProductFault"], "MaxAttempts": 0}
        assert full["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
        assert full["JitterStrategy"] == "FULL"
        assert 60 <= waits(full) <= 120
        named = [error for retrier in task["Retry"] for error in retrier["ErrorEquals"]]
        assert "States.ALL" not in named, "a product fault would be caught by it on another engine"


def waits(retrier: dict[str, Any]) -> float:
    """Seconds at most."""
    steps = range(retrier["MaxAttempts"])
    return float(sum(min(retrier["BackoffRate"] ** step, retrier["MaxDelaySeconds"]) for step in steps))


def test_a_lane_left_unanswered_does_not_hold_up_the_others_and_is_remembered(states: dict[str, Any]) -> None:
    inner = states["SubmitBatch"]["ItemProcessor"]["States"]
    fault, full, other = inner["SubmitLines"]["Catch"]
    assert (fault["ErrorEquals"], inner[fault["Next"]]["Type"]) == (["ProductFault"], "Fail"), "it ends the run"
    assert full["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
    assert (inner[full["Next"]]["Type"], inner[full["Next"]]["Output"]) == ("Pass", "{% true %}")
    assert inner["SubmitLines"]["Output"] == "{% $states.result.Payload.left > 0 %}"
    assert states["SubmitBatch"]["Output"]["busy"] == "{% true in $states.result %}"
    assert "$states.result[0].busy" in states["Turn"]["Assign"]["busy"]
    assert (other["ErrorEquals"], other["Output"]) == (["States.ALL"], "{% $states.input %}"), "the lane, not the error"


@pytest.mark.parametrize("workflow", ["HourlyMetering", "FinalMetering"])
def test_a_batch_that_kills_the_submitter_holds_up_no_other_of_its_lane(prod: Assembly, workflow: str) -> None:
    found = prod.states(workflow)
    one_by_one = found[found["SubmitLines"]["Catch"][-1]["Next"]]
    assert (one_by_one["Type"], one_by_one["Items"]) == ("Map", "{% $states.input %}")
    alone = found["SubmitLinesAlone"]
    assert alone["Arguments"]["Payload"]["batches"] == "{% [$states.input] %}"
    assert found[alone["Catch"][-1]["Next"]]["Output"] == "{% true %}", "it is left for a later pass"
    assert alone["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    assert one_by_one["Output"] == "{% true in $states.result %}"


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
    for name, task in tasks(prod.states(workflow)).items():
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
