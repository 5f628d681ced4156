"""WRITE=1: sends one event of a named test buyer by API and queue, voids both, and runs hourly metering once.

The event is the smallest possible, of the dimension where it is the smallest part of a billed unit. It is voided while
its hour is open, for which ``sealDelayMinutes`` leave time.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import uuid4

from botocore.exceptions import BotoCoreError

from deploy.api_door import Answer, ApiDoor
from deploy.deployed_stage import DeployedStage
from deploy.line import Line, green, red
from deploy.smoke.doors import LOGS, door_of
from deploy.smoke.metering import started
from marketplace.dimensions import Dimension
from runtime import clock
from stacks.stage import Stage

SOURCE = "smoke"
#: An event has at most 9 decimals (``marketplace.quantity``), and a line at most 6.
SMALLEST = "0.000000001"
#: Seconds between two looks.
INTERVAL = 1.0
#: Seconds in which a queued event has to be recorded, cold start included.
QUEUE_WITHIN = 90.0
#: Seconds in which the run has to end.
RUN_WITHIN = 600.0
#: The reason of the API's refusal to void a missing event.
NOT_RECORDED = "unknown_event"
#: In place of a verdict, where the event may be recorded.
UNANSWERED = "no answer"
NOT_TO_VOID = "nothing was written: no dimension's usage of this buyer can be taken back"
LIVE = "the stage is live, so what is not taken back in time is billed"


class Wishes(NamedTuple):
    """Whether to write, for which customer, and (yes) on a live stage for one that is no test buyer."""

    write: bool = False
    buyer: str = ""
    yes: bool = False


def refusal(stage: Stage, wishes: Wishes) -> Line | None:
    """The line that says why nothing may be written; None if it may. Tests do not touch real buyers' money."""
    if not wishes.buyer:
        return red("writing", "nothing was written: no buyer is named", "say TEST_BUYER=<billing key> of a test buyer")
    if stage.is_live and wishes.buyer not in stage.test_buyers and not wishes.yes:
        return red(
            "writing",
            f"nothing was written: {LIVE}, and {wishes.buyer} is not one of testBuyers",
            f"add it to testBuyers of stages/{stage.name}.toml, or say YES=1 if it is a buyer of your own",
        )
    return None


def smallest(dimensions: Mapping[str, Dimension]) -> Dimension | None:
    """The dimension of which ``SMALLEST`` is the smallest part of a billed unit; None if no dimension can be voided.

    ``distinct`` and ``max`` cannot: later events are counted by earlier ones.
    """
    sums = [dimension for dimension in dimensions.values() if dimension.aggregation == "sum"]
    return min(sums, key=lambda each: (each.decimals, -each.scale, each.price or 0), default=None)


def write_lines(deployed: DeployedStage, wishes: Wishes, sleep: Callable[[float], None] = time.sleep) -> Iterator[Line]:
    """Write events for a test buyer by the API and the queue, take them back, and run hourly metering once. sleep:
    waits between two looks.

    The lines say what worked; where the wishes are refused, one line says why, and nothing is written.
    """
    if refused := refusal(deployed.stage, wishes):
        yield refused
        return
    door = door_of(deployed)
    if door is None or smallest(deployed.stage.dimensions) is None:
        yield red("writing", NOT_TO_VOID, "try it by hand")
        return
    answer = door.call("GET", f"/subscribers/{wishes.buyer}")
    subscriber = subscriber_line(wishes.buyer, answer)
    yield subscriber
    if subscriber.remedy:
        return
    products = deployed.stage.products
    product = products.only or products.of(answer.json.get("productCode") or "")
    dimension = smallest(product.dimensions) if product else None
    if dimension is None:
        yield red("writing", NOT_TO_VOID, "try it by hand")
        return
    yield from api_lines(door, wishes.buyer, dimension)
    yield from queued_lines(deployed, door, wishes.buyer, dimension, sleep)
    yield run_line(deployed, sleep)


def subscriber_line(buyer: str, answer: Answer) -> Line:
    """Whether the test buyer is active. answer: to a read of the subscriber."""
    about = f"test buyer {buyer}"
    if answer.status != 200:
        return red(
            about, f"nothing was written: GET answers {answer.status} {answer.code}".rstrip(), "name another one"
        )
    status = answer.json.get("subscriptionStatus")
    if status != "active":
        return red(about, f"nothing was written: the subscription is {status}", "subscribe again with that account")
    return green(about, "is active")


def event(buyer: str, dimension: Dimension, now: float) -> dict[str, Any]:
    """A new usage event of the smallest quantity. now: its time, in seconds since 1970."""
    return {
        "id": f"smoke-{uuid4().hex}",
        "source": SOURCE,
        "customerIdentifier": buyer,
        "dimension": dimension.name,
        "quantity": SMALLEST,
        "occurredAt": clock.iso(now),
    }


