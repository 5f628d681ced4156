"""A batch of a queue: every message has its turn, what failed is named."""

from collections.abc import Mapping
from typing import Any

from runtime.queued import Message, each_change, each_message
from tests.unit.messages import queue


def test_every_message_has_its_turn_and_the_failed_are_named() -> None:
    seen: list[Message] = []

    def handle(message: Message) -> None:
        seen.append(message)
        if message.body == "bad":
            raise ValueError("no")

    answer = each_message(queue("good", "bad", "last", sent=12.5), handle)
    assert [(message.id, message.body, message.sent_ms) for message in seen] == [
        ("m0", "good", 12500),
        ("m1", "bad", 12500),
        ("m2", "last", 12500),
    ]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


def test_behind_a_failed_message_its_group_waits_and_no_other_does() -> None:
    seen: list[str] = []

    def handle(message: Message) -> None:
        seen.append(message.body)
        if message.body == "a1":
            raise ValueError("no")

    event = queue("a1", "b1", "a2", "b2", "alone")
    for record, group in zip(event["Records"], ("a", "b", "a", "b", None), strict=True):
        record["attributes"] |= {"MessageGroupId": group} if group else {}
    assert each_message(event, handle) == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m2"}]}
    assert seen == ["a1", "b1", "b2", "alone"]


def test_nothing_failed() -> None:
    assert each_message(queue("a", "b"), lambda message: None) == {"batchItemFailures": []}


def test_behind_a_failed_change_its_item_waits_and_no_other_does() -> None:
    seen: list[str] = []

    def handle(change: Mapping[str, Any]) -> None:
        seen.append(change["SequenceNumber"])
        if change["SequenceNumber"] == "1":
            raise ValueError("no")

    changes = [{"SequenceNumber": str(number), "Keys": {"key": key}} for number, key in enumerate("babab")]
    answer = each_change({"Records": [{"dynamodb": change} for change in changes]}, handle)
    assert seen == ["0", "1", "2", "4"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "3"}]}


def test_a_message_says_how_often_it_came_and_how_to_name_it() -> None:
    event = queue("a")
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "7"
    found: list[Message] = []
    each_message(event, found.append)
    assert [(message.receives, message.receipt) for message in found] == [(7, "r")]
