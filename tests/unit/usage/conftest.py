"""The functions of usage, made from an environment as the stack gives it, on tables and queues in memory.

It is half past eight, and two customers are active.
"""

import json
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from ledger import tables
from local.dynamodb.store import MemoryDynamoDB
from marketplace.dimensions import Dimension
from runtime import aws, clock
from runtime.clock import from_iso
from tests.contracts.stores import Ledger
from tests.products import sold
from usage.handlers import usage, usage_queue
from usage.reporters import Reporter
from usage.reporters import to_json as reporters_to_json

NOW = "2026-11-15T08:30:00Z"
HOUR = int(from_iso("2026-11-15T08:00:00Z"))
CUSTOMERS = ("customer-1", "customer-2")
DIMENSIONS = {
    "executions": Dimension(name="executions", unit="execution"),
    "users": Dimension(name="users", unit="user", aggregation="distinct"),
}
QUEUES = "https://sqs.us-east-1.amazonaws.com/111122223333/"
FUNCTIONS = (usage.settings, usage.stores, usage.reporters, usage.products, usage_queue.settings, usage_queue.drain)


class Queues:
    """botocore's client of SQS, as far as the functions use it: the bodies in the waiting and the refused queue."""

    def __init__(self) -> None:
        self.bodies: dict[str, list[str]] = {f"{QUEUES}waiting": [], f"{QUEUES}refused": []}
        self.traces: list[str] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str, **more: Any) -> None:
        if QueueUrl not in self.bodies:
            code = "AWS.SimpleQueueService.NonExistentQueue"
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "SendMessage")
        self.bodies[QueueUrl].append(MessageBody)
        if more:
            self.traces.append(more["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"])

    def take(self, name: str) -> list[dict[str, Any]]:
        """The bodies in a queue, which leave it."""
        taken, self.bodies[f"{QUEUES}{name}"] = self.bodies[f"{QUEUES}{name}"], []
        return [json.loads(body) for body in taken]


class Environment:
    """Sets the functions' variables; they read them anew."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)
        for function in FUNCTIONS:
            function.cache_clear()

    def set_reporters(self, *reporters: Reporter) -> None:
        self.set(REPORTERS=reporters_to_json(reporters))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    found = Environment(monkeypatch)
    found.set(
        SUBSCRIBERS_TABLE=tables.SUBSCRIBERS.name,
        USAGE_EVENTS_TABLE=tables.USAGE_EVENTS.name,
        METERING_RECORDS_TABLE=tables.METERING_RECORDS.name,
        PRODUCTS=sold(DIMENSIONS).to_json(),
        PENDING_SHARDS="1",
        REPORTERS="[]",
        WAITING_USAGE_QUEUE_URL=f"{QUEUES}waiting",
        REFUSED_USAGE_QUEUE_URL=f"{QUEUES}refused",
        ENGINE_USAGE_QUEUE_ARN="",
    )
    monkeypatch.setattr(clock, "now", lambda: from_iso(NOW))
    return found


@pytest.fixture(autouse=True)
def queues(monkeypatch: pytest.MonkeyPatch) -> Queues:
    found = Queues()
    monkeypatch.setattr(aws, "client", lambda _service: found)
    return found


@pytest.fixture
def ledger(dynamodb: MemoryDynamoDB) -> Ledger:
    found = Ledger(cast(Any, dynamodb))
    for customer in CUSTOMERS:
        activate(found, customer)
    return found


def activate(ledger: Ledger, customer: str) -> None:
    """The customer is active since yesterday."""
    ledger.subscriber_items.put_item(
        Item={
            "customerIdentifier": customer,
            "subscriptionStatus": "active",
            "activePeriods": [{"start": HOUR - 86400}],
        }
    )
