"""One execution for each ended period, whatever starts it and however often."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ledger.cancellation import grace_ends
from ledger.subscriber import Period, Subscriber
from ledger.subscribers import Subscribers
from metering.final.start_final_metering import (
    PATIENCE,
    Starter,
    execution_name,
    restart_missing,
)
from tests.contracts.stores import Ledger
from tests.unit.metering.entry_points import at, call, emitted, on

END = 1_794_734_400
NOW = END + 100.0
CANCELLED = Subscriber(
    customer_identifier="l-1", integration="license", status="pending_cancellation", active_periods=(Period(5, END),)
)


@pytest.fixture(scope="module")
def workflows() -> Iterator[Any]:
    """moto's Step Functions, once for this file, since its start takes most of a test's time."""
    with mock_aws():
        yield boto3.client("stepfunctions", region_name="us-east-1")


@pytest.fixture
def starter(workflows: Any) -> Starter:
    """A starter of a workflow that has no executions yet."""
    machine = workflows.create_state_machine(
        name=uuid.uuid4().hex,
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/workflow",
    )
    return Starter(workflows, machine["stateMachineArn"])


def executions(starter: Starter) -> dict[str, Any]:
    """Inputs by name."""
    listed = starter.client.list_executions(stateMachineArn=starter.alias_arn)["executions"]
    return {
        entry["name"]: json.loads(starter.client.describe_execution(executionArn=entry["executionArn"])["input"])
        for entry in listed
    }


def end(starter: Starter, name: str) -> None:
    (execution,) = [
        entry
        for entry in starter.client.list_executions(stateMachineArn=starter.alias_arn)["executions"]
        if entry["name"] == name
    ]
    starter.client.stop_execution(executionArn=execution["executionArn"])


def test_the_name_is_the_keys_and_the_periods() -> None:
    assert execution_name("l-0123456789abcdef", END) == f"l-0123456789abcdef-{END}"
    assert execution_name("l-1", END) != execution_name("l-1", END + 1)


@pytest.mark.parametrize("key", ["a.b", "x" * 56, "x" * 57, "x" * 128, "." * 128])
def test_an_execution_name_fits_with_an_hour_and_is_unique(key: str) -> None:
    name = execution_name(key, END)
    assert len(f"{name}-{END}") <= 80
    assert all(letter.isalnum() or letter in "-_" for letter in name)
    others = {execution_name(other, END) for other in ("a_b", "x" * 55, "x" * 127, "_" * 128, "." * 127)}
    assert name not in others


def test_an_ended_period_is_started_once(starter: Starter) -> None:
    assert starter.start(CANCELLED)
    starter.start(CANCELLED)
    assert executions(starter) == {f"l-1-{END}": {"customerIdentifier": "l-1", "periodEnd": END}}
    end(starter, f"l-1-{END}")
    assert not starter.start(CANCELLED), "it had its execution"
    assert len(executions(starter)) == 1


@pytest.mark.parametrize(
    "subscriber",
    [
        replace(CANCELLED, status="active", active_periods=(Period(5, END), Period(END + 5))),
        replace(CANCELLED, status="cancelled"),
        replace(CANCELLED, active_periods=()),
        replace(CANCELLED, active_periods=(Period(5),)),
    ],
)
def test_an_active_subscriber_has_nothing_started(starter: Starter, subscriber: Subscriber) -> None:
    assert not starter.start(subscriber)
    assert not starter.restart(subscriber, frozenset(), NOW)
    assert executions(starter) == {}


def test_only_ended_executions_are_started_again(starter: Starter) -> None:
    assert starter.restart(CANCELLED, starter.running(starter.alias_arn), NOW), "its start was missed"
    assert not starter.restart(CANCELLED, starter.running(starter.alias_arn), NOW)
    end(starter, f"l-1-{END}")
    again = f"l-1-{END}-{END + 100 - (END + 100) % 3600}"
    assert starter.restart(CANCELLED, starter.running(starter.alias_arn), NOW)
    assert set(executions(starter)) == {f"l-1-{END}", again}
    assert not starter.restart(CANCELLED, starter.running(starter.alias_arn), NOW + 7200), "another try is running"
    end(starter, again)
    assert not starter.restart(CANCELLED, starter.running(starter.alias_arn), NOW), "one try an hour"
    assert starter.restart(CANCELLED, starter.running(starter.alias_arn), NOW + 3600)


def test_another_error_is_raised(starter: Starter) -> None:
    wrong = replace(starter, alias_arn=starter.alias_arn + "x")
    with pytest.raises(Exception, match="StateMachineDoesNotExist"):
        wrong.start(CANCELLED)


# --- the entry points -------------------------------------------------------------------------------------------------


@pytest.fixture
def changes() -> str:
    """The address of a new queue of changes."""
    made = boto3.client("sqs", region_name="us-east-1").create_queue(
        QueueName=f"{uuid.uuid4().hex}.fifo", Attributes={"FifoQueue": "true"}
    )
    return str(made["QueueUrl"])


def handed_on(changes: str) -> list[dict[str, Any]]:
    """The messages of the queue, which then are gone."""
    sqs = boto3.client("sqs", region_name="us-east-1")
    answer = sqs.receive_message(
        QueueUrl=changes, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"]
    )
    messages = answer.get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=changes, ReceiptHandle=message["ReceiptHandle"])
    return [{"customer": each["Attributes"]["MessageGroupId"], **json.loads(each["Body"])} for each in messages]


@pytest.fixture
def stored(starter: Starter, changes: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The subscribers' table, in the functions' environment."""
    on(ledger, monkeypatch, tmp_path)
    at(tmp_path, NOW)
    monkeypatch.setenv("FINAL_METERING_ALIAS_ARN", starter.alias_arn)
    # Moto has no aliases, so both are the machine.
    monkeypatch.setenv("FINAL_METERING_ARN", starter.alias_arn)
    monkeypatch.setenv("CHANGES_QUEUE_URL", changes)
    return ledger.subscriber_items