def post(door: ApiDoor, body: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict on one event or void; UNANSWERED where its outcome is unknown."""
    try:
        return verdict_of(door.call("POST", "/usage", {"events": [body]}))
    except BotoCoreError as failure:
        return {"verdict": UNANSWERED, "reason": str(failure)}


def verdict_of(answer: Answer) -> dict[str, Any]:
    """The verdict on the one event of a request; made up here where the API refused the whole request."""
    if answer.status == 200 and isinstance(answer.json, dict) and answer.json.get("verdicts"):
        return dict(answer.json["verdicts"][0])
    return {"verdict": UNANSWERED if answer.status >= 500 else f"answer {answer.status}", "reason": answer.code}


def shown(verdict: Mapping[str, Any]) -> str:
    """A verdict on an event, with its reason and message, in one line."""
    return " ".join(str(verdict[key]) for key in ("verdict", "reason", "message") if verdict.get(key))


def api_lines(door: ApiDoor, buyer: str, dimension: Dimension) -> Iterator[Line]:
    """Send an event by the API, and take it back if it may be recorded."""
    about, sent = "POST /usage", event(buyer, dimension, clock.now())
    verdict = post(door, sent)
    if verdict["verdict"] == "recorded":
        yield green(about, f"{SMALLEST} {dimension.name} is recorded in {verdict['hour']} as {sent['id']}")
    else:
        yield red(about, f"{SMALLEST} {dimension.name}: {shown(verdict)}", LOGS)
    if verdict["verdict"] in ("recorded", UNANSWERED):
        yield taken_back_line(sent, _take_back(door, sent))


def taken_back_line(sent: Mapping[str, Any], verdict: Mapping[str, Any]) -> Line:
    """Whether the event is taken back, and what to do if not. verdict: on the void."""
    about = f"taking back {sent['id']}"
    if verdict["verdict"] in ("voided", "duplicate"):
        return green(about, "is done")
    if verdict.get("reason") == NOT_RECORDED:
        return green(about, "is not needed: it was not recorded")
    return red(
        about,
        f"{shown(verdict)}: {sent['quantity']} {sent['dimension']} may stay recorded",
        f'send {{"void": "{sent["id"]}"}} again while its hour is open',
    )


def _take_back(door: ApiDoor, sent: Mapping[str, Any]) -> dict[str, Any]:
    void = {"void": sent["id"], "source": SOURCE, "customerIdentifier": sent["customerIdentifier"]}
    return post(door, void)


def queued_lines(
    deployed: DeployedStage, door: ApiDoor, buyer: str, dimension: Dimension, sleep: Callable[[float], None]
) -> Iterator[Line]:
    """Send an event by the usage queue, and void it: the queue works if there was an event to void."""
    about, sent = "usage queue", event(buyer, dimension, clock.now())
    deployed.aws.ask(
        "sqs",
        "send_message",
        QueueUrl=deployed.output("Doors", "UsageQueueUrl"),
        MessageBody=json.dumps({"events": [sent]}),
        MessageGroupId=buyer,
    )
    deadline, verdict = time.monotonic() + QUEUE_WITHIN, _take_back(door, sent)
    while verdict.get("reason") == NOT_RECORDED and time.monotonic() < deadline:
        sleep(INTERVAL)
        verdict = _take_back(door, sent)
    if verdict.get("reason") == NOT_RECORDED:
        yield red(
            about,
            f"{sent['id']} was not recorded within {QUEUE_WITHIN:g} s, and may still come",
            f'look at the function usage-queue; send {{"void": "{sent["id"]}"}} when it is recorded',
        )
        return
    yield green(about, f"{SMALLEST} {dimension.name} came through as {sent['id']}")
    yield taken_back_line(sent, verdict)


def run_line(deployed: DeployedStage, sleep: Callable[[float], None]) -> Line:
    """Start one run as the schedule does, and wait for its end. It meters what is due, so the schedule's own run then
    finds nothing."""
    begun = deployed.aws.ask("stepfunctions", "start_execution", stateMachineArn=started(deployed), input="{}")
    deadline = time.monotonic() + RUN_WITHIN
    while True:
        run = deployed.aws.ask("stepfunctions", "describe_execution", executionArn=begun["executionArn"])
        if run["status"] != "RUNNING" or time.monotonic() > deadline:
            return ended_line(run)
        sleep(INTERVAL)


def ended_line(run: Mapping[str, Any]) -> Line:
    """How the run ended. run: from DescribeExecution."""
    about = "one run of hourly metering"
    if run["status"] == "SUCCEEDED":
        return green(about, f"succeeded: {run.get('output', '')}")
    why = ": ".join(str(run[key]) for key in ("error", "cause") if run.get(key))
    if run["status"] == "RUNNING":
        return red(about, f"has not ended after {RUN_WITHIN:g} s", f"look at {run['executionArn']}")
    return red(about, f"{run['status']} {why}".rstrip(), f"look at {run['executionArn']} and docs/operations.md")
