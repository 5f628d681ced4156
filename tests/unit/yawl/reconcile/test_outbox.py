"""Committed messages are sent, then forgotten."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.yawl.reconcile.cases import Connector, Post
from yawl.reconcile.outbox import MOST_FAILURES, send_all
from yawl.reconcile.sqs_sender import SqsSender
from yawl.state.ports import Change, Message


@dataclass
class Picky(Post):
    """Refuses one customer's messages."""

    refused: str = ""

    def send(self, message: Message, deduplication_id: str) -> None:
        if message.customer == self.refused:
            raise ValueError("test")
        super().send(message, deduplication_id)


def test_a_message_that_cannot_be_sent_does_not_hold_up_the_others() -> None:
    c = Connector()
    for customer in ("a", "b", "c"):
        c.state.commit(Change(messages=(Message("usage", customer, "{}"),)))
        c.now += 1
    post = Picky(refused="b")
    sent = send_all(c.state, post)
    assert (sent.parcels, len(sent.errors)) == (2, 1)
    assert [message.customer for message, _ in post.sent] == ["a", "c"]
    assert [parcel.messages[0].customer for parcel in c.state.unsent()] == ["b"]


def test_a_queue_that_takes_nothing_is_not_asked_for_ever() -> None:
    c = Connector()
    for _ in range(MOST_FAILURES + 3):
        c.state.commit(Change(messages=(Message("usage", "a", "{}"),)))
    c.post.broken = True
    assert len(send_all(c.state, c.post).errors) == MOST_FAILURES


@dataclass
class Sqs:
    requests: list[dict[str, Any]] = field(default_factory=list)

    def send_message(self, **request: Any) -> None:
        self.requests.append(request)


def test_usage_is_grouped_by_customer_in_its_queue() -> None:
    sqs = Sqs()
    sender = SqsSender(sqs, "usage-url", "unattributed-url")  # type: ignore[arg-type]  # the one call that it makes
    sender.send(Message("usage", "customer-1", "{1}"), "id:0")
    sender.send(Message("unattributed", None, "{2}"), "id:1")
    assert sqs.requests == [
        {
            "QueueUrl": "usage-url",
            "MessageBody": "{1}",
            "MessageGroupId": "customer-1",
            "MessageDeduplicationId": "id:0",
        },
        {"QueueUrl": "unattributed-url", "MessageBody": "{2}"},
    ]


def test_a_message_has_the_trace_of_the_reading_that_sends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the events of the connector have a trace id, as those of the API have."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0")
    sqs = Sqs()
    SqsSender(sqs, "usage-url", "-").send(Message("usage", "customer-1", "{1}"), "id:0")  # type: ignore[arg-type]
    (request,) = sqs.requests
    assert request["MessageSystemAttributes"] == {
        "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    }
