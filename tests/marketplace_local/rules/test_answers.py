"""The form of answers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from marketplace_local import metering
from marketplace_local.rules.usage_record import UsageRecord
from tests.marketplace_local.market import HOUR, Market, raw_record, record, share, tagged
from tests.marketplace_local.rules.rule import Switch, rule, without
from tests.marketplace_local.rules.test_time_window import record_by_record

_meter, _answer, _record_of = metering._meter, metering._answer, UsageRecord.of


def results(change: Callable[[dict[str, Any], Any], None]) -> Switch:
    """Changes each result before the Marketplace answers; the second argument is the bound record."""

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
    return _answer(context, done, [{**sent, "ErrorCode": "InternalError"} for sent in unprocessed])


@rule("A04", without("metering:_answer", _with_an_error_code))
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
    return {name: entries for name, entries in _answer(*given).items() if entries}


@rule("A07", without("metering:_answer", _without_what_is_empty))
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
