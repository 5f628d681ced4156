"""Faults on demand, over HTTP and in process."""

import time
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from local.marketplace.admin import AdminRefused
from local.marketplace.errors import AdminError
from tests.local.marketplace.market import HOUR, NOW, PRODUCT, Market, record


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


def three(market: Market) -> list[dict[str, Any]]:
    """Records of three hours of one buyer, with quantities of their own."""
    buyer = market.buyer()
    return [record(buyer, HOUR - timedelta(hours=back), Quantity=back + 1) for back in range(3)]


def named(answer: dict[str, Any]) -> list[int]:
    """The quantities of the records that the answer's results name."""
    return [result["UsageRecord"]["Quantity"] for result in answer["Results"]]


def test_a_throttled_hour(market: Market) -> None:
    """``until``: by the Marketplace's clock, to the second."""
    (one, *_) = three(market)
    market.admin.arm("throttle", until="2026-11-15T13:30:00Z")
    for moment in (NOW, NOW + timedelta(minutes=59, seconds=59)):
        market.clock.moment = moment
        with pytest.raises(market.metering.exceptions.ThrottlingException):
            market.send(one)
    assert [fault["until"] for fault in market.admin.faults()] == ["2026-11-15T13:30:00Z"]
    market.clock.moment = NOW + timedelta(hours=1)
    assert market.statuses(one) == ["Success"]
    assert market.admin.faults() == []


def test_until_and_times_together(market: Market) -> None:
    (one, *_) = three(market)
    market.admin.arm("server-error", times=1, until="2026-11-15T13:30:00Z")
    with pytest.raises(market.metering.exceptions.InternalServiceErrorException):
        market.send(one)
    assert market.statuses(one) == ["Success"]


def test_partial_unprocessed(market: Market) -> None:
    """botocore model, BatchMeterUsageResult: Results and UnprocessedRecords share out the request."""
    sent = three(market)
    market.admin.arm("partial-unprocessed")
    answer = market.send(*sent)
    assert answer["UnprocessedRecords"] == [sent[0], sent[2]]
    assert named(answer) == [2]
    assert market.quantities() == ["2"]
    assert market.statuses(*answer["UnprocessedRecords"]) == ["Success", "Success"]


def test_unprocessed_records_of_one_buyer_and_dimension(market: Market) -> None:
    good, bad = market.buyer(), market.buyer()
    market.admin.arm("unprocessed", times=9, buyer=bad["id"], dimension="gb")
    answer = market.send(record(good), record(good, dimension="gb"), record(bad), record(bad, dimension="gb"))
    assert answer["UnprocessedRecords"] == [record(bad, dimension="gb")]


def test_an_answer_in_another_order(market: Market) -> None:
    """No source promises the request's order."""
    sent = three(market)
    market.admin.arm("reordered")
    assert named(market.send(*sent)) == [3, 2, 1]
    assert named(market.send(*sent)) == [1, 2, 3]
    assert market.quantities() == ["1", "2", "3"]


def test_an_answer_that_omits_records(market: Market) -> None:
    """They are on file: a resend finds them."""
    sent = three(market)
    market.admin.arm("omitted")
    answer = market.send(*sent)
    assert (named(answer), answer["UnprocessedRecords"]) == ([2], [])
    assert market.quantities() == ["1", "2", "3"]
    assert named(market.send(*sent)) == [1, 2, 3]
    assert market.admin.summary()["identical"] == 3


@pytest.mark.parametrize(
    ("options", "error"),
    [({}, "InternalServiceErrorException"), ({"error": "ServiceUnavailableException"}, "ServiceUnavailableException")],
)
def test_a_server_error_after_the_work_was_done(market: Market, options: dict[str, str], error: str) -> None:
    sent = three(market)
    market.admin.arm("late-error", **options)
    with pytest.raises(ClientError, match=error) as refusal:
        market.send(*sent)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert market.quantities() == ["1", "2", "3"]
    (call,) = market.admin.calls()
    assert (call["lost"], call["faults"], len(call["results"])) == (True, ["late-error"], 3)
    assert market.statuses(*sent) == ["Success"] * 3


def test_a_late_error_leaves_a_refusal_as_it_is(market: Market) -> None:
    market.admin.arm("late-error")
    market.refused("InvalidUsageDimensionException", record(market.buyer(), dimension="other"))
