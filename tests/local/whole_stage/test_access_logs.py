"""A load balancer's access logs and an engine's log become usage, also where a customer is named only later."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ledger import tables
from local.engine_connection import EngineConnection
from local.engine_trial import ORDERS, PASSWORD
from local.replay.buyers import Buyer
from local.yawl_engine import StandInEngine
from runtime.clock import iso
from tests.local.stage.acting import Acting, wait_until
from tests.local.stage.workers import kill
from tests.local.whole_stage.conftest import LOGS, UNATTRIBUTED
from tests.unit.yawl.access_logs.log_lines import KEY, line, zipped
from yawl.engine import Dimensions

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


def taken(acting: Acting, key: str) -> int:
    """How many notices of an object the function has counted."""
    log = acting.stage.cloud.function_log(acting.function("read-access-log"), lines=1000)
    entries = [json.loads(text) for text in log.splitlines() if text.startswith("{")]
    return sum(entry.get("message") == "access log" and entry.get("key") == key for entry in entries)


def counted(acting: Acting, buyer: Buyer, source: str) -> dict[str, Decimal]:
    """Recorded units of an engine, by dimension."""
    items = (item for item in acting.stage.items(tables.USAGE_EVENTS) if "content" in item)
    own = [item for item in items if item["customerIdentifier"] == buyer.customer_identifier]
    return {
        item["content"]["dimension"]: item["counted"] for item in own if item["content"]["source"] == f"yawl:{source}"
    }


def waiting(acting: Acting) -> int:
    """Messages of usage that has no customer yet."""
    url = acting.stage.outputs["YawlMetering-local-Yawl"]["UnattributedUsageQueueUrl"]
    sqs = acting.stage.cloud.seller.client("sqs")
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(counts["ApproximateNumberOfMessages"])


def test_an_access_log_is_counted_once_however_often_it_is_announced(acting: Acting, buyer: Buyer, bucket: Any) -> None:
    engine, _ = acting.stage.settings.engines
    connection = EngineConnection(acting.stage, replace(engine, customers={"": buyer.customer_identifier}))
    acting.pass_minutes(1)
    key, content = f"{engine.id}/{KEY}", calls(acting, 3)
    for times in (1, 2):
        bucket.put_object(Bucket=LOGS, Key=key, Body=content)
        wait_until(lambda at_least=times: taken(acting, key) >= at_least, "the notice was taken")  # type: ignore[misc]
    connection.wait_until_recorded()
    assert counted(acting, buyer, engine.id) == {"api_calls": 3, "data_processed_gb": Decimal("0.000003")}


def test_usage_without_a_customer_waits_until_one_is_named(acting: Acting, buyer: Buyer, bucket: Any) -> None:
    """Of a load balancer's object, and of an engine's log."""
    _, other = acting.stage.settings.engines
    bucket.put_object(Bucket=LOGS, Key=f"{UNATTRIBUTED}/{KEY}", Body=calls(acting, 2))
    wait_until(lambda: waiting(acting) == 1, "the object's usage waits")
    secrets = acting.stage.cloud.seller.client("secretsmanager")
    secrets.create_secret(Name=other.secret_name, SecretString=PASSWORD)
    with StandInEngine(now=acting.stage.clock, clients={"metering": PASSWORD}) as yawl:
        yawl.engine.load(ORDERS)
        yawl.engine.launch(ORDERS.identifier)
        described = replace(
            other,
            id="unnamed",
            address=yawl.url,
            resource_address=None,
            dimensions=Dimensions(executions="workflow_executions"),
            access_logs=None,
        )
        acting.pass_minutes(5)
        EngineConnection(acting.stage, described).read()
    wait_until(lambda: waiting(acting) == 2, "the case waits")
    named = {"": buyer.customer_identifier}
    for engine in (described, other):
        connection = EngineConnection(acting.stage, replace(engine, customers=named))
    assert acting.invoke("look-after-engines")["attributed"] == 2
    connection.wait_until_recorded()
    assert counted(acting, buyer, "unnamed") == {"workflow_executions": 1}
    assert counted(acting, buyer, UNATTRIBUTED) == {"api_calls": 2, "data_processed_gb": Decimal("0.000002")}


def test_usage_that_waits_long_is_sent_anew(acting: Acting, bucket: Any) -> None:
    """Before SQS would end it. The file's last test: it moves the clock by weeks."""
    _, other = acting.stage.settings.engines
    EngineConnection(acting.stage, replace(other, customers={}))
    for function in ("read-access-log", "look-after-engines"):
        # They know the customer for a minute.
        kill(acting, function)
    bucket.put_object(Bucket=LOGS, Key=f"{UNATTRIBUTED}/{KEY.replace('_20sg8hgm', '_another1')}", Body=calls(acting, 1))
    wait_until(lambda: waiting(acting) == 1, "the object's usage waits")
    acting.pass_minutes(45 * 24 * 60)
    assert acting.invoke("look-after-engines")["waits"] >= 1
    wait_until(lambda: waiting(acting) == 1, "a copy waits, which nobody has read")
