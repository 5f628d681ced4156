"""Faults on demand that last, or touch single records and answers; over HTTP and in process."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.marketplace_local.market import HOUR, NOW, Market, record


@pytest.fixture
def market(either_market: Market) -> Market:
    return either_market


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
