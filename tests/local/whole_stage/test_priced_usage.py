"""Usage where a highest count is billed, a buyer had another key before, and lines have prices; and its invoices."""

import json
import uuid
from typing import Any

import pytest

from local.replay.buyers import Buyer
from local.stage import LocalStage
from marketplace.hour import month_of, next_month_start
from ops.line_id import short_hour
from runtime.clock import from_iso, iso
from tests.local.stage.acting import Acting, wait_until
from tests.local.stage.test_ops import as_operator, program
from tests.local.stage.test_schedule import FIRES_WITHIN
from tests.local.whole_stage.conftest import HIGHEST

pytestmark = [pytest.mark.local, pytest.mark.timeout(240)]
RUNS = "workflow_executions"
WHY = ("--apply", "--why", "tried on the local cloud", "--json")


@pytest.fixture(scope="module")
def buyer(acting: Acting) -> Buyer:
    return acting.arrive(1)[0]


def rename(acting: Acting, buyer: Buyer) -> None:
    """The buyer had another billing key before."""
    acting.stage.dynamodb.Table("yawl-subscribers-local").update_item(
        Key={"customerIdentifier": buyer.customer_identifier},
        UpdateExpression="SET previousIdentifier = :before",
        ExpressionAttributeValues={":before": "FormerKey01"},
    )


def test_a_highest_count_is_recorded_by_either_door(acting: Acting, buyer: Buyer) -> None:
    """And an event whose buyer had another key before is not recorded under both."""
    rename(acting, buyer)
    acting.record(acting.event(buyer, HIGHEST, 4), acting.event(buyer, RUNS))
    queued = [acting.event(buyer, HIGHEST, 7), acting.event(buyer, RUNS)]
    acting.stage.cloud.seller.client("sqs").send_message(
        QueueUrl=acting.doors["UsageQueueUrl"],
        MessageBody=json.dumps({"events": queued}),
        MessageGroupId=buyer.customer_identifier,
        MessageDeduplicationId=uuid.uuid4().hex,
    )

    def recorded() -> bool:
        return [verdict["verdict"] for verdict in acting.send(*queued)] == ["duplicate", "duplicate"]

    wait_until(recorded, "the queue's events are recorded")


@pytest.fixture(scope="module")
def billed(acting: Acting, buyer: Buyer) -> str:
    """A line far above what is usual, as ids have it."""
    hour = acting.hour
    acting.record(acting.event(buyer, RUNS, 5000))
    acting.close_hour()
    acting.meter_at_once()
    assert acting.verdicts(buyer)[hour, RUNS] == "billed"
    return f"{buyer.customer_identifier}/{short_hour(int(from_iso(hour)))}/{RUNS}"


def test_operators_see_and_send_again_what_this_stage_alone_has(acting: Acting, whole: LocalStage, billed: str) -> None:
    reader, repairer = as_operator(whole, "OperatorRead"), as_operator(whole, "OperatorRepair")
    for who in (reader, repairer):
        assert "AccessLogsQueueUrl" in program(who, "status", "--json").json["well"]["queues"]
        assert program(who, "explain", billed, "--json").json
    url = acting.stage.outputs["YawlMetering-local-Yawl"]["AccessLogsDeadLettersUrl"]
    sqs = whole.cloud.seller.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="a notice that failed")
    said = program(repairer, "redrive", "access-logs", *WHY).json["said"]
    assert said[0] == "1 messages were sent again"


def test_an_invoice_that_differs_is_found_and_a_line_of_it_adjusted(
    acting: Acting, whole: LocalStage, buyer: Buyer, billed: str
) -> None:
    """The schedule's own call is the first. The file's last test: it moves the clock over the month's end."""
    scheduler: Any = whole.cloud.seller.client("scheduler")
    (schedule,) = [
        scheduler.get_schedule(Name=entry["Name"], GroupName=entry["GroupName"])
        for entry in scheduler.list_schedules()["Schedules"]
        if "Invoices" in entry["Name"]
    ]
    arn = schedule["Target"]["Arn"]
    acting.schedule_once("invoices-now", schedule["GroupName"], schedule["Target"])
    wait_until(lambda: bool(acting.said(arn)), "the schedule has called the function", timeout=FIRES_WITHIN)

    month, due = month_of(acting.now), next_month_start(int(acting.now)) + 5 * 86_400
    misstated: Any = {"amount": "1.00", "until": iso(due + 86_400)}
    whole.marketplace.misstate("invoice", buyer.customer_identifier, month, **misstated)
    acting.stage.clock.set(due)
    assert acting.invoke("reconcile-invoices")["found"] != {}
    acting.stage.clock.set(due + 2 * 86_400)
    assert acting.invoke("reconcile-invoices")["closed"] >= 1

    repairer = as_operator(whole, "OperatorRepair") | {"AWS_ENDPOINT_URL_MARKETPLACE_AGREEMENT": whole.marketplace.url}
    adjusted = program(repairer, "adjust", billed, "--units", "1", "--price", "0.05", "--send", *WHY)
    assert adjusted.json["applied"] is True, adjusted.err
