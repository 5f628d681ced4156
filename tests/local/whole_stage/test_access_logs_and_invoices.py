"""Functions that the stage of the other tests does not have, with their own rights: access logs, and invoices."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ledger import tables
from local.engine_connection import EngineConnection
from local.replay.buyers import Buyer
from marketplace.hour import month_of, next_month_start
from runtime.clock import iso
from tests.local.stage.acting import Acting, wait_until
from tests.local.whole_stage.conftest import LOGS, UNATTRIBUTED
from tests.unit.yawl.access_logs.log_lines import KEY, line, zipped

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def buyer(acting: Acting) -> Buyer:
    return acting.arrive(1)[0]


@pytest.fixture(scope="module")
def bucket(acting: Acting) -> Any:
    """What puts objects into the load balancers' bucket, whose events go to EventBridge."""
    s3: Any = acting.stage.cloud.seller.client("s3")
    s3.create_bucket(Bucket=LOGS)
    s3.put_bucket_notification_configuration(Bucket=LOGS, NotificationConfiguration={"EventBridgeConfiguration": {}})
    return s3


def calls(acting: Acting, number: int) -> bytes:
    """An object of so many calls of this minute, each of a thousand bytes."""
    return zipped(line(time=f"{iso(acting.now)[:19]}.{call:06d}Z") for call in range(number))


def function(acting: Acting, called: str) -> str:
    """The name that a function has here."""
    pages = acting.stage.cloud.seller.client("lambda").get_paginator("list_functions").paginate()
    names = {each["FunctionName"] for page in pages for each in page["Functions"]}
    (name,) = [name for name in names if called.replace("-", "") in name.lower()]
    return name


def taken(acting: Acting, key: str) -> int:
    """How many notices of an object the function has counted."""
    log = acting.stage.cloud.function_log(function(acting, "read-access-log"), lines=1000)
    entries = [json.loads(text) for text in log.splitlines() if text.startswith("{")]
    return sum(entry.get("message") == "access log" and entry.get("key") == key for entry in entries)


def test_an_access_log_is_counted_once_however_often_it_is_announced(acting: Acting, buyer: Buyer, bucket: Any) -> None:
    engine, _ = acting.stage.settings.engines
    connection = EngineConnection(acting.stage, replace(engine, customers={"": buyer.customer_identifier}))
    acting.pass_minutes(1)
    key, content = f"{engine.id}/{KEY}", calls(acting, 3)
    for times in (1, 2):
        bucket.put_object(Bucket=LOGS, Key=key, Body=content)
        wait_until(lambda at_least=times: taken(acting, key) >= at_least, "the notice was taken")  # type: ignore[misc]
    connection.wait_until_recorded()
    own = (item for item in acting.stage.items(tables.USAGE_EVENTS) if "content" in item)
    counted = {
        item["dimension"]: item["counted"] for item in own if item["customerIdentifier"] == buyer.customer_identifier
    }
    assert counted == {"api_calls": 3, "data_processed_gb": Decimal("0.000003")}


def test_traffic_without_a_customer_waits_where_it_can_be_attributed(acting: Acting, bucket: Any) -> None:
    bucket.put_object(Bucket=LOGS, Key=f"{UNATTRIBUTED}/{KEY}", Body=calls(acting, 2))
    url = acting.stage.outputs["YawlMetering-local-Yawl"]["UnattributedUsageQueueUrl"]
    sqs = acting.stage.cloud.seller.client("sqs")
    found: list[Any] = []
    wait_until(
        lambda: bool(found.extend(sqs.receive_message(QueueUrl=url).get("Messages", [])) or found), "it is in the queue"
    )
    (message,) = found
    assert {event["dimension"] for event in json.loads(message["Body"])["events"]} == {"api_calls", "data_processed_gb"}


def compare(acting: Acting) -> dict[str, Any]:
    """One comparison with the invoices, as the schedule makes it; its answer."""
    lambda_ = acting.stage.cloud.seller.client("lambda")
    answer = lambda_.invoke(FunctionName=function(acting, "reconcile-invoices"), Payload=b"{}", Qualifier="live")
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    return payload


def test_an_invoice_that_differs_is_found_and_closed_when_it_is_right(acting: Acting) -> None:
    """The last test of this stage: it moves the clock over the month's end."""
    (buyer,) = acting.arrive(1)
    compare(acting)
    acting.record(acting.event(buyer, "workflow_executions", 20))
    month = month_of(acting.now)
    acting.close_hour()
    acting.meter_at_once()
    due = next_month_start(int(acting.now)) + 5 * 86_400
    acting.stage.marketplace.misstate(
        "invoice", buyer.customer_identifier, month, amount="1.00", until=iso(due + 86_400)
    )
    acting.stage.clock.set(due)
    assert compare(acting)["found"] >= 1
    acting.stage.clock.set(due + 2 * 86_400)
    assert compare(acting)["closed"] >= 1
