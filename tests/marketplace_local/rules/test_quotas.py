"""Quotas of calls a second."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from marketplace_local import api, metering
from marketplace_local.call_log import Call
from marketplace_local.call_rate import CallRate
from tests.marketplace_local.market import Market, record
from tests.marketplace_local.rules.rule import rule, without


def _throttled(market: Market, call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ThrottlingException"
        return True
    return False


def _batches(market: Market, region: str = "us-east-1") -> Callable[[], Any]:
    one = record(market.buyer())
    client = market.metering_in(region)
    return lambda: client.batch_meter_usage(UsageRecords=[one])


@rule("T01", without("call_rate:QUOTA", {}))
def test_ten_batches_a_second(market: Market) -> None:
    call = _batches(market)
    market.ticks.step = 0.0
    for _ in range(2):
        assert [_throttled(market, call) for _ in range(12)] == [False] * 10 + [True] * 2
        market.ticks.reading += 1.0
    assert market.admin.summary()["unprocessed"] == 4


def _by_the_clocks_face(rate: CallRate, operation: str, region: str) -> bool:
    taken, now = rate._taken[operation, region], int(rate._monotonic())
    taken.append(now)
    return taken.count(now) <= rate.quotas.get(operation, 10**9)


@rule("T02", without("call_rate:CallRate.take", _by_the_clocks_face))
def test_the_quota_counts_any_second(market: Market) -> None:
    call = _batches(market)
    market.ticks.step, market.ticks.reading = 0.0, 100.9
    assert [_throttled(market, call) for _ in range(10)] == [False] * 10
    market.ticks.reading = 101.8
    assert _throttled(market, call)
    market.ticks.reading = 101.9
    assert not _throttled(market, call)


_take = CallRate.take


@rule("T03", without("call_rate:CallRate.take", lambda rate, operation, region: _take(rate, operation, "all")))
def test_regions_have_quotas_of_their_own(market: Market) -> None:
    here, there = _batches(market), _batches(market, "eu-west-1")
    market.ticks.step = 0.0
    assert [_throttled(market, here) for _ in range(11)] == [False] * 10 + [True]
    assert [_throttled(market, there) for _ in range(11)] == [False] * 10 + [True]


def _work_first(state: Any, operation: str, region: str, body: Any, faults: Any) -> None:
    metering.batch_meter_usage(state, body, 0, Call(0, "", operation, region), faults)
    _refuse_whole_service(state, operation, region, body, faults)


_refuse_whole_service = api._refuse_whole_service


@rule("T04", without("api:_refuse_whole_service", _work_first))
def test_a_throttled_call_does_nothing(market: Market) -> None:
    one = record(market.buyer())
    market.admin.arm("throttle")
    with pytest.raises(market.metering.exceptions.ThrottlingException) as refusal:
        market.send(one, record(market.buyer(), dimension="gb"))
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert market.quantities() == []
    assert market.admin.summary()["unprocessed"] == 2
    assert market.statuses(one) == ["Success"]


@rule("T05", without("call_rate:QUOTA", {"GetEntitlements": 10.0}))
def test_twenty_calls_of_get_entitlements_a_second(market: Market) -> None:
    client = market.entitlement
    market.ticks.step = 0.0
    asked = [_throttled(market, lambda: client.get_entitlements(ProductCode="prod-code-1")) for _ in range(22)]
    assert asked == [False] * 20 + [True] * 2
