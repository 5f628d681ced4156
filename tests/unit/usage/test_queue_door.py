"""The queue's function from Lambda's event to its answer, on moto: what fails comes again, and what is told."""

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest

from ledger import tables
from ledger.transaction import Contended
from marketplace.dimensions import Dimension, to_json
from runtime.clock import OFFSET_VARIABLE, from_iso, iso
from tests.contracts.stores import Ledger
from tests.contracts.stores import ledger as new_ledger
from tests.unit.log_lines import log_lines
from tests.unit.messages import Context, failed
from usage import queue_handlers, record_usage

NOW = "2026-11-15T08:30:00Z"
HOUR = int(from_iso("2026-11-15T08:00:00Z"))
CUSTOMERS = ("customer-1", "customer-2")
DIMENSIONS = {
    "executions": Dimension(name="executions", unit="execution"),
    "users": Dimension(name="users", unit="user", aggregation="distinct"),
}
Said = dict[str, Any]


@pytest.fixture(scope="module")
def made() -> Iterator[Ledger]:
    with new_ledger() as once:
        yield once


@pytest.fixture(autouse=True)
def ledger(made: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ledger:
    """Empty tables and queues, two active customers, and the function's environment; it is half past eight."""
    (tmp_path / "offset").write_text(str(from_iso(NOW) - time.time()), encoding="ascii")
    sqs = boto3.client("sqs", region_name="us-east-1")
    urls = {}
    for name in ("waiting", "refused"):
        queue = f"{name}-{tmp_path.name}"
        urls[name] = sqs.create_queue(QueueName=queue[-60:], Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    environment = {
        OFFSET_VARIABLE: str(tmp_path / "offset"),
        "SUBSCRIBERS_TABLE": tables.SUBSCRIBERS.name,
        "USAGE_EVENTS_TABLE": tables.USAGE_EVENTS.name,
        "METERING_RECORDS_TABLE": tables.METERING_RECORDS.name,
        "DIMENSIONS": to_json(DIMENSIONS),
        "PENDING_SHARDS": "1",
        "REPORTERS": "[]",
        "WAITING_USAGE_QUEUE_URL": urls["waiting"],
        "REFUSED_USAGE_QUEUE_URL": urls["refused"],
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    queue_handlers.settings.cache_clear()
    queue_handlers.drain.cache_clear()
    made.clear()
    for customer in CUSTOMERS:
        made.subscriber_items.put_item(
            Item={
                "customerIdentifier": customer,
                "subscriptionStatus": "active",
                "activePeriods": [{"start": HOUR - 86400}],
            }
        )
    return made


def usage(event_id: str, customer: str = CUSTOMERS[0], **changes: Any) -> Said:
    return {
        "id": event_id,
        "source": "test",
        "customerIdentifier": customer,
        "dimension": "executions",
        "quantity": 1,
        "occurredAt": NOW,
    } | changes


def call(*messages: tuple[str | None, Any], queue: str = "usage.fifo") -> list[str]:
    """Message ids that come again. A message: its group and its body; ids are m0, m1, …"""
    records = []
    for number, (group, body) in enumerate(messages):
        attributes = {"SentTimestamp": "1795000000000", "ApproximateReceiveCount": "1"}
        records.append(
            {
                "messageId": f"m{number}",
                "receiptHandle": "r",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": attributes | ({"MessageGroupId": group} if group else {}),
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:us-east-1:111122223333:{queue}",
                "awsRegion": "us-east-1",
            }
        )
    context: Any = Context()
    return failed(queue_handlers.handle({"Records": records}, context))


def message(*events: Said) -> Said:
    return {"events": list(events)}


def lying(where: str) -> list[Said]:
    sqs = boto3.client("sqs", region_name="us-east-1")
    url = getattr(queue_handlers.settings(), f"{where.upper()}_USAGE_QUEUE_URL")
    return [
        json.loads(m["Body"]) for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    ]


def executions(ledger: Ledger, customer: str) -> Decimal:
    found = ledger.records.get(customer, HOUR)
    return found.counted.get(("executions", "2026-11"), Decimal(0)) if found else Decimal(0)


def busy(monkeypatch: pytest.MonkeyPatch, *customers: str) -> None:
    """Somebody else writes to these customers' hour all the time."""
    real = record_usage._attempt

    def attempt(customer: str, *rest: Any) -> None:
        if customer in customers:
            raise Contended("again")
        real(customer, *rest)

    monkeypatch.setattr(record_usage, "_attempt", attempt)
    monkeypatch.setattr(record_usage, "ATTEMPTS", 2)


# --- what fails -------------------------------------------------------------------------------------------------------


def test_what_is_done_with_is_deleted(ledger: Ledger) -> None:
    again = call(
        (CUSTOMERS[0], message(usage("a"), usage("b", quantity=-1))),
        (CUSTOMERS[0], "no JSON"),
        ("nobody", message(usage("c", "nobody"))),
        (CUSTOMERS[1], message(usage("d", CUSTOMERS[1]))),
    )
    assert again == []
    assert [executions(ledger, customer) for customer in CUSTOMERS] == [1, 1]
    assert len(lying("waiting")) == 1
    assert len(lying("refused")) == 2


def test_a_failure_stops_its_own_group_and_no_other(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = CUSTOMERS
    busy(monkeypatch, first)
    again = call(
        (second, message(usage("a", second))),
        (first, message(usage("b"))),
        (second, message(usage("c", second))),
        (first, message(usage("d", second))),  # it could be recorded, but one of its group before it was not
        (second, message(usage("e", second))),
    )
    assert again == ["m1", "m3"]
    assert executions(ledger, second) == 3


def test_a_batch_that_fails_as_a_whole_names_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    busy(monkeypatch, *CUSTOMERS)
    assert call(*((customer, message(usage("a", customer))) for customer in CUSTOMERS)) == ["m0", "m1"]


def test_messages_of_the_waiting_queue_fail_by_themselves(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    busy(monkeypatch, CUSTOMERS[0])
    queue = queue_handlers.settings().WAITING_USAGE_QUEUE_URL.rsplit("/", 1)[-1]
    bodies = [message(usage("a")), message(usage("b", CUSTOMERS[1])), message(usage("c"))]
    assert call(*((None, body) for body in bodies), queue=queue) == ["m0", "m2"]
    assert executions(ledger, CUSTOMERS[1]) == 1


def test_a_queue_that_cannot_be_sent_to_fails_the_message(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUSED_USAGE_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/111122223333/no-such-queue")
    queue_handlers.settings.cache_clear()
    assert call((CUSTOMERS[0], message(usage("a"), usage("b", quantity=-1))), (CUSTOMERS[1], "{")) == ["m0", "m1"]
    assert executions(ledger, CUSTOMERS[0]) == 1, "and is found when the message comes again"


def test_which_queue_a_message_comes_from_decides_whether_it_has_waited() -> None:
    old = {"waitingSince": iso(from_iso(NOW) - 25 * 3600)}
    waiting = queue_handlers.settings().WAITING_USAGE_QUEUE_URL.rsplit("/", 1)[-1]
    call(("nobody", message(usage("a", "nobody")) | old))
    assert [body["waitingSince"][:16] for body in lying("waiting")] == [NOW[:16]]
    assert lying("refused") == []
    call((None, message(usage("b", "nobody")) | old), queue=waiting)
    assert [body["events"][0]["id"] for body in lying("refused")] == ["b"]


# --- what is told -----------------------------------------------------------------------------------------------------


def test_what_became_of_queued_events_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = queue_handlers.settings().WAITING_USAGE_QUEUE_URL.rsplit("/", 1)[-1]
    events = [usage("a"), usage("b"), usage("a"), usage("c", quantity=-1), usage("d", "no"), usage("e", "no")]
    call((CUSTOMERS[0], message(*events)), (CUSTOMERS[0], "{"))
    call((None, message(usage("d", "no")) | {"waitingSince": iso(0)}), queue=waiting)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    counted = [
        {name: value for name, value in line.items() if name.startswith(("Queued", "Requests"))} for line in lines
    ]
    assert counted == [
        {
            "QueuedEventsRecorded": [2],
            "QueuedEventsRefused": [1],
            "QueuedEventsWaiting": [2],
            "RequestsRefused": [1],
        },
        {"QueuedEventsGaveUp": [1]},
    ]
    assert lines[0]["EventsDuplicate"] == [1], "verdicts count whichever door gave them"


def test_what_is_recorded_is_told_though_its_message_comes_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAITING_USAGE_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/111122223333/no-such-queue")
    queue_handlers.settings.cache_clear()
    assert call((CUSTOMERS[0], message(usage("a"), usage("b", "nobody")))) == ["m0"]
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert (line["EventsRecorded"], line["QueuedEventsRecorded"]) == ([1], [1])
    assert "QueuedEventsWaiting" not in line


def test_log_lines_name_no_user(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "ann@example.com"
    ann = {"dimension": "users", "user": secret}
    busy(monkeypatch, CUSTOMERS[1])
    with log_lines(queue_handlers.logger) as written:
        call(
            (CUSTOMERS[0], message(usage("a", **ann), usage("b", quantity=-1, **ann), usage("c", "nobody", **ann))),
            (CUSTOMERS[0], f"{{{secret}"),
            (CUSTOMERS[1], message(usage("d", CUSTOMERS[1], **ann))),
        )
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    told = [line for line in lines if line["message"] == "queued usage"]
    assert [(line["messageId"], line["refused"], line["waiting"], line.get("fault")) for line in told] == [
        ("m0", 1, 1, None),
        ("m1", 0, 0, "bad_json"),
    ]
    [failure] = [line for line in lines if line["message"] == "queued usage failed"]
    assert (failure["messageId"], failure["error"]) == ("m2", "Contended")
    assert secret not in written.getvalue()
    # but whoever looks after it can send the event again
    assert secret in json.dumps(lying("refused")) and secret in json.dumps(lying("waiting"))
