"""Messages that failed or were refused are sent again: none is lost, and each is judged by its sender's rights."""

import json
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ops.command import Command
from ops.read.actions import actions
from ops.refused import Refused
from ops.repair.redrive import redrive
from ops.stage import OpenStage
from runtime.clock import iso
from tests.ops.answers import AnswersOfAws
from tests.ops.conftest import NOW
from tests.ops.test_reading import printed

REDRIVE = Command("redrive", redrive, changes=True)
EVENT = {"id": "e", "source": "app", "customerIdentifier": "c", "dimension": "d", "quantity": 0.1, "occurredAt": "x"}
FIFO = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
QUEUES: dict[str, Any] = {
    "RefusedUsageQueueUrl": {},
    "WaitingUsageQueueUrl": {},
    "UsageDeadLettersUrl.fifo": FIFO,
    "SubscriptionDeadLettersUrl": {},
    "SubscriptionQueueUrl": {},
    "EngineUsageQueueUrl.fifo": FIFO,
    "EngineUsageDeadLettersUrl.fifo": FIFO,
}


class Queues(AnswersOfAws):
    """SQS as moto has it, without the seconds that an empty queue lets one wait."""

    def __init__(self) -> None:
        super().__init__()
        self.sqs: Any = boto3.client("sqs", region_name="us-east-1")
        urls = {
            name: self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
            for name, attributes in QUEUES.items()
        }
        named = {name.removesuffix(".fifo"): url for name, url in urls.items()}
        self.outputs = {"Doors": named, "Yawl": named}
        self.fails = ""
        #: Before which requests for messages the time is over for which others are hidden.
        self.lapses: Container[int] = ()
        self.received = 0
        self.handles: list[str] = []

    def ask(self, service: str, operation: str, /, **request: Any) -> dict[str, Any]:
        if service != "sqs":
            return super().ask(service, operation, **request)
        if operation == self.fails:
            raise KeyboardInterrupt
        request.pop("WaitTimeSeconds", None)
        if operation == "receive_message":
            self.received += 1
            if self.received in self.lapses:
                self.lapse(request["QueueUrl"])
        answer = dict(getattr(self.sqs, operation)(**request))
        self.handles += [message["ReceiptHandle"] for message in answer.get("Messages", ())]
        return answer

    def lapse(self, url: str) -> None:
        """The time for which messages are hidden is over."""
        for handle in self.handles:
            with suppress(ClientError):  # of a message that is gone
                self.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
        self.handles.clear()

    def send(self, output: str, body: Any, **more: Any) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.sqs.send_message(QueueUrl=self.outputs["Doors"][output], MessageBody=text, **more)

    def bodies(self, output: str) -> list[Any]:
        url = self.outputs["Doors"][output]
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [json.loads(message["Body"]) for message in found.get("Messages", ())]


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> Iterator[Queues]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield Queues()


@pytest.fixture
def stage(stage: OpenStage, queues: Queues) -> OpenStage:
    return replace(stage, aws=queues)


def refusal(reason: str, sender: str | None = "AIDAAPP", at: float = NOW - 60) -> dict[str, Any]:
    why = [{"id": "e", "reason": reason, "message": "why"}]
    return {"events": [EVENT], "sender": sender, "refusals": why, "messageId": "m", "refusedAt": iso(at)}


def run(stage: OpenStage, queue: str, **given: Any) -> str:
    return printed(REDRIVE.run(stage, queue=queue, apply=True, why="corrected", **given))


def test_nothing_is_sent_without_apply(stage: OpenStage, queues: Queues) -> None:
    queues.send("RefusedUsageQueueUrl", refusal("in_future"))
    assert "About 1 messages" in printed(REDRIVE.run(stage, queue="refused"))
    assert queues.bodies("WaitingUsageQueueUrl") == []
    assert len(queues.bodies("RefusedUsageQueueUrl")) == 1


def test_refused_usage_is_tried_again_for_a_day_as_its_sender_sent_it(stage: OpenStage, queues: Queues) -> None:
    queues.send("RefusedUsageQueueUrl", refusal("unknown_dimension"))
    assert "1 messages were sent again" in run(stage, "refused")
    assert queues.bodies("WaitingUsageQueueUrl") == [
        {"events": [EVENT], "waitingSince": iso(NOW), "sender": "AIDAAPP", "reasons": ["unknown_dimension"]}
    ]
    assert queues.bodies("RefusedUsageQueueUrl") == []
    outcome, noted = actions(stage).data["actions"]
    assert (noted["command"], noted["target"], noted["why"]) == ("redrive", "refused", "corrected")
    assert outcome["change"] == {"outcome": {"sent": 1}}


