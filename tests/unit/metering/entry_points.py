"""The environment in which the states' entry points are called on moto, and the metrics that they emit."""

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest

from ledger import tables
from marketplace.dimensions import Dimension, to_json
from metering import handlers
from runtime.clock import OFFSET_VARIABLE
from tests.contracts.stores import CUSTOMER, HOUR, NOW, Ledger
from tests.unit.messages import Context

KEY = f"{CUSTOMER}|{HOUR}"
CONTEXT: Any = Context()
CALLS = Dimension(name="api_calls", unit="call", scale=1000, price=Decimal("0.25"))


def prepared(made: Ledger, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Ledger:
    """The functions' environment, and one active customer."""
    environment = {
        OFFSET_VARIABLE: str(folder / "offset"),
        "AWS_DEFAULT_REGION": "us-east-1",
        "SELLER_ROLE_ARN": "",
        "EXTERNAL_ID": "",
        "SUBSCRIBERS_TABLE": tables.SUBSCRIBERS.name,
        "METERING_RECORDS_TABLE": tables.METERING_RECORDS.name,
        "USAGE_EVENTS_TABLE": tables.USAGE_EVENTS.name,
        "STATE_TABLE": tables.STATE.name,
        "DIMENSIONS": to_json({"api_calls": CALLS}),
        "TIERS": "[]",
        "PRODUCT_CODE": "product",
        "PRICING_MODEL": "subscription",
        "SEAL_DELAY_MINUTES": "10",
        "HOURLY_ZEROS": "off",
        "PENDING_SHARDS": "1",
        "METERING_MODE": "live",
        "TEST_BUYERS": "",
        "FAILED_LINES_QUEUE_URL": boto3.client("sqs").create_queue(QueueName="failed-lines")["QueueUrl"],
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    handlers.dynamodb.cache_clear()
    handlers.sealer.cache_clear()
    handlers.sqs.cache_clear()
    handlers.zero_records.cache_clear()
    made.clear()
    subscribe(made, CUSTOMER)
    at(folder, NOW)
    return made


def subscribe(ledger: Ledger, customer: str) -> None:
    item = {"customerIdentifier": customer, "subscriptionStatus": "active", "activePeriods": [{"start": HOUR - 9}]}
    ledger.subscriber_items.put_item(Item=item)


def at(folder: Path, moment: float) -> None:
    (folder / "offset").write_text(str(moment - time.time()), encoding="ascii")


def emitted(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines from which CloudWatch takes metrics (embedded metric format), since the last look."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
