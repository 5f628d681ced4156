"""The three entry points over the local Marketplace: what they compare, and what they count."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest

from ledger import tables
from local.dynamodb.declared_tables import TABLE_SETTINGS
from local.dynamodb.store import MemoryDynamoDB
from marketplace.metering_calls import MeteringCalls
from marketplace.seller import Seller
from marketplace_local.in_process import AgreementClient, TrailClient
from marketplace_local.state import MarketplaceState
from runtime import clock
from tests.products import sold
from tests.scenarios.books import FeedBucket
from tests.unit.emitted import emitted

NOW = 1_795_000_000.0
SETTINGS = {
    **TABLE_SETTINGS,
    **dict.fromkeys(("SELLER_ROLE_ARN", "EXTERNAL_ID", "METERING_CALLERS", "DATASET_PREFIX"), ""),
    "AUDIT_TABLE": tables.AUDIT.name,
    "PRODUCT_CODE": "product",
    "METERING_REGION": "us-east-1",
    "DATASET_BUCKET": "feeds",
    "PRODUCTS": sold().to_json(),
    "CURRENCY": "USD",
}


@dataclass
class Context:
    """What Lambda's context tells a handler."""

    milliseconds: int = 600_000
    function_name: str = "f"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn"
    aws_request_id: str = "id"

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


Call = Callable[..., dict[str, Any]]


@pytest.fixture
def call(dynamodb: MemoryDynamoDB, monkeypatch: pytest.MonkeyPatch) -> Call:
    state = MarketplaceState(now=lambda: NOW)
    state.rate.quotas["LookupEvents"] = 0.0
    clients: dict[str, Any] = {
        "cloudtrail": TrailClient(state),
        "marketplace-agreement": AgreementClient(state),
        "s3": FeedBucket(dict),
    }
    monkeypatch.setattr(Seller, "client", lambda self, service, region, config: clients[service])
    monkeypatch.setattr(MeteringCalls.__init__, "__defaults__", (lambda _: None,))
    monkeypatch.setattr(clock, "now", lambda: NOW)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)

    def called(name: str, context: Context | None = None) -> dict[str, Any]:
        module = import_module(f"reconcile.handlers.{name}")
        module.assembled.cache_clear()
        found: dict[str, Any] = module.handler({}, context or Context())
        return found

    return called


@pytest.mark.parametrize("name", ["reconcile_calls", "reconcile_usage", "reconcile_invoices"])
def test_an_idle_account_has_no_findings(call: Call, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = call(name)
    assert (answer["found"], answer["open"], answer["lost"]) == ({}, 0, 0)
    metrics = emitted(capsys)
    assert metrics["ReconciliationAgeSeconds"] == 0 and metrics["Findings"] == 0 and metrics["LinesLost"] == 0


def test_calls_compares_the_hour_that_is_due_and_goes_on(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("reconcile_calls")["compared"] == 1
    assert call("reconcile_calls")["compared"] == 0
    monkeypatch.setattr(clock, "now", lambda: NOW + 2 * 3600)
    assert call("reconcile_calls")["compared"] == 2


def test_usage_and_invoices_wait_until_their_day_and_month_are_known(call: Call) -> None:
    assert call("reconcile_usage")["compared"] == call("reconcile_invoices")["compared"] == 0


def test_without_time_nothing_is_done_and_the_age_grows(
    call: Call, monkeypatch: pytest.MonkeyPatch, dynamodb: MemoryDynamoDB, capsys: pytest.CaptureFixture[str]
) -> None:
    dynamodb.Table(tables.SUBSCRIBERS.name).put_item(
        Item={"customerIdentifier": "c", "subscriptionStatus": "active", "integration": "license"}
    )
    call("reconcile_calls")
    capsys.readouterr()
    monkeypatch.setattr(clock, "now", lambda: NOW + 27 * 3600)
    assert call("reconcile_calls", Context(milliseconds=59_000))["compared"] == 0
    assert emitted(capsys)["ReconciliationAgeSeconds"] == 27 * 3600
