"""The commands that docs/yawl.md gives to people do what it says, on the connector's own items."""

import json
import re
from typing import Any

from ledger import tables
from local.dynamodb.declared_tables import with_tables
from local.dynamodb.store import MemoryDynamoDB
from runtime.metric_names import YawlMetric
from stacks.synth import ROOT
from yawl.state.dynamodb import DynamoDBState
from yawl.state.ports import Anchor, Change, Fault, Message

PAGE = (ROOT / "docs" / "yawl.md").read_text(encoding="utf-8")
NOW = 1_796_040_000.0


def option(name: str) -> str:
    """The only value of an option in the page's commands."""
    (value,) = re.findall(rf"--{name} '(.*?)'", PAGE)
    return str(value)


def plain(item: str) -> dict[str, Any]:
    """DynamoDB's JSON, as its resource takes it."""
    return {name: value["S"] for name, value in json.loads(item).items()}


def test_the_fault_is_removed_and_the_next_reading_goes_on() -> None:
    dynamodb: Any = with_tables(MemoryDynamoDB())
    state = DynamoDBState(dynamodb, tables.ENGINES.name, "engine-7#1", lambda: NOW)
    state.advance(anchor=Anchor("1", 1, 1), floor=7)
    state.stop(Fault("another database", 1))
    dynamodb.Table(tables.ENGINES.name).delete_item(Key=plain(option("key")))
    assert (state.fault(), state.progress().anchor, state.progress().floor) == (None, None, 7)


def test_what_waits_to_be_sent_is_counted() -> None:
    dynamodb: Any = with_tables(MemoryDynamoDB())
    state = DynamoDBState(dynamodb, tables.ENGINES.name, "engine-7#1", lambda: NOW)

    def count() -> int:
        found = dynamodb.Table(tables.ENGINES.name).query(
            KeyConditionExpression=option("key-condition-expression"),
            ExpressionAttributeNames=json.loads(option("expression-attribute-names")),
            ExpressionAttributeValues=plain(option("expression-attribute-values")),
        )
        return len(found["Items"])

    state.advance(floor=7)
    assert count() == 0
    state.commit(Change(messages=(Message("usage", "customer-1", "{}"),)))
    assert count() == 1
    (parcel,) = state.unsent()
    state.sent(parcel)
    assert count() == 0


def test_the_metrics_without_an_alarm_exist() -> None:
    (named,) = re.findall(r"Metrics without an alarm are (.*?)\.\n\n", PAGE, re.DOTALL)
    assert {*re.findall(r"`(\w+)`", named)} <= {*YawlMetric}
