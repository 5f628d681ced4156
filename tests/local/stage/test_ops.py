"""The operator's command on the deployed stage: each command as a program, with the rights of its role alone."""

import json
import os
import subprocess
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError
from mcp import Client, StdioServerParameters

from ledger import tables
from local.cloud import LocalSession
from local.replay.buyers import Buyer
from local.stage import LocalStage
from marketplace.hour import month_of
from marketplace_local import notices
from ops.commands import READING
from ops.line_id import short_hour
from ops.repair.redrive import WAYS
from runtime.clock import OFFSET_VARIABLE, from_iso, iso
from stacks.synth import ROOT
from tests import event_loop
from tests.local.stage.acting import Acting
from usage.queue_message import tried_again

pytestmark = [pytest.mark.local, pytest.mark.timeout(240)]

DIMENSION = "workflow_executions"


@dataclass(frozen=True)
class Told:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        assert self.code in (0, 1), self.err
        answer: dict[str, Any] = json.loads(self.out)
        return answer


Ops = Callable[..., Told]


def as_operator(stage: LocalStage, role: str) -> dict[str, str]:
    """The environment of a person who has taken that role of the deployed stage."""
    sts = stage.cloud.seller.client("sts")
    arn = stage.outputs["YawlMetering-local-Operators"][f"{role}RoleArn"]
    given = sts.assume_role(RoleArn=arn, RoleSessionName="ana")["Credentials"]
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
        "AWS_ENDPOINT_URL": stage.cloud.endpoint,
        "COLUMNS": "160",
        OFFSET_VARIABLE: str(stage.clock.file),
    }