def put(table: Any, key: str, status: str, ended: int) -> None:
    periods = [{"start": 5, "end": ended}]
    table.put_item(Item={"customerIdentifier": key, "subscriptionStatus": status, "activePeriods": periods})


def changed(key: str, status: str) -> dict[str, Any]:
    """A record of the stream."""
    period = {"M": {"start": {"N": "5"}, "end": {"N": str(END)}}}
    image = {
        "customerIdentifier": {"S": key},
        "subscriptionStatus": {"S": status},
        "activePeriods": {"L": [period]},
    }
    stream = {
        "ApproximateCreationDateTime": END,
        "SequenceNumber": f"{len(key)}00",
        "NewImage": image,
        "Keys": {"customerIdentifier": {"S": key}},
    }
    return {"eventID": key, "eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": stream}


def test_missing_executions_are_restarted_and_overdue_ones_counted(starter: Starter, stored: Any) -> None:
    overdue = int(NOW) - PATIENCE - 3600
    assert grace_ends(overdue) + PATIENCE == int(NOW)
    put(stored, "l-1", "pending_cancellation", END)
    put(stored, "l-2", "final_metering", overdue)
    put(stored, "l-3", "final_metering", overdue + 1)
    put(stored, "l-4", "cancelled", overdue)
    starter.start(CANCELLED)
    found = restart_missing(Subscribers(stored), starter, starter.running(starter.alias_arn), NOW)
    assert (found.ending, found.overdue, found.started, found.failed) == (3, 1, 2, [])
    assert len(executions(starter)) == 3


def test_the_stream_starts_final_metering(starter: Starter, stored: Any) -> None:
    records = [changed("l-1", "pending_cancellation"), changed("l-22", "active")]
    assert call("start_final_metering", {"Records": records}) == {"batchItemFailures": []}
    assert set(executions(starter)) == {f"l-1-{END}"}


