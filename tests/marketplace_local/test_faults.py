"""Faults on demand, over HTTP and in process."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from marketplace_local.admin import AdminRefused
from marketplace_local.errors import AdminError
from tests.marketplace_local.market import PRODUCT, Market, record


@pytest.fixture
def market(either_market: Market) -> Market:
    return either_market


def test_the_quota_counts_real_time_not_the_simulated_clock(market: Market) -> None:
    one = record(market.buyer())
    market.ticks.step = 0.0
    for _ in range(10):
        market.send(one)
    market.clock.moment = market.clock.moment.replace(hour=20)
    with pytest.raises(market.metering.exceptions.ThrottlingException):
        market.send(one)


def test_throttle(market: Market) -> None:
    one = record(market.buyer())
    market.admin.arm("throttle", times=2)
    for _ in range(2):
        with pytest.raises(market.metering.exceptions.ThrottlingException):
            market.send(one)
    assert market.statuses(one) == ["Success"]
    assert market.admin.faults() == []


def test_server_error(market: Market) -> None:
    """botocore model, InternalServiceErrorException; nothing was processed."""
    one = record(market.buyer())
    market.admin.arm("server-error")
    with pytest.raises(market.metering.exceptions.InternalServiceErrorException) as refusal:
        market.send(one)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert list(market.admin.accepted()) == []
    assert market.statuses(one) == ["Success"]


def test_lost_answer(market: Market) -> None:
    """The work is done, the answer is lost: the resend finds it on file."""
    one = record(market.buyer())
    market.admin.arm("lost-answer")
    with pytest.raises(ConnectionClosedError):
        market.send(one)
    assert [line["quantity"] for line in market.admin.accepted()] == ["5"]
    assert [call["lost"] for call in market.admin.calls()] == [True]
    assert market.statuses(one) == ["Success"]
    assert market.admin.summary()["identical"] == 1


def test_slow(market: Market) -> None:
    one = record(market.buyer())
    market.admin.arm("slow", seconds=0.3)
    began = time.monotonic()
    assert market.statuses(one) == ["Success"]
    assert time.monotonic() - began >= 0.3


def test_unprocessed(market: Market) -> None:
    """botocore model, BatchMeterUsageResult.UnprocessedRecords: bare records, to be sent again."""
    buyer = market.buyer()
    records = [record(buyer), record(buyer, dimension="gb")]
    market.admin.arm("unprocessed", times=1)
    answer = market.send(*records)
    assert [entry["Dimension"] for entry in answer["UnprocessedRecords"]] == ["runs"]
    assert [result["UsageRecord"]["Dimension"] for result in answer["Results"]] == ["gb"]
    assert market.statuses(*answer["UnprocessedRecords"]) == ["Success"]
    assert market.admin.summary()["unprocessed"] == 1


@pytest.mark.parametrize("error", ["AccessDeniedException", "DisabledApiException", "InvalidProductCodeException"])
def test_fault_of_the_whole_product(market: Market, error: str) -> None:
    """It stays until it is disarmed, and touches that product only."""
    market.product("prod-code-2")
    buyer, other = market.buyer(), market.buyer(code="prod-code-2")
    market.admin.arm("error", error=error, productCode=PRODUCT)
    for _ in range(2):
        with pytest.raises(ClientError) as refusal:
            market.send(record(buyer))
        assert refusal.value.response["Error"]["Code"] == error
    assert market.statuses(record(other)) == ["Success"]
    market.admin.clear_faults()
    assert market.statuses(record(buyer)) == ["Success"]


def test_fault_of_everything(market: Market) -> None:
    buyer = market.buyer()
    market.admin.arm("error", error="UnrecognizedClientException", times=1)
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        market.send(record(buyer))
    assert market.statuses(record(buyer)) == ["Success"]


def test_poison_rejects_the_batch_that_holds_it(market: Market) -> None:
    good, bad = market.buyer(), market.buyer()
    market.admin.arm("error", error="InvalidLicenseException", buyer=bad["id"], dimension="gb")
    with pytest.raises(market.metering.exceptions.InvalidLicenseException):
        market.send(record(good), record(bad, dimension="gb"))
    assert list(market.admin.accepted()) == []
    assert market.statuses(record(good), record(bad)) == ["Success", "Success"]


def test_a_buyer_answered_with_a_status_of_choice(market: Market) -> None:
    """botocore model, UsageRecordResult: a suspended account is CustomerNotSubscribed."""
    good, bad = market.buyer(), market.buyer()
    market.admin.arm("status", buyer=bad["id"], status="CustomerNotSubscribed")
    assert market.statuses(record(good), record(bad)) == ["Success", "CustomerNotSubscribed"]
    market.admin.clear_faults()
    assert market.statuses(record(bad)) == ["Success"]


def test_faults_of_the_other_operations(market: Market) -> None:
    token = market.buyer()["token"]
    market.admin.arm("throttle", operation="ResolveCustomer")
    market.admin.arm("server-error", operation="GetEntitlements")
    with pytest.raises(market.metering.exceptions.ThrottlingException):
        market.metering.resolve_customer(RegistrationToken=token)
    with pytest.raises(market.entitlement.exceptions.InternalServiceErrorException):
        market.entitlement.get_entitlements(ProductCode=PRODUCT)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("sabotage", {}),
        ("throttle", {"times": 0}),
        ("throttle", {"times": "1"}),
        ("throttle", {"operation": "MeterUsage"}),
        ("throttle", {"colour": "red"}),
        ("slow", {"seconds": 61}),
        ("error", {}),
        ("throttle", {"until": "soon"}),
        ("throttle", {"until": "2026-11-15T12:00:00"}),
        ("throttle", {"productCode": PRODUCT}),
        ("reordered", {"buyer": "l-1"}),
        ("unprocessed", {"operation": "ResolveCustomer"}),
        ("status", {"buyer": "l-1", "status": "Fine"}),
        ("status", {"status": "Success"}),
    ],
)
def test_a_fault_that_does_not_exist(market: Market, kind: str, fault: dict[str, Any]) -> None:
    with pytest.raises((AdminRefused, AdminError)):
        market.admin.arm(kind, **fault)
    assert market.admin.faults() == []
