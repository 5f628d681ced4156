"""The two ways out: the signed API, and the FIFO queue."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.session import Session
from moto import mock_aws

from runtime import clock
from runtime.telemetry import trace_of
from tests.client.usage_api import UsageApi
from usage.request import read_events
from yawl_metering import ApiTransport, QueueTransport, Settings, UsageClient
from yawl_metering.spool import Event
from yawl_metering.transport import Answered, Rejected, Unavailable, Verdict, outcome_of


def event(event_id: str = "e-1", customer: str = "l-1", **more: Any) -> Event:
    body = {
        "id": event_id,
        "source": "test",
        "customerIdentifier": customer,
        "dimension": "api_calls",
        "quantity": "1",
        "occurredAt": clock.iso(clock.now()),
    }
    return Event(1, customer, event_id, json.dumps(body | more), 0.0)


def test_verdicts_of_the_real_api(api: UsageApi) -> None:
    out = ApiTransport(api.url)
    user = {"dimension": "active_users", "user": "ann"}
    sent = [event("a"), event("b", "l-9"), event("c", quantity="-1"), event("d", **user)]
    outcome = out.send(sent)
    assert isinstance(outcome, Answered)
    assert [(v.verdict, v.reason) for v in outcome.verdicts] == [
        ("recorded", ""),
        ("retry_later", "unknown_customer"),
        ("refused", "bad_quantity"),
        ("recorded", ""),
    ]
    again = out.send(sent)
    assert isinstance(again, Answered)
    assert [v.verdict for v in again.verdicts] == ["duplicate", "retry_later", "refused", "duplicate"]
    out.close()


def test_more_than_the_api_takes_is_rejected_as_a_whole(api: UsageApi) -> None:
    out = ApiTransport(api.url)
    many = out.send([event(f"e-{n}") for n in range(101)])
    assert isinstance(many, Rejected)
    assert (many.code, "101" in many.message) == ("too_many_events", True)
    large = out.send([event(f"e-{n}", tags={"t": "x" * 30_000}) for n in range(10)])
    assert isinstance(large, Rejected)
    assert large.code == "payload_too_large"


def test_another_secret_is_not_let_in_and_nothing_is_lost(
    api: UsageApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    client = UsageClient.for_api("app", api.url, tmp_path, settings=Settings(first_backoff=0.01))
    client.record_api_calls("l-1")
    assert client.close(0.3) is False
    assert client._process is not None
    assert client._process._stats.last_error == "HTTP 403"


def test_no_credentials_no_server_no_region(api: UsageApi, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ApiTransport("http://127.0.0.1:9", region="eu-west-1").send([event()]) == Unavailable(
        "EndpointConnectionError"
    )
    session = Session()
    monkeypatch.setattr(session, "get_credentials", lambda: None)
    assert ApiTransport(api.url, session=session).send([event()]) == Unavailable("no AWS credentials were found")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ValueError, match="names no Region"):
        ApiTransport(api.url)
    assert ApiTransport("https://a1.execute-api.eu-north-1.amazonaws.com/prod/")._api.region == "eu-north-1"


BUSY, FAILED = b'{"error": {"code": "busy"}}', b'{"error": {"code": "internal_error"}}'
ONE = json.dumps({"verdicts": [{"id": "a", "verdict": "recorded"}]}).encode()


@pytest.mark.parametrize(
    ("status", "content", "headers", "expected"),
    [
        (200, ONE, {}, Answered([Verdict("recorded")])),
        (200, ONE[:-1] + b', "traceId": "1-a-b"}', {}, Answered([Verdict("recorded")], "1-a-b")),
        (200, ONE[:-1] + b', "traceId": 7}', {}, Answered([Verdict("recorded")])),
        (200, b'{"verdicts": []}', {}, Unavailable("an answer that is not the usage API's")),
        (200, b'{"verdicts": [{"verdict": "who knows"}]}', {}, Unavailable("an answer that is not the usage API's")),
        (200, b"<html>", {}, Unavailable("an answer that is not the usage API's")),
        (
            503,
            b'{"error": {"code": "busy"}}',
            {"Retry-After": "1"},
            Unavailable("HTTP 503 busy", everyone=False, after=1.0),
        ),
        (
            500,
            b'{"error": {"code": "internal_error"}}',
            {"Retry-After": "5"},
            Unavailable("HTTP 500 internal_error", after=5.0),
        ),
        (502, b"", {"Retry-After": "soon"}, Unavailable("HTTP 502")),
        (429, b'{"message": "Too Many Requests"}', {}, Unavailable("HTTP 429")),
        (403, b'{"message": "Forbidden"}', {}, Unavailable("HTTP 403")),
        (404, b"{}", {}, Unavailable("HTTP 404")),
        (400, b'{"message": "a proxy says no"}', {}, Unavailable("HTTP 400")),
        (400, b'{"error": {"code": "bad_json", "message": "no"}}', {}, Rejected("bad_json", "no")),
        (413, b"", {}, Rejected("payload_too_large", "")),
        (413, b'{"error": "odd"}', {}, Rejected("payload_too_large", "")),
        (415, b'{"error": {"code": "unsupported_media_type"}}', {}, Unavailable("HTTP 415 unsupported_media_type")),
    ],
)
def test_what_an_answer_means(status: int, content: bytes, headers: dict[str, str], expected: Any) -> None:
    assert outcome_of(status, headers, content, 1) == expected


# --- the queue --------------------------------------------------------------------------------------------------------


@pytest.fixture
def queue() -> Iterator[tuple[Any, str]]:
    with mock_aws():
        sqs = boto3.client("sqs", region_name="eu-west-1")
        yield sqs, sqs.create_queue(QueueName=f"usage-{uuid4().hex}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]


def messages(sqs: Any, url: str) -> list[Any]:
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
    return list(got.get("Messages", []))


def test_a_message_is_a_request_of_one_customer(queue: tuple[Any, str], tmp_path: Path) -> None:
    sqs, url = queue
    client = UsageClient.for_queue("app", url, tmp_path, region="eu-west-1")
    for _ in range(150):
        client.record_api_calls("l-1", 2)
    client.record_active_user("l-2", "ann")
    assert client.flush() is True
    assert client.stats().queued == 2
    client.close()
    found = messages(sqs, url)
    found.sort(key=lambda message: message["Attributes"]["MessageGroupId"])
    assert [m["Attributes"]["MessageGroupId"] for m in found] == ["l-1", "l-2"]
    [[first], [second]] = [read_events(m["Body"], "application/json") for m in found]
    assert (first["customerIdentifier"], first["quantity"]) == ("l-1", "300")
    assert (second["customerIdentifier"], second["user"]) == ("l-2", "ann")


def test_a_message_names_the_trace_that_the_client_knows(queue: tuple[Any, str]) -> None:
    """The metering system stores it with the events (``runtime.telemetry``)."""
    sqs, url = queue
    out = QueueTransport(url, region="eu-west-1")
    outcome = out.send([event("a")])
    (sent,) = messages(sqs, url)
    assert isinstance(outcome, Answered)
    assert trace_of(sent["Attributes"]["AWSTraceHeader"]) == outcome.trace_id != ""
    out.close()


def test_the_same_batch_is_the_same_message(queue: tuple[Any, str]) -> None:
    sqs, url = queue
    out = QueueTransport(url, region="eu-west-1")
    for _ in range(2):  # the first answer was lost
        outcome = out.send([event("a", occurredAt="2026-11-15T08:00:00Z")])
        assert isinstance(outcome, Answered) and outcome.verdicts == [Verdict("queued")]
    out.send([event("b", occurredAt="2026-11-15T08:00:00Z")])
    assert len(messages(sqs, url)) == 2
    out.close()


def test_a_queue_that_is_not_there(queue: tuple[Any, str]) -> None:
    outcome = QueueTransport(queue[1] + "x.fifo", region="eu-west-1").send([event()])
    assert isinstance(outcome, Unavailable)
    assert "NonExistentQueue" in outcome.reason or "QueueDoesNotExist" in outcome.reason


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InvalidMessageContents", Rejected),
        ("AWS.SimpleQueueService.Throttling", Unavailable),
        ("AccessDenied", Unavailable),
    ],
)
def test_what_the_queue_refuses(queue: tuple[Any, str], monkeypatch: pytest.MonkeyPatch, code: str, kind: type) -> None:
    out = QueueTransport(queue[1], region="eu-west-1")

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "SendMessage")

    monkeypatch.setattr(out._sqs, "send_message", refuse)
    assert isinstance(out.send([event()]), kind)


def test_the_queues_address_names_its_region() -> None:
    assert QueueTransport("https://sqs.eu-north-1.amazonaws.com/1/usage.fifo")._sqs.meta.region_name == "eu-north-1"