def test_each_change_is_handed_on_in_its_customers_order(starter: Starter, stored: Any, changes: str) -> None:
    records = [changed("l-1", "pending_cancellation"), changed("l-22", "active"), changed("l-1", "final_metering")]
    records[2]["dynamodb"] |= {"SequenceNumber": "301", "OldImage": records[0]["dynamodb"]["NewImage"]}
    removed = changed("l-55555", "active")
    del removed["dynamodb"]["NewImage"]
    for _ in range(2):
        assert call("start_final_metering", {"Records": [*records, removed]}) == {"batchItemFailures": []}
    found = handed_on(changes)
    assert [
        (each["customer"], each["new"]["subscriptionStatus"]["S"]) for each in found if each["customer"] == "l-1"
    ] == [
        ("l-1", "pending_cancellation"),
        ("l-1", "final_metering"),
    ]
    assert len(found) == 3, "a repeat within five minutes is dropped by the queue"
    assert [each["old"] is None for each in found if each["customer"] == "l-1"] == [True, False]


def test_a_start_does_not_wait_for_the_queue(
    starter: Starter, stored: Any, changes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGES_QUEUE_URL", changes.replace(".fifo", "-gone.fifo"))
    later = changed("l-1", "final_metering")
    later["dynamodb"]["SequenceNumber"] = "301"
    answer = call("start_final_metering", {"Records": [changed("l-1", "pending_cancellation"), later]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "300"}, {"itemIdentifier": "301"}]}
    assert set(executions(starter)) == {f"l-1-{END}"}


def test_a_change_is_handed_on_although_its_start_fails(
    starter: Starter, stored: Any, changes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINAL_METERING_ALIAS_ARN", starter.alias_arn + "x")
    answer = call("start_final_metering", {"Records": [changed("l-1", "pending_cancellation")]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "300"}]}
    assert [each["customer"] for each in handed_on(changes)] == ["l-1"]


def test_a_failed_start_is_logged_and_does_not_delay_others(
    starter: Starter, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = changed("l-333", "pending_cancellation")
    del broken["dynamodb"]["NewImage"]["customerIdentifier"]
    records = [changed("l-1", "pending_cancellation"), broken]
    answer = call("start_final_metering", {"Records": records})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "500"}]}
    assert set(executions(starter)) == {f"l-1-{END}"}


def test_overdue_cancellations_are_emitted_for_their_alarm(
    starter: Starter, stored: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Final metering of two should have ended by now; the third is within its grace."""
    overdue = END - PATIENCE - 3600
    put(stored, "l-1", "pending_cancellation", END)
    put(stored, "l-2", "final_metering", overdue)
    put(stored, "l-3", "pending_cancellation", overdue)
    assert call("look_after_leavers", {}) == {"leaving": 3, "overdue": 2, "started": 3}
    call("look_after_leavers", {})
    reported = [(line["LeaversOverdue"], line["FinalMeteringsRestarted"]) for line in emitted(capsys)]
    assert reported == [([2], [3]), ([2], [0])], "they stay overdue until they are cancelled"


def test_every_check_emits_the_heartbeat_metric(
    starter: Starter, stored: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A check that fails emits it too: the store may be down, and runs are missing all the same."""
    call("look_after_leavers", {})
    monkeypatch.setattr("metering.handlers.look_after_leavers.assembled", _no_store)
    with pytest.raises(ConnectionError):
        call("look_after_leavers", {})
    lines = emitted(capsys)
    assert [line["RunsCompleted"] for line in lines] == [[0], [0]]
    assert ["LeaversOverdue" in line for line in lines] == [True, False], "only a look that has seen them all counts"


def _no_store() -> None:
    raise ConnectionError


def test_the_check_returns_counts(starter: Starter, stored: Any) -> None:
    put(stored, "l-1", "pending_cancellation", END)
    assert call("look_after_leavers", {})["started"] == 1
    assert call("look_after_leavers", {})["started"] == 0
