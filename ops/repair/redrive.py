"""``ops redrive``: messages that failed or were refused, sent again.

Each is received, sent and only then deleted, so that none is lost wherever it breaks off. Every consumer may see a
message twice: events are recorded by their ids, notices are applied by theirs.

Usage goes to the waiting queue, whose messages name the sender of their events, so that each is judged by the rights of
whoever reported it, and not by those of the operator. Everything else goes back to the queue that it came from.
"""

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, get_args

import typer

from ledger.transaction import Operation
from ops.answer import words
from ops.change import STAGE_SUBJECT, Change, note_outcome, write_entry
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.api_error import ApiError
from runtime.clock import from_iso
from usage.judge_event import Reason
from usage.queue_message import tried_again

#: Seconds for which a message that was received is hidden from others.
HIDDEN = 600
#: Empty answers after which a queue counts as empty; an answer may be empty though some messages wait (SQS developer
#: guide, "Short polling").
EMPTY = 2
#: How often messages that are left may come again before a new one.
ROUNDS = 3
#: Messages of one request (SQS quotas).
AT_ONCE = 10
#: Reasons of refusals that no later try changes (docs/operations.md, "Refused usage, sent again").
HOPELESS = frozenset({"hour_sealed", "not_voidable", "before_activation", "not_subscribed", "too_old"})

#: What a message is. ours: usage, in a message that names its sender. usage: as its sender sent it. other: no usage.
Kind = Literal["ours", "usage", "other"]


class Way(NamedTuple):
    """From a queue to another, by their outputs."""

    stack: str
    source: str
    target: str
    kind: Kind = "other"


WAYS: Mapping[str, Way] = {
    "refused": Way("Doors", "RefusedUsageQueueUrl", "WaitingUsageQueueUrl", "ours"),
    "usage": Way("Doors", "UsageDeadLettersUrl", "WaitingUsageQueueUrl", "usage"),
    "waiting": Way("Doors", "WaitingUsageDeadLettersUrl", "WaitingUsageQueueUrl", "ours"),
    "subscription": Way("Doors", "SubscriptionDeadLettersUrl", "SubscriptionQueueUrl"),
    "entitlement": Way("Doors", "EntitlementDeadLettersUrl", "EntitlementQueueUrl"),
    "changes": Way("Events", "ChangesDeadLettersUrl", "ChangesQueueUrl"),
    "webhooks": Way("Events", "WebhookDeadLettersUrl", "WebhookQueueUrl"),
    "engines": Way("Yawl", "EngineUsageDeadLettersUrl", "EngineUsageQueueUrl"),
    "access-logs": Way("Yawl", "AccessLogsDeadLettersUrl", "AccessLogsQueueUrl"),
}

Queue = Annotated[str, typer.Argument(metavar="QUEUE", help=" | ".join(WAYS))]
Reasons = Annotated[str, typer.Option(help="of refused usage: only messages with one of these reasons (comma between)")]


def redrive(stage: OpenStage, queue: Queue, reason: Reasons = "") -> Change:
    """Send dead letters or refused usage again. It may break off anywhere, and be repeated.

    Of refused usage, what no later try can change is left, and so is what was refused after the command began.
    """
    if queue not in WAYS:
        raise Refused(f"{queue[:40]!r} is no queue that can be sent again: write one of {', '.join(WAYS)}")
    way, reasons = WAYS[queue], _reasons(queue, reason)
    source, target = (_url(stage, way.stack, name) for name in (way.source, way.target))
    names = ["ApproximateNumberOfMessages"]
    answer = stage.aws.ask("sqs", "get_queue_attributes", QueueUrl=source, AttributeNames=names)
    waiting = int(answer["Attributes"][names[0]])

    def do(entry: Operation) -> list[str]:
        counts = Counter[str]()
        write_entry(stage, entry)
        try:
            _send_again(stage, way, source, target, reasons, counts)
        finally:
            note_outcome(stage, entry, counts)
        left = [f"{number} left: {why}" for why, number in sorted(counts.items()) if why != "sent"]
        return [f"{counts['sent']} messages were sent again", *left]

    only = f" with the reasons {', '.join(sorted(reasons))}" if reasons else ""
    return Change(
        subject=STAGE_SUBJECT,
        target=queue,
        change={"from": way.source, "to": way.target, "about": waiting, "reasons": sorted(reasons)},
        shown=[words(f"About {waiting} messages of {way.source}{only} would go to {way.target}.")],
        do=do,
        next=["ops status"],
    )


def _reasons(queue: str, text: str) -> frozenset[str]:
    wanted = frozenset(filter(None, (each.strip() for each in text.split(","))))
    if wanted and queue != "refused":
        raise Refused("--reason is for the queue `refused` alone: the messages of other queues have none")
    if unknown := sorted(wanted - set(get_args(Reason))):
        raise Refused(f"no event is ever refused as {unknown[0][:40]!r}: docs/errors.md lists the reasons")
    return wanted


