"""What is answered, and how often one may ask."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.marketplace import api, metering
from local.marketplace.call_log import Call
from local.marketplace.call_rate import CallRate
from local.marketplace.rules.usage_record import UsageRecord
from tests.local.marketplace.market import HOUR, Market, raw_record, record, share, tagged
from tests.local.marketplace.rules.rule import Switch, rule, without
from tests.local.marketplace.rules.test_time_window import record_by_record

_meter, _as_told, _record_of = metering._meter, metering._as_told, UsageRecord.of


def results(change: Callable[[dict[str, Any], Any], None]) -> Switch:
    """Each result is changed before it is answered; the second argument is the bound record."""

    def meter(context: Any, entry: Any) -> dict[str, Any]:
        result = _meter(context, entry)
        change(result, entry)
        return result

    return without("metering:_meter", meter)


def _only_some_members(result: dict[str, Any], entry: Any) -> None:
    result["UsageRecord"] = {name: entry.record.sent[name] for name in ("Timestamp", "Dimension")}


def _always_an_id(result: dict[str, Any], entry: Any) -> None:
    result["MeteringRecordId"] = "some-id"


def _milliseconds(result: dict[str, Any], entry: Any) -> None:
    result["UsageRecord"] = {**result["UsageRecord"], "Timestamp": entry.record.timestamp * 1000}


@rule("A01", results(_only_some_members))
def test_a_result_echoes_its_record(market: Market) -> None:
    legacy = record(market.buyer("legacy"))
    full = tagged(market.buyer(), {"AllocatedUsageQuantityAsDecimal": "1.50"}, QuantityAsDecimal="1.50")
    for sent in (legacy, full):
        (result,) = market.send(sent)["Results"]
        assert result["UsageRecord"] == sent


@rule("A02", without("metering:metering_record_id", lambda key: "one-for-all"))
def test_each_accepted_record_has_an_id_of_its_own(market: Market) -> None:
    buyer, other = market.buyer(), market.buyer("legacy")
    hours = [record(buyer, HOUR - timedelta(hours=back)) for back in range(3)]
    found = [*market.send(*hours, record(buyer, dimension="gb"))["Results"], *market.send(record(other))["Results"]]
    assert len({result["MeteringRecordId"] for result in found}) == 5


@rule("A03", results(_always_an_id))
def test_only_success_has_an_id(market: Market) -> None:
    buyer, never = market.buyer(), market.buyer(activated_at=None)
    found = market.send(record(buyer), record(buyer, Quantity=6), record(never))["Results"]
    assert [(result["Status"], "MeteringRecordId" in result) for result in found] == [
        ("Success", True),
        ("DuplicateRecord", False),
        ("CustomerNotSubscribed", False),
    ]


def _with_an_error_code(context: Any, done: list[Any], unprocessed: list[dict[str, Any]]) -> dict[str, Any]:
    return _as_told(context, done, [{**sent, "ErrorCode": "InternalError"} for sent in unprocessed])


@rule("A04", without("metering:_as_told", _with_an_error_code))
def test_unprocessed_records_are_bare_and_not_on_file(market: Market) -> None:
    buyer = market.buyer()
    sent = [tagged(buyer, share(5)), record(buyer, dimension="gb")]
    market.admin.arm("unprocessed", times=1)
    answer = market.send(*sent)
    assert answer["UnprocessedRecords"] == sent[:1]
    assert [result["UsageRecord"]["Dimension"] for result in answer["Results"]] == ["gb"]
    raw = raw_record(buyer)
    market.admin.arm("unprocessed", times=1)
    assert market.raw({"UsageRecords": [raw]}).body["UnprocessedRecords"] == [raw]
    assert [line["dimension"] for line in market.admin.accepted()] == ["gb"]
    assert market.statuses(*answer["UnprocessedRecords"]) == ["Success"]


def _as_a_float(cls: Any, sent: dict[str, Any]) -> UsageRecord:
    exact = _record_of(sent)
    return exact._replace(quantity_text=str(float(exact.quantity)))


@rule("A05", without("rules.usage_record:UsageRecord.of", classmethod(_as_a_float)))
def test_quantities_are_kept_exactly(market: Market) -> None:
    buyer = market.buyer()
    market.send(
        record(buyer, QuantityAsDecimal="9999999999.999999"),
        record(buyer, dimension="gb", Quantity=2147483647),
        record(buyer, HOUR - timedelta(hours=1), QuantityAsDecimal="1.50"),
    )
    assert market.quantities() == ["9999999999.999999", "2147483647", "1.50"]


@rule("A06", record_by_record)
def test_a_refused_request_processes_no_record(market: Market) -> None:
    buyer = market.buyer()
    bad = [
        ("InvalidUsageDimensionException", record(buyer, dimension="other")),
        ("InvalidLicenseException", record(buyer, CustomerAWSAccountId="1")),
        ("InvalidTagException", tagged(buyer, share(5, é="v"))),
        ("ValidationException", record(buyer, QuantityAsDecimal="5") | {"Quantity": 5}),
    ]
    for error, entry in bad:
        market.refused(error, record(buyer), entry)
    assert market.quantities() == []
    assert market.statuses(record(buyer)) == ["Success"]


def _without_what_is_empty(*given: Any) -> dict[str, Any]:
    return {name: entries for name, entries in _as_told(*given).items() if entries}


@rule("A07", without("metering:_as_told", _without_what_is_empty))
def test_both_lists_are_answered(market: Market) -> None:
    sent = {"UsageRecords": [raw_record(market.buyer())]}
    assert {name: len(entries) for name, entries in market.raw(sent).body.items()} == {
        "Results": 1,
        "UnprocessedRecords": 0,
    }
    market.admin.arm("unprocessed", times=1)
    assert {name: len(entries) for name, entries in market.raw(sent).body.items()} == {
        "Results": 0,
        "UnprocessedRecords": 1,
    }


@rule("A08", results(_milliseconds))
def test_times_are_seconds_since_the_epoch(market: Market) -> None:
    (result,) = market.raw({"UsageRecords": [raw_record(market.buyer())]}).body["Results"]
    assert result["UsageRecord"]["Timestamp"] == HOUR.timestamp()
    (again,) = market.send(record(market.buyer()))["Results"]
    assert again["UsageRecord"]["Timestamp"] == HOUR


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
def test_twenty_questions_for_entitlements_a_second(market: Market) -> None:
    client = market.entitlement
    market.ticks.step = 0.0
    asked = [_throttled(market, lambda: client.get_entitlements(ProductCode="prod-code-1")) for _ in range(22)]
    assert asked == [False] * 20 + [True] * 2
