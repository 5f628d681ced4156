"""The states' entry points on moto, as the workflow calls them: keys and counts in, keys and counts out."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from marketplace.deadlines import deadline
from metering import handlers
from runtime.clock import iso
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger
from tests.contracts.stores import ledger as new_ledger
from tests.unit.metering.entry_points import CONTEXT, KEY, at, emitted, prepared


@pytest.fixture(scope="module")
def made() -> Iterator[Ledger]:
    with new_ledger() as once:
        yield once


@pytest.fixture
def ledger(made: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ledger:
    return prepared(made, monkeypatch, tmp_path)


def dead_letters() -> list[dict[str, Any]]:
    """What lies in the queue of failed lines, taken out."""
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="failed-lines")["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in messages]


def as_json(answer: Any) -> Any:
    """What a state returns travels as JSON."""
    return json.loads(json.dumps(answer))


def test_an_hour_from_due_to_planned(ledger: Ledger) -> None:
    ledger.opened()
    page = as_json(handlers.find_due_hours({"startedAt": iso(NOW), "hour": None, "cursor": None}, CONTEXT))
    assert page == {"chunks": [[KEY]], "cursor": None, "more": False, "events": 14}
    assert as_json(handlers.seal_hours({"keys": [KEY]}, CONTEXT)) == {
        "sealed": 1,
        "waiting": 0,
        "already": 0,
        "failed": 0,
    }
    assert as_json(handlers.plan_batches({"chunks": page["chunks"]}, CONTEXT)) == {
        "batches": [[f"{KEY}|api_calls"]],
        "left": False,
        "events": 18,
    }
    assert as_json(handlers.settle_hours({"keys": [KEY]}, CONTEXT)) == {"expired": 0, "not_sent": 0, "tidied": 0}
    assert ledger.pending() == {(CUSTOMER, HOUR)}


def test_an_hour_may_be_asked_for(ledger: Ledger) -> None:
    ledger.opened()
    assert handlers.find_due_hours({"startedAt": iso(NOW), "hour": iso(HOUR - 3600)}, CONTEXT)["chunks"] == []
    assert handlers.find_due_hours({"startedAt": iso(NOW), "hour": iso(HOUR)}, CONTEXT)["chunks"] == [[KEY]]


def test_an_hour_within_the_seal_delay_is_not_due(ledger: Ledger, tmp_path: Path) -> None:
    ledger.opened()
    at(tmp_path, HOUR + 3600 + 590)
    assert handlers.find_due_hours({"startedAt": iso(HOUR + 3600 + 590)}, CONTEXT)["chunks"] == []


def test_what_can_no_longer_be_sent_ends_expired_and_is_reported(ledger: Ledger, tmp_path: Path) -> None:
    ledger.opened()
    handlers.seal_hours({"keys": [KEY]}, CONTEXT)
    at(tmp_path, deadline(HOUR) + 1)
    assert handlers.plan_batches({"chunks": [[KEY]]}, CONTEXT)["batches"] == []
    assert handlers.settle_hours({"keys": [KEY]}, CONTEXT)["expired"] == 1
    assert handlers.settle_hours({"keys": [KEY]}, CONTEXT) == {"expired": 0, "not_sent": 0, "tidied": 0}
    summary = as_json(handlers.report({"startedAt": iso(NOW), "fault": {"Error": "ProductFault"}}, CONTEXT))
    assert (summary["pendingHours"], summary["oldestPendingHour"], summary["fault"]) == (
        0,
        None,
        {"Error": "ProductFault"},
    )
    assert (summary["failedLines"], summary["failedUnits"]) == ({"expired": 1}, {"api_calls": "2000"})
    assert summary["failed"] == [
        {"record": KEY, "dimension": "api_calls", "quantity": "2", "verdict": "expired"},
    ]
    assert dead_letters() == [
        {
            "customerIdentifier": CUSTOMER,
            "hour": iso(HOUR),
            "dimension": "api_calls",
            "verdict": "expired",
            "unconfirmed": False,
            "detail": None,
        }
    ]
    handlers.report({"startedAt": iso(NOW)}, CONTEXT)
    assert dead_letters() == [], "one copy, although the level stays"


def test_the_levels_are_told_whatever_becomes_of_the_copies(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A queue that takes nothing must not silence the alarm about what its copies are of."""
    ledger.sealed(("api_calls",), "expired")
    monkeypatch.setenv("FAILED_LINES_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/gone")
    with pytest.raises(ClientError):
        handlers.report({"startedAt": iso(NOW)}, CONTEXT)
    told = emitted(capsys)
    assert (told[-1]["FailedLines"], told[-1]["PendingHours"]) == ([1], [0])
    assert "RunsCompleted" not in told[-1]


def test_a_settler_that_died_before_tidying_is_made_good(ledger: Ledger) -> None:
    record = ledger.sealed(["api_calls"])
    ledger.settlement.settle(record, "api_calls", "billed", now=NOW)
    assert handlers.settle_hours({"keys": [KEY]}, CONTEXT) == {"expired": 0, "not_sent": 0, "tidied": 1}
    assert ledger.pending() == set()


def test_the_report_names_what_is_pending_as_levels(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        ledger.opened({("api_calls", MONTH): Decimal(1)}, hour=HOUR - number * 3600)
    summary = handlers.report({"hour": iso(HOUR - 3600)}, CONTEXT)
    assert (summary["pendingHours"], summary["oldestPendingHour"]) == (2, iso(HOUR - 7200))
    assert summary["fault"] is None
    told = emitted(capsys)
    line = told[-1]
    assert [(one["dimension"], one.get("AtRiskUnits"), one.get("FailedUnits")) for one in told[:-1]] == [
        ("api_calls", [0.0], None),
        ("api_calls", None, [0.0]),
    ]
    assert (line["PendingHours"], line["FailedLines"], line["RunsCompleted"]) == ([2], [0], [1])
    assert line["OldestPendingHourAgeSeconds"][0] == pytest.approx(NOW - (HOUR - 7200) - 3600, abs=30)


def test_hours_that_are_gone_are_passed_over(ledger: Ledger) -> None:
    assert handlers.seal_hours({"keys": ["nobody|3600"]}, CONTEXT)["already"] == 1
    assert handlers.plan_batches({"chunks": [["nobody|3600"], []]}, CONTEXT)["batches"] == []
    assert handlers.settle_hours({"keys": ["nobody|3600"]}, CONTEXT) == {"expired": 0, "not_sent": 0, "tidied": 0}