def _url(stage: OpenStage, stack: str, output: str) -> str:
    url = stage.output(stack, output)
    if url is None:
        raise Refused(f"the stage has no such queue: the stack {stack} has no output {output}")
    return url


def _send_again(
    stage: OpenStage, way: Way, source: str, target: str, reasons: frozenset[str], counts: Counter[str]
) -> None:
    """Send and delete message by message; counts: how many were ``sent``, or left for which reason."""
    began = stage.now()
    left: dict[str, str] = {}
    try:
        for message in stage.watch(_received(stage, source, left), "messages"):
            body = _body(way.kind, message, stage.now())
            why = "its text cannot be read: correct it by hand" if body is None else ""
            if not why and way.source == "RefusedUsageQueueUrl":
                why = _left(message["Body"], reasons, began)
            if why or body is None:
                left[message["MessageId"]] = message["ReceiptHandle"]
                counts[why] += 1
                continue
            more = _fifo(target, message) | _traced(message)
            stage.aws.ask("sqs", "send_message", QueueUrl=target, MessageBody=body, **more)
            stage.aws.ask("sqs", "delete_message", QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            counts["sent"] += 1
    finally:
        _show(stage, source, list(left.values()))


def _show(stage: OpenStage, url: str, handles: list[str]) -> None:
    """Let these messages be seen again. One that is seen already, because its time was over, is no error."""
    for first in range(0, len(handles), AT_ONCE):
        some = handles[first : first + AT_ONCE]
        entries = [{"Id": str(n), "ReceiptHandle": handle, "VisibilityTimeout": 0} for n, handle in enumerate(some)]
        stage.aws.ask("sqs", "change_message_visibility_batch", QueueUrl=url, Entries=entries)


def _received(stage: OpenStage, url: str, left: dict[str, str]) -> Iterator[Mapping[str, Any]]:
    """Every message of the queue, once.

    left: the handles of those that are left where they are. After ``HIDDEN`` seconds they come again, among those that
    were not received yet: they are hidden anew, under a new handle. Nothing more is looked for where all of them have
    come again ``ROUNDS`` times, and no other between them.
    """
    seen, empty, again = set[str](), 0, 0
    while empty < EMPTY and again <= ROUNDS * len(left):
        answer = stage.aws.ask(
            "sqs",
            "receive_message",
            QueueUrl=url,
            MaxNumberOfMessages=AT_ONCE,
            VisibilityTimeout=HIDDEN,
            WaitTimeSeconds=1,
            AttributeNames=["SenderId", "MessageGroupId", "AWSTraceHeader"],
        )
        messages = answer.get("Messages", ())
        empty = 0 if messages else empty + 1
        for message in messages:
            name = message["MessageId"]
            if name in left:
                left[name] = message["ReceiptHandle"]
            again = again + 1 if name in seen else 0
            if name not in seen:
                seen.add(name)
                yield message


def _body(kind: Kind, message: Mapping[str, Any], now: float) -> str | None:
    """What is sent; None for usage that cannot be read."""
    if kind == "other":
        return str(message["Body"])
    sender = message.get("Attributes", {}).get("SenderId") if kind == "usage" else None
    try:
        return tried_again(message["Body"], now, sender)
    except (ApiError, RecursionError, KeyError, TypeError):
        return None


def _left(body: str, reasons: frozenset[str], began: float) -> str:
    """Why a readable message of refused usage is left where it is; empty if it is sent again."""
    message = json.loads(body)
    if from_iso(message["refusedAt"]) > began:
        return "refused again"
    found = {refusal["reason"] for refusal in message["refusals"]}
    if reasons:
        return "" if found & reasons else "another reason"
    return "no later try changes its reason" if found <= HOPELESS else ""


def _fifo(target: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """What a FIFO queue needs: the group, and an id of this try's own. By its content it would be taken for the message
    that was sent before, and dropped (SQS developer guide, "Exactly-once processing")."""
    if not target.endswith(".fifo"):
        return {}
    group = message.get("Attributes", {}).get("MessageGroupId", "redriven")
    return {"MessageGroupId": group, "MessageDeduplicationId": f"redrive-{uuid.uuid4().hex}"}


def _traced(message: Mapping[str, Any]) -> dict[str, Any]:
    """The sender's trace goes along, so that an event has one id from its sender on."""
    header = message.get("Attributes", {}).get("AWSTraceHeader")
    value = {"DataType": "String", "StringValue": header}
    return {"MessageSystemAttributes": {"AWSTraceHeader": value}} if header else {}
