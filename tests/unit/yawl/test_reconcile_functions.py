"""The functions ``reconcile-engine`` and ``look-after-engines``, with AWS's services in memory (moto)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ledger import tables
from local.dynamodb.declared_tables import create
from runtime import aws
from runtime.metric_names import YawlMetric
from tests.unit.emitted import emitted
from tests.unit.log_lines import log_lines
from tests.unit.yawl.reconcile.cases import ENGINE, NOW, Log
from yawl.engine import Engine
from yawl.handlers import look_after_engines, reconcile_engine
from yawl.reconcile import assembly
from yawl.state.dynamodb import DynamoDBState
from yawl.state.ports import Change, Fault, Message

REACHED = replace(ENGINE, address="http://e/yawl", user="meter", secret_name="engine-secret")


class Context:
    """Lambda's, with so many milliseconds left."""

    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "test"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


@dataclass
class Stage:
    """AWS as the functions find it. opened: what the engine's log was opened with."""

    dynamodb: Any
    sqs: Any
    ssm: Any
    queues: dict[str, str]
    log: Log
    opened: list[tuple[str, ...]]

    def declare(self, engine: Engine) -> None:
        self.ssm.put_parameter(Name=f"/engines/{engine.id}", Value=engine.to_json(), Type="String", Overwrite=True)

    def state(self, database: str = "eng#1") -> DynamoDBState:
        return DynamoDBState(self.dynamodb, tables.ENGINES.name, database, lambda: NOW)

    def bodies(self, queue: str) -> list[Any]:
        answer = self.sqs.receive_message(QueueUrl=self.queues[queue], MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.fixture
def stage() -> Iterator[Stage]:
    # moto has keys of its own and takes them back last.
    with mock_aws(), pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "test")
        dynamodb: Any = boto3.resource("dynamodb", region_name="us-east-1")
        create(dynamodb.meta.client, tables.ENGINES, tables.ENGINES.name)
        sqs, ssm = boto3.client("sqs", region_name="us-east-1"), boto3.client("ssm", region_name="us-east-1")
        fifo = sqs.create_queue(QueueName="usage.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        queues = {"usage": fifo, "unattributed": sqs.create_queue(QueueName="unattributed")["QueueUrl"]}
        secrets = boto3.client("secretsmanager", region_name="us-east-1")
        secrets.create_secret(Name="engine-secret", SecretString="the password")
        for name, value in {
            "ENGINES_PATH": "/engines",
            "ENGINES_TABLE": tables.ENGINES.name,
            "ENGINE_USAGE_QUEUE_URL": queues["usage"],
            "UNATTRIBUTED_QUEUE_URL": queues["unattributed"],
        }.items():
            monkeypatch.setenv(name, value)
        made = Stage(dynamodb, sqs, ssm, queues, Log(), [])

        def opened(*given: str) -> Log:
            made.opened.append(given)
            return made.log

        monkeypatch.setattr("yawl.log.connect.engine_log", opened)
        monkeypatch.setattr("runtime.clock.now", lambda: NOW)
        monkeypatch.setattr(assembly.Parts.__init__, "__defaults__", (None, None, None, lambda: NOW))
        aws.session.cache_clear()
        for module in (reconcile_engine, look_after_engines):
            module.parts.cache_clear()
        yield made
        aws.session.cache_clear()
        for module in (reconcile_engine, look_after_engines):
            module.parts.cache_clear()


def read_engine(engine_id: str = "eng") -> dict[str, Any]:
    answer: dict[str, Any] = reconcile_engine.handler({"engine": engine_id}, Context())
    return answer


def look_after() -> dict[str, Any]:
    answer: dict[str, Any] = look_after_engines.handler({}, Context())
    return answer


def test_an_engine_is_read_and_its_usage_is_queued(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.declare(REACHED)
    stage.log.case("42", 1)
    assert read_engine() == {"starts": 1, "unattributed": 0, "users": 0, "good": True}
    (body,) = stage.bodies("usage")
    assert [event["id"] for event in body["events"]] == ["yawl:eng:1:case:42#1"]
    assert stage.opened == [("http://e/yawl", "meter", "the password")]
    counted = emitted(capsys)
    assert (counted[YawlMetric.STARTS_FOUND], counted[YawlMetric.POLLS_GOOD]) == (1, 1)


def test_an_engine_that_cannot_be_read_is_counted_and_logged(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.declare(REACHED)
    stage.log.case("42", 1)
    read_engine()
    stage.log.case("43", 2)
    stage.log.broken.add(("case_starts", "43"))
    emitted(capsys)
    with log_lines(reconcile_engine.logger) as written:
        assert read_engine()["good"] is False
    assert emitted(capsys)[YawlMetric.POLLS_FAILED] == 1
    assert "EngineUnreachable" in written.getvalue()
    assert "the password" not in written.getvalue()


def test_an_unknown_engine_is_logged(stage: Stage) -> None:
    with log_lines(reconcile_engine.logger) as written:
        assert read_engine("none")["good"] is False
    assert "no such engine" in written.getvalue()


@pytest.mark.parametrize(
    ("text", "password"), [("plain", "plain"), ('{"password":"inside"}', "inside"), ('"quoted"', '"quoted"')]
)
def test_a_secret_is_a_password_or_an_object_with_one(stage: Stage, text: str, password: str) -> None:
    boto3.client("secretsmanager", region_name="us-east-1").put_secret_value(
        SecretId="engine-secret", SecretString=text
    )
    stage.declare(REACHED)
    read_engine()
    assert stage.opened[0][2] == password


def test_a_push_only_engine_has_no_log(stage: Stage) -> None:
    stage.declare(replace(ENGINE, mode="push-only"))
    assert read_engine()["good"] is True
    assert stage.opened == []


def test_levels_and_late_attribution(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    by_account = replace(REACHED, attributed_by="client-account", customers={})
    stage.declare(by_account)
    stage.log.case("42", 1)
    assert read_engine()["unattributed"] == 1
    stage.state().stop(Fault("test", 1))
    capsys.readouterr()
    assert look_after() == {"engines": 1, "attributed": 0, "waits": 1, "unreadable": 0}
    counted = emitted(capsys)
    assert (counted[YawlMetric.ENGINE_FAULTS], counted[YawlMetric.ENGINES_WITHOUT_POLL]) == (1, 0)


def test_usage_is_attributed_once_its_customer_is_named(stage: Stage) -> None:
    stage.declare(replace(REACHED, attributed_by="client-account", customers={}))
    stage.log.case("42", 1)
    read_engine()
    stage.declare(replace(REACHED, attributed_by="client-account", customers={"acme": "customer-7"}))
    assert look_after()["attributed"] == 1
    (body,) = stage.bodies("usage")
    assert [event["customerIdentifier"] for event in body["events"]] == ["customer-7"]
    assert stage.bodies("unattributed") == []


def test_usage_of_an_engine_that_is_declared_no_more_is_sent_and_measured(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.declare(REACHED)
    stage.log.case("42", 1)
    read_engine()
    left = Change(messages=(Message("usage", "customer-1", "{}"),))
    DynamoDBState(stage.dynamodb, tables.ENGINES.name, "eng#1", lambda: NOW - 500).commit(left)
    stage.ssm.delete_parameter(Name="/engines/eng")
    look_after_engines.parts.cache_clear()
    capsys.readouterr()
    assert look_after()["engines"] == 0
    assert emitted(capsys)[YawlMetric.OLDEST_UNSENT_AGE] == 500
    (parcel,) = stage.state().unsent()
    stage.state().sent(parcel)
    DynamoDBState(stage.dynamodb, tables.ENGINES.name, "eng#1", lambda: NOW - 700).commit(left)
    look_after()
    assert emitted(capsys)[YawlMetric.OLDEST_UNSENT_AGE] == 0
    assert stage.state().unsent() == []
