"""WRITE=1 reports only allowed usage, as little as possible, and forgets none of it."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from deploy import api_door
from deploy.api_door import Answer
from deploy.deployed_stage import DeployedStage
from deploy.line import Line, State
from deploy.smoke import write
from deploy.smoke.write import Wishes, ended_line, refusal, smallest, write_lines
from marketplace.dimensions import Dimension
from marketplace.quantity import DECIMALS
from runtime import clock
from tests.products import selling
from tests.unit.deploy.answers import answering
from tests.unit.deploy.targets import stage, target, there

BUYER = "l-0123"
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/UsageQueue.fifo"
RUN = "arn:aws:states:us-east-1:123456789012:execution:m:1"


@pytest.mark.parametrize(
    ("mode", "buyer", "yes", "may"),
    [
        ("dry-run", BUYER, False, True),
        ("test-buyers", BUYER, False, True),
        ("dry-run", "", False, False),
        ("dry-run", "", True, False),
        ("live", BUYER, False, False),
        ("live", BUYER, True, True),
        ("live", "l-test", False, True),
    ],
)
def test_a_live_stage_takes_a_test_buyer_or_an_explicit_yes(mode: str, buyer: str, yes: bool, may: bool) -> None:
    found = refusal(stage(metering_mode=mode, test_buyers=("l-test",)), Wishes(write=True, buyer=buyer, yes=yes))
    assert (found is None) is may
    assert found is None or (found.state is State.RED and "nothing was written" in found.says)


def dimension(name: str, **more: Any) -> Dimension:
    return Dimension(**{"name": name, "unit": "u", "aggregation": "sum", "scale": 1, "decimals": 0, **more})


def test_the_dimension_is_the_one_whose_smallest_event_is_worth_least() -> None:
    by_name = {
        each.name: each
        for each in (
            dimension("users", aggregation="distinct", scale=1_000_000),
            dimension("peak", aggregation="max", scale=1_000_000),
            dimension("gigabytes", decimals=6, scale=10_000),
            dimension("calls", scale=1000, price=Decimal(9)),
            dimension("cheap_calls", scale=1000, price=Decimal(1)),
            dimension("runs"),
        )
    }
    assert smallest(by_name) == by_name["cheap_calls"]
    assert smallest({"users": by_name["users"], "peak": by_name["peak"]}) is None, "neither can be taken back"


def test_the_quantity_is_the_smallest_that_there_is() -> None:
    assert Decimal(write.SMALLEST) == Decimal(1).scaleb(-DECIMALS)


class Api:
    """Answers of the deployed API, by what is sent; ``recorded`` are the ids it knows."""

    def __init__(self, **verdicts: Any) -> None:
        self.status = "active"
        self.recorded: set[str] = set()
        self.sent: list[dict[str, Any]] = []
        self.on_event: Callable[[dict[str, Any]], Answer] = self._record
        self.on_void: Callable[[dict[str, Any]], Answer] = self._void

    def call(self, door: Any, method: str, path: str, body: Any = None, *, signed: bool = True) -> Answer:
        assert signed
        if method == "GET":
            return Answer(200, "application/json", {"subscriptionStatus": self.status})
        (event,) = body["events"]
        self.sent.append(event)
        return self.on_void(event) if "void" in event else self.on_event(event)

    def _record(self, event: dict[str, Any]) -> Answer:
        self.recorded.add(event["id"])
        return verdict("recorded", hour="2026-11-29T10:00:00Z")

    def _void(self, event: dict[str, Any]) -> Answer:
        if event["void"] in self.recorded:
            return verdict("voided", hour="2026-11-29T10:00:00Z")
        return verdict("refused", reason="unknown_event", message="no event of this id")


def verdict(name: str, **more: str) -> Answer:
    return Answer(200, "application/json", {"verdicts": [{"verdict": name, **more}]})


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    found = Api()
    monkeypatch.setattr(api_door.ApiDoor, "call", lambda door, *arguments, **more: found.call(door, *arguments, **more))
    return found


def deployed_stage(**changes: Any) -> DeployedStage:
    found = DeployedStage(target=target(**changes))
    doors = there("Doors", outputs={"ApiUrl": "https://abc/v1/", "UsageQueueUrl": QUEUE})
    metering = there("Metering", outputs={"StateMachineAliasArn": "arn:aws:states:us-east-1:1:stateMachine:m:live"})
    found.__dict__["stacks"] = (doors, metering)
    return found


def written(api: Api, *, queued: bool = True, found: DeployedStage | None = None) -> list[Line]:
    """All lines of a stage whose queue takes a while, or never gets there."""
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        if queued and len(naps) == 3:
            api.recorded.add(api.sent[-1]["void"])

    started = {"executionArn": RUN, "startDate": clock.now()}
    ended = {"executionArn": RUN, "status": "SUCCEEDED", "output": '{"billed": 0}'}
    running = {"executionArn": RUN, "status": "RUNNING"}
    answers = {"SendMessage": {}, "StartExecution": started, "DescribeExecution": [running, ended]}
    with answering(answers) as calls:
        lines = list(write_lines(found or deployed_stage(), Wishes(write=True, buyer=BUYER), sleep))
    sends = [call.request for call in calls if call.operation == "SendMessage"]
    assert all(request["MessageGroupId"] == BUYER and request["QueueUrl"] == QUEUE for request in sends)
    starts = [call.request for call in calls if call.operation == "StartExecution"]
    assert all(request["input"] == "{}" and request["stateMachineArn"].endswith(":live") for request in starts)
    return lines


def reds(lines: list[Line]) -> list[str]:
    return [line.about.split(" smoke-")[0] for line in lines if line.state is State.RED]


def test_api_queue_and_a_run_are_tried_and_every_event_is_voided(api: Api) -> None:
    lines = written(api)
    assert reds(lines) == [], lines
    assert [line.about.split(" smoke-")[0] for line in lines] == [
        f"test buyer {BUYER}",
        "POST /usage",
        "taking back",
        "usage queue",
        "taking back",
        "one run of hourly metering",
    ]
    (event,) = [sent for sent in api.sent if "id" in sent]
    assert event["quantity"] == "0.000000001" and event["customerIdentifier"] == BUYER
    assert event["dimension"] == "api_calls", "a thousand of them are one billed unit"


def test_an_inactive_buyer_is_left_alone(api: Api) -> None:
    api.status = "cancelled"
    assert reds(written(api)) == [f"test buyer {BUYER}"]
    assert api.sent == []


def test_a_live_stage_is_not_written_to(api: Api) -> None:
    assert reds(written(api, found=deployed_stage(metering_mode="live", test_buyers=()))) == ["writing"]
    assert api.sent == []


def test_a_refused_event_is_red_with_its_reason_and_the_queue_is_tried_all_the_same(api: Api) -> None:
    api.on_event = lambda event: verdict("refused", reason="not_yours", message="another reporter's")
    lines = written(api)
    assert reds(lines) == ["POST /usage"]
    assert "not_yours another reporter's" in lines[1].says


def test_an_event_without_an_answer_is_voided_as_well(api: Api) -> None:
    def lost(event: dict[str, Any]) -> Answer:
        api.recorded.add(event["id"])
        raise EndpointConnectionError(endpoint_url="https://abc")

    api.on_event = lost
    lines = written(api)
    assert reds(lines) == ["POST /usage"]
    assert lines[2].state is State.GREEN and lines[2].says == "is done"
    api.on_event = lambda event: Answer(503, "application/json", {"error": {"code": "busy"}})
    lines = written(api)
    assert lines[2].says == "is not needed: it was not recorded"


def test_an_event_that_cannot_be_voided_is_red_with_what_to_send(api: Api) -> None:
    api.on_void = lambda void: verdict("refused", reason="hour_sealed", message="the hour is closed")
    lines = written(api)
    assert reds(lines) == ["taking back", "taking back"]
    assert lines[2].remedy.startswith('send {"void": "smoke-')


def test_queued_usage_that_never_arrives_is_red_and_not_forgotten(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "QUEUE_WITHIN", 0.0)
    lines = written(api, queued=False)
    assert reds(lines) == ["usage queue"]
    (line,) = [line for line in lines if line.state is State.RED]
    assert "may still come" in line.says and '"void"' in line.remedy


@pytest.mark.parametrize(
    ("run", "state"),
    [
        ({"status": "SUCCEEDED", "output": "{}"}, State.GREEN),
        ({"status": "FAILED", "error": "States.Timeout", "cause": "too long"}, State.RED),
        ({"status": "RUNNING"}, State.RED),
        ({"status": "ABORTED"}, State.RED),
    ],
)
def test_the_run_has_to_succeed(run: dict[str, str], state: State) -> None:
    line = ended_line({"executionArn": RUN, **run})
    assert line.state is state
    assert state is State.GREEN or RUN in line.remedy


def test_a_product_whose_usage_cannot_be_voided_is_not_written_to(api: Api) -> None:
    found = deployed_stage()
    users = {"users": dimension("users", aggregation="distinct")}
    only_users = replace(
        found, target=replace(found.target, stage=selling(found.stage, dimensions=users, tiers=(), hourly_zeros="off"))
    )
    only_users.__dict__["stacks"] = found.stacks
    assert reds(written(api, found=only_users)) == ["writing"]
    assert api.sent == []
