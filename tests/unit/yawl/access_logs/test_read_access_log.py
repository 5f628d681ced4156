"""The function from Lambda's event to its answer, on Amazon S3, SSM, DynamoDB and SQS as moto plays them."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ledger.tables import ENGINES
from local.dynamodb.declared_tables import create
from tests.unit.emitted import emitted
from tests.unit.log_lines import log_lines
from tests.unit.messages import Context, failed, queue
from tests.unit.yawl.access_logs.log_lines import BUCKET, KEY, engine, line, notice, zipped
from yawl.access_logs import assembly
from yawl.engine import AccessLogs, Engine
from yawl.handlers import read_access_log

PATH = "/yawl-metering/test/engines"


class Aws:
    """The function's surroundings: an engine's parameter, the bucket, the table, and both queues."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.s3 = boto3.client("s3")
        self.sqs = boto3.client("sqs")
        self.ssm = boto3.client("ssm")
        self.s3.create_bucket(Bucket=BUCKET)
        self.usage = self.sqs.create_queue(QueueName="engine-usage.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        unattributed = self.sqs.create_queue(QueueName="unattributed")["QueueUrl"]
        create(boto3.client("dynamodb"), ENGINES, ENGINES.name)
        self.declare(engine(access_logs=AccessLogs(bucket=BUCKET, hosts=("engine.example.com",))))
        settings = {
            "ENGINES_PATH": PATH,
            "ENGINES_TABLE": ENGINES.name,
            "ENGINE_USAGE_QUEUE_URL": self.usage,
            "UNATTRIBUTED_QUEUE_URL": unattributed,
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    def declare(self, declared: Engine) -> None:
        self.ssm.put_parameter(Name=f"{PATH}/{declared.id}", Value=declared.to_json(), Type="String", Overwrite=True)

    def put(self, content: bytes, key: str = KEY) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    def sent(self) -> list[dict[str, Any]]:
        """The events that came into the queue of usage since the last look."""
        messages = self.sqs.receive_message(QueueUrl=self.usage, MaxNumberOfMessages=10).get("Messages", [])
        return [event for message in messages for event in json.loads(message["Body"])["events"]]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    kept = (read_access_log.access_logs, assembly._s3)
    for each in kept:
        each.cache_clear()
    with mock_aws():
        yield Aws(monkeypatch)
    for each in kept:
        each.cache_clear()


def call(*bodies: str) -> list[str]:
    """Message ids that come again."""
    context: Any = Context()
    return failed(read_access_log.handler(queue(*bodies), context))


def test_an_object_is_read_and_its_usage_is_in_the_queue(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.put(zipped([line(), line(method="HEAD")]))
    assert call(notice()) == []
    assert {event["dimension"]: event["quantity"] for event in aws.sent()} == {
        "api_calls": "1",
        "data_processed_gb": "0.000001",
    }
    assert emitted(capsys) == {"AccessLogsRead": 1}
    assert call(notice()) == []
    assert aws.sent() == []


def test_a_notice_that_fails_holds_up_no_other(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.put(zipped([line()]))
    gone = KEY.replace("20sg8hgm", "gone")
    broken = KEY.replace("20sg8hgm", "broken")
    aws.put(zipped([line()] * 9)[:-3], broken)
    assert call("no notice", notice(gone), notice(broken), notice()) == ["m0", "m1", "m2"]
    assert len(aws.sent()) == 2
    assert emitted(capsys) == {"AccessLogsRefused": 3, "AccessLogsRead": 1}


@pytest.mark.parametrize("strange", [line()[:60], line("https://another.example:443/yawl/ib")])
def test_lines_that_bill_nobody_are_counted(aws: Aws, capsys: pytest.CaptureFixture[str], strange: str) -> None:
    aws.put(zipped([line(), strange]))
    assert call(notice()) == []
    assert len(aws.sent()) == 2
    assert emitted(capsys) == {"AccessLogsRead": 1, "AccessLogsRefused": 1}


def test_another_object_is_left_alone_and_not_counted(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(notice("AWSLogs/123456789012/ELBAccessLogTestFile")) == []
    assert emitted(capsys) == {}


def test_a_fault_of_amazon_s3_is_not_taken_for_one_of_the_object(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(*_args: object) -> None:
        raise ConnectionError("https://engine.example.com:443/?sessionHandle=HANDLE")

    monkeypatch.setattr("yawl.access_logs.assembly.read_object", unreachable)
    with log_lines(read_access_log.logger) as written:
        assert call(notice()) == ["m0"]
    assert emitted(capsys) == {}
    assert "ConnectionError" in written.getvalue()
    assert "HANDLE" not in written.getvalue()


def test_no_log_line_holds_a_line_of_an_object(aws: Aws) -> None:
    url = "https://engine.example.com:443/yawl/ib?action=x&sessionHandle=HANDLE"
    aws.put(zipped([line(url, method="GET", agent="an agent"), f"{url} 192.0.2.39"]))
    broken = KEY.replace("20sg8hgm", "broken")
    aws.put(zipped([url] * 3), broken)
    with log_lines(read_access_log.logger) as written:
        assert call(notice(), notice(broken)) == ["m1"]
    said = written.getvalue()
    assert '"lines":2' in said and KEY in said and "none of its lines" in said
    for secret in ("HANDLE", "192.0.2.39", "an agent", "engine.example.com"):
        assert secret not in said
