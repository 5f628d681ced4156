"""The clients in process give what boto3 gives, and a seeded state gives it again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from marketplace_local.in_process import InProcessAdmin, MeteringClient
from marketplace_local.state import MarketplaceState
from tests.marketplace_local.market import HOUR, NOW, PRODUCT, Market, Ticks, Transport, record, share, tagged


def everything(market: Market) -> list[Any]:
    """Answers and errors of calls of all kinds, and the whole log."""
    legacy = market.buyer("legacy", entitlements=[{"dimension": "basic_tier", "value": 2}])
    licensed, never = market.buyer(), market.buyer(activated_at=None)
    elsewhere = HOUR.astimezone(timezone(timedelta(hours=5)))
    calls: list[Callable[[], Any]] = [
        lambda: market.send(),
        lambda: market.send(record(legacy), record(legacy, Quantity=6)),
        lambda: market.send(record(licensed, elsewhere), record(never), tagged(licensed, share(5), dimension="gb")),
        lambda: market.send(record(licensed, HOUR.replace(microsecond=999_999))),
        lambda: market.send(record(licensed, QuantityAsDecimal="1.50", dimension="gb")),
        lambda: market.send(record(licensed, dimension="other")),
        lambda: market.send(record(licensed, QuantityAsDecimal="x")),
        lambda: market.send(record(licensed, NOW - timedelta(days=2))),
        lambda: market.metering.resolve_customer(RegistrationToken="nobody's"),
        lambda: market.metering.resolve_customer(RegistrationToken=market.admin.new_token(licensed["id"])),
        lambda: market.entitlement.get_entitlements(ProductCode=PRODUCT),
        lambda: market.entitlement.get_entitlements(ProductCode="none"),
        lambda: market.metering_in("ca-west-1").batch_meter_usage(UsageRecords=[]),
    ]
    seen: list[Any] = []
    for call in calls:
        try:
            answer = call()
            seen.append({name: value for name, value in answer.items() if name != "ResponseMetadata"})
        except ClientError as error:
            response = error.response
            status = response["ResponseMetadata"]["HTTPStatusCode"]
            seen.append((type(error).__name__, error.operation_name, response["Error"], status))
    # Only a request over HTTP is signed by somebody.
    made = [{name: value for name, value in call.items() if name != "caller"} for call in market.admin.calls()]
    return [seen, made, list(market.admin.accepted()), market.admin.summary()]


def test_in_process_is_as_over_http(open_market: Callable[[Transport], Market]) -> None:
    over_http = everything(open_market("http"))
    assert everything(open_market("in process")) == over_http
    assert sum(isinstance(entry, tuple) for entry in over_http[0]) == 6


def test_a_request_is_not_changed_and_not_kept(open_market: Callable[[Transport], Market]) -> None:
    market = open_market("in process")
    sent = record(market.buyer())
    before = dict(sent)
    (result,) = market.send(sent)["Results"]
    assert sent == before
    result["UsageRecord"]["Quantity"] = 99
    sent["Quantity"] = 99
    assert market.quantities() == ["5"]


def test_errors_are_of_the_classes_that_boto3_raises(open_market: Callable[[Transport], Market]) -> None:
    market = open_market("in process")
    with pytest.raises(market.metering.exceptions.InvalidTokenException):
        market.metering.resolve_customer(RegistrationToken="x")
    market.admin.arm("error", error="UnrecognizedClientException")
    with pytest.raises(ClientError, match="UnrecognizedClientException") as refusal:
        market.metering.batch_meter_usage(UsageRecords=[])
    assert type(refusal.value) is ClientError


def test_a_slow_call_waits_by_the_given_function() -> None:
    waited: list[float] = []
    state = MarketplaceState(now=NOW.timestamp, monotonic=Ticks())
    InProcessAdmin(state).arm("slow", seconds=30)
    MeteringClient(state, sleep=waited.append).batch_meter_usage(UsageRecords=[])
    assert waited == [30]


def _story(seed: int | None) -> list[Any]:
    state = MarketplaceState(now=NOW.timestamp, monotonic=Ticks(), seed=seed)
    admin = InProcessAdmin(state)
    admin.create_product(PRODUCT, ["runs"])
    buyer = admin.create_buyer(PRODUCT, activated_at="2026-11-05T00:00:00Z")
    answer = MeteringClient(state).batch_meter_usage(UsageRecords=[record(buyer)])
    return [buyer, admin.new_token(buyer["id"]), answer, list(admin.calls())]


def test_a_seeded_state_gives_everything_again() -> None:
    assert _story(4) == _story(4)
    assert _story(4) != _story(5)
    assert _story(None) != _story(None), "without a seed a token cannot be guessed"


def test_times_are_utc() -> None:
    _, _, answer, _ = _story(1)
    assert answer["Results"][0]["UsageRecord"]["Timestamp"] == datetime(2026, 11, 15, 11, tzinfo=UTC)