def program(environment: dict[str, str], *arguments: str) -> Told:
    command = [str(ROOT / "bin" / "ops"), *arguments, "--stage", "local"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    return Told(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def reader(stage: LocalStage) -> dict[str, str]:
    return as_operator(stage, "OperatorRead")


@pytest.fixture(scope="module")
def ops(reader: dict[str, str]) -> Ops:
    """A command with the rights of operator-read."""
    return lambda *arguments: program(reader, *arguments)


@pytest.fixture(scope="module")
def repair(stage: LocalStage) -> Ops:
    """A command with the rights of operator-repair."""
    environment = as_operator(stage, "OperatorRepair")
    return lambda *arguments: program(environment, *arguments)


@pytest.fixture
def hour(acting: Acting, buyer: Buyer) -> str:
    """A metered hour of the buyer with one billed line and one that Marketplace refuses, as ids have it."""
    hour = short_hour(int(from_iso(acting.hour)))
    acting.record(acting.event(buyer, quantity=100), acting.event(buyer, "api_calls", quantity=5000))
    acting.stage.marketplace.arm("error", error="InvalidUsageDimensionException", dimension="api_calls")
    acting.close_hour()
    acting.meter_at_once()
    return f"{buyer.customer_identifier}/{hour}"


def test_each_reading_command_answers_with_the_rights_of_operator_read(
    acting: Acting, buyer: Buyer, ops: Ops, hour: str
) -> None:
    before = acting.stored()
    key = buyer.customer_identifier
    status = ops("status", "--json").json
    assert status["flowing"]["lastRun"]["status"] == "SUCCEEDED"
    assert status["late"]["pendingHours"] >= 1
    assert "UsageQueueUrl" in status["well"]["queues"]

    rows = {row["hour"]: row for row in ops("pending", "--json").json["hours"]}
    assert "rejected" in rows[hour]["reasons"]

    told = ops("customer", key, "--json").json
    assert (told["status"], told["identityComplete"]) == ("active", True)
    assert told["tier"], "the buyer holds a contract"

    lines = {line["dimension"]: line for line in ops("hour", hour, "--json").json["lines"]}
    assert lines[DIMENSION]["verdict"] == "billed"
    assert lines["api_calls"]["verdict"] == "rejected"

    assert "lines" in ops("failed", "--json").json
    assert ops("backlog", "--json").json["customerHours"] >= 1
    month = month_of(acting.now)
    assert DIMENSION in ops("usage", "--month", month, "--customer", key, "--json").json["dimensions"]
    assert ops("usage", "--month", month, "--json").json["hours"] >= 1
    assert [each for each in ops("findings", "--json").json["findings"] if each["subject"] == key] == []
    assert ops("pauses", "--json").json["pauses"] == []
    assert ops("actions", key, "--json").json["actions"] == []
    assert acting.stored() == before, "reading commands write nothing"


def test_a_line_an_event_and_a_code_are_explained(acting: Acting, buyer: Buyer, ops: Ops, hour: str) -> None:
    told = ops("explain", f"{hour}/api_calls", "--json").json
    assert told["forAws"]["error"] == "InvalidUsageDimensionException"
    assert [each for each in told["log"] if each.get("verdict") == "rejected"], told["log"]

    event = acting.event(buyer, quantity=1)
    acting.record(event)
    chain = ops("explain", f"{buyer.customer_identifier}/{event['id']}", "--json").json
    assert chain["line"].startswith(buyer.customer_identifier)

    answer = ops("explain", "InvalidUsageDimensionException")
    assert answer.code == 0
    assert "the listing has no such dimension" in answer.out


def test_each_repair_is_shown_first_then_done_and_audited(acting: Acting, buyer: Buyer, repair: Ops) -> None:
    """With the rights of operator-repair; retry, carry, write-off and release need lines that take a day to fail, so
    they are refused here, by name and not for want of a right."""
    key, event = buyer.customer_identifier, acting.event(buyer, quantity=3)
    acting.record(event)
    hour = short_hour(int(from_iso(acting.hour)))
    why = ("--apply", "--why", "tried on the local cloud", "--json")
    for arguments in (["pause", key], ["resume", key], ["void", f"{key}/{event['id']}"], ["redrive", "refused"]):
        before = acting.stored()
        assert repair(*arguments, "--json").json["applied"] is False
        assert acting.stored() == before, "a preview writes nothing"
        told = repair(*arguments, *why).json
        assert told["applied"] is True
        assert told["audit"]["subject"] == ("#stage" if arguments[0] == "redrive" else key)
    trail = repair("actions", key, "--json").json["actions"]
    assert [action["command"] for action in trail[:3]] == ["void", "resume", "pause"]
    assert {action["who"].rsplit("/")[-1] for action in trail} == {"ana"}
    refused = repair("carry", f"{key}/{hour}/{DIMENSION}", *why)
    assert refused.code == 2
    assert "not sealed yet" in refused.err


def test_whoever_repairs_sees_as_much(acting: Acting, buyer: Buyer, repair: Ops, hour: str) -> None:
    event = acting.event(buyer)
    acting.record(event)
    key = buyer.customer_identifier
    for arguments in (["status"], ["pending"], ["failed"], ["findings"], ["explain", f"{hour}/api_calls"]):
        assert repair(*arguments, "--json").json
    assert repair("explain", f"{key}/{event['id']}", "--json").json["line"].startswith(key)


def test_each_queue_of_failed_messages_is_sent_again(acting: Acting, buyer: Buyer, repair: Ops) -> None:
    """A message to each, and one that nobody can read to those of usage: it stays."""
    sqs, product, key = acting.stage.cloud.seller.client("sqs"), acting.stage.product_code, buyer.customer_identifier
    sent = json.dumps({"events": [acting.event(buyer)]})
    ours = tried_again(sent, acting.now, "AIDAEXAMPLE")
    refused = {"refusals": [{"id": "x", "reason": "unknown_customer"}], "refusedAt": iso(acting.now - 60)}
    bodies = {
        "usage": sent,
        "waiting": ours,
        "refused": json.dumps({**json.loads(ours), **refused}),
        "subscription": _enveloped(notices.subscription_notice("subscribe-success", key, product), acting),
        "entitlement": _enveloped(notices.entitlement_notice(key, product), acting),
        "changes": _changed(acting, key),
        "webhooks": json.dumps({"id": f"{key}:0:SubscriptionChanged", "name": "SubscriptionChanged"}),
        "engines": sent,
    }
    assert set(bodies) == set(WAYS) - {"access-logs"}, "which this stage does not have"
    for name, body in bodies.items():
        way = WAYS[name]
        url = acting.stage.outputs[f"YawlMetering-local-{way.stack}"][way.source]
        unreadable = ["nobody can read this"] if way.kind != "other" else []
        sqs.purge_queue(QueueUrl=url)
        for number, text in enumerate((body, *unreadable)):
            fifo: Any = (
                {"MessageGroupId": key, "MessageDeduplicationId": f"{name}-{number}"} if url.endswith(".fifo") else {}
            )
            sqs.send_message(QueueUrl=url, MessageBody=text, **fifo)
        said = repair("redrive", name, "--apply", "--why", "tried on the local cloud", "--json").json["said"]
        assert said[0] == "1 messages were sent again"
        assert len(said) == 1 + len(unreadable)
        left = sqs.receive_message(QueueUrl=url).get("Messages", [])
        assert [message["Body"] for message in left] == unreadable
        sqs.purge_queue(QueueUrl=url)


def _changed(acting: Acting, key: str) -> str:
    """A change of the subscriber that changed nothing, as the queue of changes has it."""
    table = acting.stage.dynamodb.Table(acting.stage.table_name(tables.SUBSCRIBERS))
    item = table.get_item(Key={"customerIdentifier": key})["Item"]
    image = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    return json.dumps({"changedAt": acting.now, "old": image, "new": image})


def _enveloped(notice: Any, acting: Acting) -> str:
    topic = notices.subscription_topic(acting.stage.product_code)
    return json.dumps(notices.sns_envelope(notice, topic, message_id=str(uuid.uuid4()), at=acting.now))


def test_a_month_is_shown_exported_and_closed(
    acting: Acting, buyer: Buyer, ops: Ops, repair: Ops, hour: str, tmp_path: Path
) -> None:
    key, running = buyer.customer_identifier, month_of(acting.now)
    draft = ops("close", running, "--draft", "--out", str(tmp_path), "--json").json
    assert draft["customers"][key][DIMENSION]["billed"] != "0"
    assert hour in draft["unfinished"], "its refused line waits"
    assert len(draft["files"]) == 2
    assert "is not over before" in repair("close", running, "--json").err

    assert ops("export", "lines", "--month", running, "--customer", key, "--out", str(tmp_path / "lines")).code == 0
    lines = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
    assert {line["outcome"] for line in lines} == {"billed", "waiting"}
    assert ops("export", "records", "--month", running, "--format", "csv", "--out", "-").out.startswith("customer")
    assert "AccessDenied" in ops("export", "events", "--month", running, "--customer", key, "--out", "-").err

    before = month_of(acting.now - 40 * 86400)
    assert repair("close", before, "--json").json["applied"] is False
    assert repair("close", before, "--apply", "--why", "tried on the local cloud", "--json").json["applied"] is True
    closed = ops("close", before, "--json").json
    assert (closed["state"], closed["changed"]) == ("closed", [])


def test_a_file_of_usage_is_shown_then_recorded_once(
    acting: Acting, buyer: Buyer, stage: LocalStage, tmp_path: Path
) -> None:
    """The sender's rights come from a profile of their own: no operator's role may report usage."""
    sender = stage.usage_sender.get_credentials()
    assert sender is not None
    profile = f"[sender]\naws_access_key_id = {sender.access_key}\naws_secret_access_key = {sender.secret_key}\n"
    (tmp_path / "credentials").write_text(profile)
    environment = as_operator(stage, "OperatorRepair") | {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    row = f"{buyer.customer_identifier},{DIMENSION},1,{iso(acting.now)}\n"
    file = tmp_path / "usage.csv"
    file.write_text(f"customerIdentifier,dimension,quantity,occurredAt\n{row}{row}")
    before = acting.stored()
    told = program(environment, "import", str(file), "--json").json
    assert told["change"]["foreseen"] == {"recorded": 2}
    assert acting.stored() == before, "a preview writes nothing"
    why = ("--sender", "sender", "--api", stage.api.url, "--apply", "--why", "tried on the local cloud", "--json")
    assert program(environment, "import", str(file), *why).json["said"] == ["2 rows: recorded"]
    assert program(environment, "import", str(file), *why).json["said"] == ["2 rows: duplicate"]


def test_the_tools_of_mcp_answer_a_client_on_standard_input_and_output(
    acting: Acting, buyer: Buyer, reader: dict[str, str]
) -> None:
    async def talk() -> tuple[set[str], Any, Any]:
        command = StdioServerParameters(command=str(ROOT / "bin" / "ops"), args=["mcp", "--stage", "local"], env=reader)
        async with Client(command, read_timeout_seconds=60) as client:
            listed = {tool.name for tool in (await client.list_tools()).tools}
            good = await client.call_tool("customer", {"customer": buyer.customer_identifier})
            return listed, good, await client.call_tool("customer", {"customer": "not a key"})

    listed, good, bad = event_loop.run(talk)
    # Nothing that changes anything, without --allow-changes.
    assert listed == {command.name for command in READING if command.over_mcp}
    assert json.loads(good.content[0].text)["status"] == "active"
    assert bad.is_error
    assert "no billing key" in bad.content[0].text


def test_answers_for_people_end_with_what_can_be_done(ops: Ops, hour: str) -> None:
    for arguments in (["status"], ["hour", hour]):
        told = ops(*arguments)
        assert told.code in (0, 1), told.err
        assert "\nnext\n" in told.out


def test_what_is_wrong_is_refused_in_one_line(ops: Ops, reader: dict[str, str]) -> None:
    for arguments, says in (
        (["hour", "nobody"], "names no hour"),
        (["explain", "nonsense"], "docs/errors.md"),
    ):
        told = ops(*arguments)
        assert (told.code, told.out) == (2, "")
        assert says in told.err
        assert told.err.count("\n") == 1
    stranger = {**reader, "AWS_SECRET_ACCESS_KEY": "wrong", "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}
    assert program(stranger, "status").code == 2


def test_operator_read_can_change_nothing_and_read_no_queue(stage: LocalStage, reader: dict[str, str]) -> None:
    session = LocalSession(
        stage.cloud.endpoint, stage.cloud.region, reader["AWS_ACCESS_KEY_ID"], reader["AWS_SECRET_ACCESS_KEY"]
    )
    session._session.set_credentials(
        reader["AWS_ACCESS_KEY_ID"], reader["AWS_SECRET_ACCESS_KEY"], reader["AWS_SESSION_TOKEN"]
    )
    refused = stage.outputs["YawlMetering-local-Doors"]["RefusedUsageQueueUrl"]
    tried: list[Callable[[], Any]] = [
        lambda: session.client("sqs").receive_message(QueueUrl=refused),
        lambda: session.client("dynamodb").scan(TableName=stage.table_name(tables.SUBSCRIBERS)),
    ]
    for table in tables.ALL_TABLES:
        name, key = stage.table_name(table), {k.name: {"N": "1"} if k.type == "N" else {"S": "x"} for k in _keys(table)}
        client = session.client("dynamodb")
        tried += [
            lambda client=client, name=name, key=key: client.put_item(TableName=name, Item=key),  # type: ignore[misc]
            lambda client=client, name=name, key=key: client.delete_item(TableName=name, Key=key),  # type: ignore[misc]
        ]
    for attempt in tried:
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()


def _keys(table: tables.Table) -> list[tables.Key]:
    return [key for key in (table.hash, table.range) if key]


def test_each_reading_command_was_run() -> None:
    """A new command belongs into these tests."""
    tried = ["status", "pending", "customer", "hour", "failed", "explain", "backlog", "usage", "findings", "actions"]
    # No operator's role may read contact data.
    assert [command.name for command in READING] == [*tried, "pauses", "export", "export-buyer"]


def test_a_line_that_nobody_took_within_a_day_is_carried(acting: Acting, buyer: Buyer, hour: str, repair: Ops) -> None:
    """The file's last test: it moves the clock over the deadline of all that others left."""
    acting.pass_minutes(25 * 60)
    acting.meter_at_once()
    told = repair("carry", f"{hour}/api_calls", "--apply", "--why", "tried on the local cloud", "--json").json
    assert told["applied"] is True
    (last, *_) = repair("actions", buyer.customer_identifier, "--json").json["actions"]
    assert last["command"] == "carry"
