"""Faults at random from a seed, over HTTP and in process: a run replays exactly."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from marketplace_local.admin import AdminRefused
from marketplace_local.errors import AdminError
from marketplace_local.faults.at_random import RANDOM_KINDS, chosen, drawn
from tests.marketplace_local.market import HOUR, PRODUCT, Market, record

RATES = dict.fromkeys(RANDOM_KINDS, 0.08)


@pytest.fixture
def market(either_market: Market) -> Market:
    return either_market


def run(market: Market, calls: int = 40) -> list[Any]:
    """The answers to calls of four records each, and the records on file after them."""
    buyer = market.buyer()
    seen: list[Any] = []
    for number in range(calls):
        sent = [record(buyer, HOUR - timedelta(hours=n), Quantity=number * 4 + n) for n in range(4)]
        try:
            answer = market.send(*sent)
        except ClientError as error:
            seen.append(error.response["Error"]["Code"])
        except BotoCoreError as error:
            seen.append(type(error).__name__)
        else:
            seen.append(
                (
                    [(result["UsageRecord"]["Quantity"], result["Status"]) for result in answer["Results"]],
                    [left["Quantity"] for left in answer["UnprocessedRecords"]],
                )
            )
    return [*seen, market.quantities()]


def test_the_same_seed_is_the_same_run(market: Market) -> None:
    market.admin.arm_at_random(7, RATES, seconds=0)
    first = run(market)
    faults = [call["faults"] for call in market.admin.calls()]
    assert faults == [[kind] if (kind := drawn(7, RATES, "BatchMeterUsage", n)) else [] for n in range(1, 41)]
    assert market.admin.random_faults()["calls"] == {"BatchMeterUsage": 40}
    market.server.reset()
    market.product()
    market.admin.arm_at_random(7, RATES, seconds=0)
    assert run(market) == first
    market.server.reset()
    market.product()
    market.admin.arm_at_random(8, RATES, seconds=0)
    assert run(market) != first


def test_the_sequence_is_this_one() -> None:
    """The sequence is the same on any machine and any Python, so a reported seed stays valid."""
    rates = {"throttle": 0.25, "lost-answer": 0.25}
    kinds = ["", "lost-answer", "throttle", "", "lost-answer", "", "", "throttle"]
    assert [drawn(1, rates, "BatchMeterUsage", number) for number in range(1, 9)] == kinds
    assert [chosen(1, 1, index) for index in range(8)] == [False, True, True, True, True, False, False, False]


def test_kinds_come_as_often_as_their_rates_say() -> None:
    rates = {"throttle": 0.3, "slow": 0.1, "error": 0.05}
    found = Counter(drawn(3, rates, "BatchMeterUsage", number) for number in range(20_000))
    shares = {kind: found[kind] / 20_000 for kind in rates}
    assert shares == pytest.approx(rates, abs=0.015)
    assert set(found) == {*rates, ""}


@pytest.mark.parametrize("kind", RANDOM_KINDS)
def test_each_kind_at_random_is_the_fault_of_that_name(market: Market, kind: str) -> None:
    market.admin.arm_at_random(5, {kind: 1.0}, seconds=0, error="DisabledApiException")
    *seen, on_file = run(market, 1)
    expected = {
        "throttle": "ThrottlingException",
        "server-error": "InternalServiceErrorException",
        "late-error": "InternalServiceErrorException",
        "lost-answer": "ConnectionClosedError",
        "error": "DisabledApiException",
        "slow": ([(n, "Success") for n in range(4)], []),
        "unprocessed": ([], [0, 1, 2, 3]),
        "reordered": ([(n, "Success") for n in (3, 2, 1, 0)], []),
    }
    taken = [n for n in range(4) if chosen(5, 1, n)]
    others = [(n, "Success") for n in range(4) if n not in taken]
    expected["partial-unprocessed"], expected["omitted"] = (others, taken), (others, [])
    assert 0 < len(taken) < 4, "a seed whose choice shows"
    assert seen == [expected[kind]]
    done = {"throttle": 0, "server-error": 0, "error": 0, "unprocessed": 0, "partial-unprocessed": len(others)}
    assert len(on_file) == done.get(kind, 4)
    assert [call["faults"] for call in market.admin.calls()] == [[kind]]


def test_operations_and_the_end_of_it(market: Market) -> None:
    market.admin.arm_at_random(1, {"throttle": 1.0}, operations=["GetEntitlements"])
    assert len(run(market, 1)[-1]) == 4
    with pytest.raises(market.entitlement.exceptions.ThrottlingException):
        market.entitlement.get_entitlements(ProductCode=PRODUCT)
    market.admin.clear_faults()
    assert market.entitlement.get_entitlements(ProductCode=PRODUCT)["Entitlements"] == []
    assert market.admin.random_faults()["rates"] == {}


def test_records_have_faults_of_their_own_in_batches_only(market: Market) -> None:
    market.admin.arm_at_random(1, {"omitted": 1.0}, operations=["BatchMeterUsage", "GetEntitlements"])
    assert market.entitlement.get_entitlements(ProductCode=PRODUCT)["Entitlements"] == []
    assert [call["faults"] for call in market.admin.calls()] == [[]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": "x"},
        {"rates": {"status": 0.1}},
        {"rates": {"throttle": -0.1}},
        {"rates": {"throttle": 0.6, "slow": 0.6}},
        {"rates": {"throttle": "often"}},
        {"operations": ["MeterUsage"]},
        {"seconds": 61},
        {"error": 5},
        {"colour": "red"},
    ],
)
def test_what_is_wrong_is_refused(market: Market, wrong: dict[str, Any]) -> None:
    with pytest.raises((AdminRefused, AdminError)):
        market.admin.arm_at_random(**{"seed": 1, "rates": {}, **wrong})
    assert market.admin.random_faults()["rates"] == {}
