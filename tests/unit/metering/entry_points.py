"""The environment in which the functions' entry points are called, on tables in memory, and the metrics they emit."""

import json
import pkgutil
import time
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.dynamodb.declared_tables import TABLE_SETTINGS
from marketplace.dimensions import Dimension
from metering import handlers
from metering.seal.unusual_settings import UnusualSettings
from runtime.clock import OFFSET_VARIABLE
from tests.contracts.stores import CUSTOMER, HOUR, NOW, Ledger
from tests.products import sold
from tests.unit.messages import Context

KEY = f"{CUSTOMER}|{HOUR}"
CALLS = Dimension(name="api_calls", unit="call", scale=1000, price=Decimal("0.25"))
FAILED_LINES = "https://queues/failed-lines"
SETTINGS = {
    **TABLE_SETTINGS,
    "PRODUCTS": sold({"api_calls": CALLS}).to_json(),
    "SEAL_DELAY_MINUTES": "10",
    "UNUSUAL": UnusualSettings().to_json(),
    "PENDING_SHARDS": "1",
    "METERING_MODE": "live",
    "TEST_BUYERS": "",
    "FAILED_LINES_QUEUE_URL": FAILED_LINES,
    "METERING_REGION": "us-east-1",
    "SELLER_ROLE_ARN": "",
    "EXTERNAL_ID": "",
    "CALLS_PER_SECOND": "10",
    "SUBMIT_CONCURRENCY": "1",
}


def call(function: str, event: dict[str, Any]) -> Any:
    """What a function answers, as it travels: as JSON."""
    return json.loads(json.dumps(import_module(f"metering.handlers.{function}").handler(event, Context())))


def on(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The functions' environment: these tables, these settings, and the clock at ``NOW``."""
    for name, value in {**SETTINGS, OFFSET_VARIABLE: str(folder / "offset")}.items():
        monkeypatch.setenv(name, value)
    for module in pkgutil.iter_modules(handlers.__path__, "metering.handlers."):
        if assembled := getattr(import_module(module.name), "assembled", None):
            assembled.cache_clear()
    monkeypatch.setattr("ledger.dynamodb.connect", lambda: ledger.dynamodb)
    at(folder, NOW)


class Queue:
    """SQS with one queue."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:
        if QueueUrl != FAILED_LINES:
            raise ClientError({"Error": {"Code": "QueueDoesNotExist", "Message": ""}}, "SendMessage")
        self.bodies.append(json.loads(MessageBody))

    def taken(self) -> list[dict[str, Any]]:
        """What lies in the queue; afterwards it is empty."""
        bodies, self.bodies = self.bodies, []
        return bodies


def prepared(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Queue:
    """The hourly functions' environment, with one active customer. Returns the queue of failed lines."""
    on(ledger, monkeypatch, folder)
    subscribe(ledger, CUSTOMER)
    queue = Queue()
    monkeypatch.setattr("runtime.aws.client", lambda _service: queue)
    return queue


def subscribe(ledger: Ledger, customer: str) -> None:
    item = {"customerIdentifier": customer, "subscriptionStatus": "active", "activePeriods": [{"start": HOUR - 9}]}
    ledger.subscriber_items.put_item(Item=item)


def at(folder: Path, moment: float) -> None:
    """Set the functions' clock."""
    (folder / "offset").write_text(str(moment - time.time()), encoding="ascii")


def emitted(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines from which CloudWatch takes metrics (embedded metric format), since the last look."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
