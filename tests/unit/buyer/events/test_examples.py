"""The documentation's consumers: they take what this project sends, once, in order, and from nobody else."""

import importlib.util
import itertools
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from buyer.webhook.post import Receiver, WebhookRefused, WebhookUnanswered
from buyer.webhook.signature import headers
from tests.unit.buyer.events.rows import Row, active, ended, row, told

EXAMPLES = Path(__file__).resolve().parents[4] / "docs" / "examples"
SECRET = "whsec_" + "aB3" * 21 + "z"
OTHER = "whsec_" + "bC4" * 21 + "y"
NOW = 1_794_734_400


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RECEIVER = example("webhook_receiver")
CONSUMER = example("eventbridge_consumer")
EVENT = json.dumps({"id": "l-1:7:AccessRevoked", "type": "AccessRevoked"}).encode()


def signed(*secrets: str, body: bytes = EVENT, at: int = NOW) -> dict[str, str]:
    return headers(event_id="l-1:7:AccessRevoked", timestamp=at, body=body, secrets=secrets or (SECRET,))


# --- the receiver of webhooks -----------------------------------------------------------------------------------------


@contextmanager
def receiving(keep: Any) -> Iterator[str]:
    with RECEIVER.server(0, secrets=[SECRET], keep=keep, now=lambda: NOW) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


def test_the_receiver_takes_what_we_send() -> None:
    kept: list[Any] = []
    with receiving(kept.append) as url:
        Receiver(url, public_only=False).post(EVENT, signed())
        Receiver(url, public_only=False).post(EVENT, signed(OTHER, SECRET))
    assert kept == [json.loads(EVENT)] * 2


def test_the_receiver_takes_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    kept: list[Any] = []
    with receiving(kept.append) as url:
        for sent in ({}, signed(OTHER), signed(body=b"{}"), signed(at=NOW - 301)):
            with pytest.raises(WebhookRefused, match="401"):
                Receiver(url, public_only=False).post(EVENT, sent)
        with pytest.raises(WebhookRefused, match="413"):
            Receiver(url, public_only=False).post(b"", signed())
    assert kept == []


def test_what_the_receiver_could_not_keep_comes_again() -> None:
    def keep(_event: Any) -> None:
        raise ConnectionError

    with receiving(keep) as url, pytest.raises(WebhookUnanswered, match="503"):
        Receiver(url, public_only=False).post(EVENT, signed())


@pytest.mark.parametrize("age", [-300, 0, 300])
def test_a_webhook_is_taken_for_five_minutes(age: int) -> None:
    assert RECEIVER.verify(signed(at=NOW - age), EVENT, secrets=[OTHER, SECRET], now=NOW) == json.loads(EVENT)


@pytest.mark.parametrize(
    "sent",
    [
        signed(at=NOW - 301),
        signed(at=NOW + 301),
        signed() | {"webhook-id": "another"},
        signed() | {"webhook-timestamp": str(NOW - 1)},
        signed() | {"webhook-timestamp": "now"},
        signed() | {"webhook-signature": signed()["webhook-signature"].replace("v1,", "v2,")},
        signed() | {"webhook-signature": "v1,"},
        {name: value for name, value in signed().items() if name != "webhook-id"},
    ],
)
def test_a_webhook_that_was_touched_or_is_old_is_not_ours(sent: dict[str, str]) -> None:
    with pytest.raises(RECEIVER.NotOurs):
        RECEIVER.verify(sent, EVENT, secrets=[SECRET], now=NOW)


def test_a_get_is_no_webhook() -> None:
    with receiving(print) as url, pytest.raises(urllib.request.HTTPError, match="501"):
        urllib.request.urlopen(url)


# --- the consumer of the bus ------------------------------------------------------------------------------------------


def life() -> list[Row]:
    """The events of a customer's life."""
    rows = [
        row("pending", version=1),
        active(version=2, linkedAccount="acme"),
        active(version=3, linkedAccount="acme", tier="basic"),
        ended("pending_cancellation", version=4, linkedAccount="acme", tier="basic"),
        ended("cancelled", version=5, linkedAccount="acme", tier="basic"),
    ]
    return [event for old, new in itertools.pairwise(rows) for event in told(old, new)]


def after(events: list[Row]) -> Row:
    customer: Row = {"customerIdentifier": "l-1"}
    for event in events:
        customer = CONSUMER.apply(customer, event)
    return customer


def test_the_order_of_arrival_and_repeats_change_nothing() -> None:
    events = [event for event in life() if event["type"] in CONSUMER.ABOUT]
    expected = after(events)
    assert (expected["access"], expected["tier"], expected["account"]) == (False, "basic", "acme")
    assert expected["sendUsageUntil"] == "2026-11-15T10:05:00Z"
    assert len(events) == 4
    for order in itertools.permutations(events):
        assert after([*order, *order]) == expected


def test_access_follows_the_events() -> None:
    events = life()
    activated = next(number for number, event in enumerate(events) if event["type"] == "SubscriptionActivated")
    assert "access" not in after(events[:activated])
    assert after(events[: activated + 1])["access"] is True
    assert after(events[:-1])["access"] is True, "usage of the last hour is still taken"
    assert after(events)["access"] is False


def test_the_function_keeps_each_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOMERS_TABLE", "customers")
    with mock_aws():
        table: Any = boto3.resource("dynamodb").create_table(
            TableName="customers",
            KeySchema=[{"AttributeName": "customerIdentifier", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "customerIdentifier", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for event in [*life(), *life()]:
            CONSUMER.handler({"source": "yawl.marketplace", "detail": event}, None)
        item = table.get_item(Key={"customerIdentifier": "l-1"})["Item"]
    assert (item["access"], item["tier"], item["revision"]) == (False, "basic", 4), "a repeat writes nothing"


class Contended:
    """A table in which another copy is always faster."""

    reads = 0

    def get_item(self, **_: Any) -> Row:
        self.reads += 1
        return {"Item": {"customerIdentifier": "l-1", "revision": self.reads}}

    def put_item(self, **_: Any) -> None:
        raise CONSUMER.ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "PutItem")


def test_a_lost_write_is_tried_again_and_then_raised() -> None:
    table = Contended()
    with pytest.raises(RuntimeError, match="every attempt"):
        CONSUMER.keep(table, life()[0])
    assert table.reads == CONSUMER.ATTEMPTS