@pytest.mark.parametrize(
    ("message", "reasons", "left"),
    [
        (refusal("too_old"), "", "no later try changes its reason"),
        (refusal("in_future"), "unknown_customer", "another reason"),
        (refusal("in_future", at=NOW + 1), "", "refused again"),
        ({"body": "no json", "refusals": [], "refusedAt": iso(NOW - 60)}, "", "its text cannot be read"),
        ("no json", "", "its text cannot be read"),
    ],
)
def test_what_is_left_is_named_and_back_in_its_queue(
    stage: OpenStage, queues: Queues, message: Any, reasons: str, left: str
) -> None:
    queues.send("RefusedUsageQueueUrl", message)
    queues.send("RefusedUsageQueueUrl", refusal("unknown_customer"))
    said = run(stage, "refused", reason=reasons)
    assert "1 messages were sent again" in said
    assert f"1 left: {left}" in said
    url = queues.outputs["Doors"]["RefusedUsageQueueUrl"]
    assert len(queues.sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_a_reason_that_is_asked_for_is_sent_though_it_will_hardly_help(stage: OpenStage, queues: Queues) -> None:
    queues.send("RefusedUsageQueueUrl", refusal("too_old"))
    assert "1 messages" in run(stage, "refused", reason="too_old, bad_id")


def test_a_dead_letter_of_usage_keeps_its_senders_rights(stage: OpenStage, queues: Queues) -> None:
    """What a sender wrote into its message about its sender counts for nothing."""
    body = {"events": [EVENT], "sender": "own-connector"}
    queues.send("UsageDeadLettersUrl", body, MessageGroupId="c")
    run(stage, "usage")
    (message,) = queues.bodies("WaitingUsageQueueUrl")
    assert message["sender"] not in (None, "own-connector"), "SQS's own SenderId"


def test_the_trace_of_the_sender_goes_along(stage: OpenStage, queues: Queues) -> None:
    header = {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    queues.send("RefusedUsageQueueUrl", refusal("in_future"), MessageSystemAttributes={"AWSTraceHeader": header})
    run(stage, "refused")
    url = queues.outputs["Doors"]["WaitingUsageQueueUrl"]
    (message,) = queues.sqs.receive_message(QueueUrl=url, AttributeNames=["AWSTraceHeader"])["Messages"]
    assert message["Attributes"]["AWSTraceHeader"] == header["StringValue"]


def test_a_notice_goes_back_as_it_is(stage: OpenStage, queues: Queues) -> None:
    queues.send("SubscriptionDeadLettersUrl", {"MessageId": "1"})
    run(stage, "subscription")
    assert queues.bodies("SubscriptionQueueUrl") == [{"MessageId": "1"}]


def test_a_fifo_queue_does_not_take_it_for_the_message_that_was_sent_before(stage: OpenStage, queues: Queues) -> None:
    """By its content it would be dropped, and deleting it would lose the usage."""
    body = {"events": [EVENT]}
    queues.send("EngineUsageQueueUrl", body, MessageGroupId="c")
    queues.send("EngineUsageDeadLettersUrl", body, MessageGroupId="c")
    run(stage, "engines")
    url = queues.outputs["Doors"]["EngineUsageQueueUrl"]
    names = ["ApproximateNumberOfMessages"]
    assert queues.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]] == "2"


def test_many_messages_are_all_sent(stage: OpenStage, queues: Queues) -> None:
    for _ in range(25):
        queues.send("RefusedUsageQueueUrl", refusal("in_future"))
    assert "25 messages were sent again" in run(stage, "refused")


@pytest.mark.parametrize("lapses", [{5}, {5, 9}, range(5, 100)], ids=["once", "twice", "always"])
def test_messages_that_are_left_hide_no_others_when_they_come_again(
    stage: OpenStage, queues: Queues, lapses: Container[int]
) -> None:
    """It takes longer than a message is hidden: forty that are left come again before the five that were not seen."""
    for _ in range(40):
        queues.send("RefusedUsageQueueUrl", refusal("too_old"))
    for _ in range(5):
        queues.send("RefusedUsageQueueUrl", refusal("in_future"))
    queues.lapses = lapses
    said = run(stage, "refused")
    if isinstance(lapses, range):
        # Without an end it would receive those that are left for ever.
        assert "0 messages were sent again" in said
    else:
        assert "5 messages were sent again" in said
    assert "40 left: no later try changes its reason" in said
    url = queues.outputs["Doors"]["RefusedUsageQueueUrl"]
    names = ["ApproximateNumberOfMessagesNotVisible"]
    assert queues.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]] == "0"


@pytest.mark.parametrize(("operation", "sent"), [("send_message", 0), ("delete_message", 1)])
def test_broken_off_anywhere_it_loses_nothing(stage: OpenStage, queues: Queues, operation: str, sent: int) -> None:
    queues.send("RefusedUsageQueueUrl", refusal("in_future"))
    queues.fails = operation
    with pytest.raises(KeyboardInterrupt):
        run(stage, "refused")
    assert len(queues.bodies("WaitingUsageQueueUrl")) == sent
    url = queues.outputs["Doors"]["RefusedUsageQueueUrl"]
    hidden = ["ApproximateNumberOfMessagesNotVisible"]
    assert queues.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=hidden)["Attributes"][hidden[0]] == "1"
    outcome, _ = actions(stage).data["actions"]
    assert outcome["change"] == {"outcome": {}}, "what was begun is audited"


@pytest.mark.parametrize(
    ("queue", "reason", "said"),
    [
        ("everything", "", "write one of refused, usage"),
        ("usage", "in_future", "for the queue `refused` alone"),
        ("refused", "nonsense", "docs/errors.md"),
        ("entitlement", "", "has no output EntitlementDeadLettersUrl"),
    ],
)
def test_what_cannot_be_sent_again_is_refused(stage: OpenStage, queue: str, reason: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        REDRIVE.run(stage, queue=queue, reason=reason)
