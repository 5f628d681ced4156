"""One record an hour."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from marketplace_local.rules.deduplication import Key, OnFile, identical
from marketplace_local.rules.usage_record import UsageRecord
from tests.marketplace_local.market import HOUR, Market, record, share, tagged
from tests.marketplace_local.rules.rule import Switch, original, rule, without

_key_of = original("rules.deduplication:key_of")


def forgetting(*places: int) -> Switch:
    """Makes keys without some of their parts."""

    def key_of(*given: Any) -> Key:
        key = list(_key_of(*given))
        for place in places:
            key[place] = "" if place != 5 else 0
        return tuple(key)

    return without("rules.deduplication:key_of", key_of)


def verdicts(decide: Any) -> Switch:
    return without("rules.deduplication:status_of", decide)


@rule("D01", verdicts(lambda sent, on_file, subscribed, resend: "Success" if subscribed else "CustomerNotSubscribed"))
def test_first_write_wins(market: Market) -> None:
    for kind in ("license", "legacy"):
        buyer = market.buyer(kind)
        assert market.statuses(record(buyer)) == ["Success"]
        assert market.statuses(record(buyer, Quantity=6)) == ["DuplicateRecord"]
        assert market.statuses(record(buyer, Quantity=4)) == ["DuplicateRecord"]
    assert market.quantities() == ["5", "5"]


@rule("D02", without("rules.usage_record:hour_of", lambda timestamp: int(timestamp // 60) * 60))
def test_the_slot_is_the_hour(market: Market) -> None:
    buyer = market.buyer()
    late = record(buyer, HOUR + timedelta(minutes=59, seconds=59), Quantity=6)
    before = record(buyer, HOUR - timedelta(seconds=1), Quantity=6)
    assert market.statuses(record(buyer), late, before) == ["Success", "DuplicateRecord", "Success"]
    assert [line["hour"] for line in market.admin.accepted()] == ["2026-11-15T11:00:00Z", "2026-11-15T10:00:00Z"]


@rule("D03", forgetting(4))
def test_dimensions_have_slots_of_their_own(market: Market) -> None:
    buyer = market.buyer()
    assert market.statuses(record(buyer), record(buyer, dimension="gb", Quantity=6)) == ["Success", "Success"]


@rule("D04", forgetting(3))
def test_licences_of_one_account_have_slots_of_their_own(market: Market) -> None:
    one, two = market.buyer(account_id="123456789012"), market.buyer(account_id="123456789012")
    assert market.statuses(record(one), record(two, Quantity=6)) == ["Success", "Success"]


@rule("D05", forgetting(0))
def test_regions_have_slots_of_their_own(market: Market) -> None:
    buyer = market.buyer()
    assert market.statuses(record(buyer)) == ["Success"]
    elsewhere = market.metering_in("eu-west-1").batch_meter_usage(UsageRecords=[record(buyer, Quantity=7)])
    assert elsewhere["Results"][0]["Status"] == "Success"
    assert [line["region"] for line in market.admin.accepted()] == ["us-east-1", "eu-west-1"]
    assert (market.admin.summary()["billedTwice"], market.admin.summary()["otherRegion"]) == (1, 1)


@rule("D06", forgetting(3))
def test_legacy_buyers_have_slots_of_their_own(market: Market) -> None:
    one, two = market.buyer("legacy"), market.buyer("legacy")
    assert market.statuses(record(one), record(two, Quantity=6)) == ["Success", "Success"]


@rule("D07", forgetting(1, 2, 3))
def test_an_hour_sent_both_ways_is_billed_twice(market: Market) -> None:
    buyer = market.buyer("legacy")
    assert market.statuses(record(buyer)) == ["Success"]
    assert market.statuses(record({**buyer, "kind": "license"}, Quantity=6)) == ["Success"]
    assert market.admin.summary()["billedTwice"] == 1


def _always_duplicate(sent: object, on_file: object, subscribed: bool, resend: str) -> str:
    return "DuplicateRecord" if on_file else "Success"


@rule("D08", verdicts(_always_duplicate))
def test_an_identical_resend_is_answered_as_the_first_time(market: Market) -> None:
    for kind in ("license", "legacy"):
        buyer = market.buyer(kind)
        first, again = market.send(record(buyer)), market.send(record(buyer))
        # Another moment of the hour is identical, too.
        moment = market.send(record(buyer, HOUR + timedelta(minutes=3)))
        ids = {answer["Results"][0].get("MeteringRecordId", "none") for answer in (first, again, moment)}
        assert ids == {first["Results"][0]["MeteringRecordId"]}
    assert market.quantities() == ["5", "5"]
    summary = market.admin.summary()
    assert (summary["accepted"], summary["duplicates"], summary["identical"]) == (2, 4, 4)


_verdict = original("rules.deduplication:status_of")


@rule("D09", verdicts(lambda sent, on_file, subscribed, resend: _verdict(sent, on_file, subscribed, "Success")))
def test_the_other_reading_of_an_identical_resend(market: Market) -> None:
    buyer = market.buyer()
    market.admin.set_settings(identicalResend="DuplicateRecord")
    assert market.statuses(record(buyer)) == ["Success"]
    assert market.statuses(record(buyer)) == ["DuplicateRecord"]
    assert market.admin.summary()["identical"] == 1


def _letter_for_letter(sent: UsageRecord, on_file: OnFile) -> bool:
    return str(sent.quantity) == str(on_file.quantity) and identical(sent, on_file)


@rule("D10", without("rules.deduplication:identical", _letter_for_letter))
def test_quantities_are_compared_by_value(market: Market) -> None:
    buyer = market.buyer()
    assert market.statuses(record(buyer, Quantity=17)) == ["Success"]
    for text in ("17", "17.0", "17.00", "17.000000"):
        assert market.statuses(record(buyer, QuantityAsDecimal=text)) == ["Success"]
    assert market.statuses(record(buyer, QuantityAsDecimal="17.000001")) == ["DuplicateRecord"]
    assert market.quantities() == ["17"]


def _zero_is_free(sent: UsageRecord, on_file: OnFile | None, *rest: Any) -> Any:
    return _verdict(sent, on_file if on_file and on_file.quantity != Decimal(0) else None, *rest)


@rule("D11", verdicts(_zero_is_free))
def test_zero_takes_the_slot(market: Market) -> None:
    buyer = market.buyer()
    assert market.statuses(record(buyer, Quantity=0)) == ["Success"]
    assert market.statuses(record(buyer, Quantity=1)) == ["DuplicateRecord"]
    assert market.quantities() == ["0"]


@rule("D12", without("rules.deduplication:identical", lambda sent, on_file: sent.quantity == on_file.quantity))
def test_other_allocations_are_a_duplicate(market: Market) -> None:
    buyer = market.buyer()
    assert market.statuses(tagged(buyer, share(2, team="a"), share(3, team="b"))) == ["Success"]
    for other in ((share(3, team="a"), share(2, team="b")), (share(5),), (share(2, team="a"), share(3))):
        assert market.statuses(tagged(buyer, *other)) == ["DuplicateRecord"]
    assert market.statuses(record(buyer)) == ["DuplicateRecord"]
    assert market.quantities() == ["5"]


@rule("D13", without("rules.deduplication:shares_of", lambda sent: str(sent.sent.get("UsageAllocations"))))
def test_allocations_in_another_order_are_identical(market: Market) -> None:
    buyer = market.buyer()
    assert market.statuses(tagged(buyer, share(2, team="a", x="1"), share(3))) == ["Success"]
    assert market.statuses(tagged(buyer, share(3), share(2, x="1", team="a"))) == ["Success"]
    assert market.admin.summary()["identical"] == 1


def _last_write_wins(sent: UsageRecord, on_file: OnFile | None, *rest: Any) -> Any:
    return _verdict(sent, None, *rest)


@rule("D14", verdicts(_last_write_wins))
def test_within_one_request_the_first_record_wins(market: Market) -> None:
    buyer = market.buyer()
    sent = (record(buyer), record(buyer, Quantity=6), record(buyer))
    assert market.statuses(*sent) == ["Success", "DuplicateRecord", "Success"]
    assert market.quantities() == ["5"]


@rule("D15", without("rules.window:why_not_subscribed", lambda *_: ""))
def test_what_was_not_honoured_takes_no_slot(market: Market) -> None:
    buyer = market.buyer(activated_at=None)
    assert market.statuses(record(buyer, Quantity=6)) == ["CustomerNotSubscribed"]
    market.admin.activate(buyer["id"], "2026-11-15T10:00:00Z")
    assert market.statuses(record(buyer)) == ["Success"]
    assert market.quantities() == ["5"]


def _duplicate_first(sent: UsageRecord, on_file: OnFile | None, subscribed: bool, resend: Any) -> Any:
    return _verdict(sent, on_file, subscribed or on_file is not None, resend)


@rule("D16", verdicts(_duplicate_first))
def test_not_subscribed_is_answered_before_duplicate(market: Market) -> None:
    for kind in ("license", "legacy"):
        buyer = market.buyer(kind)
        assert market.statuses(record(buyer)) == ["Success"]
        market.admin.end(buyer["id"], "2026-11-15T11:20:00Z")
        assert market.statuses(record(buyer), record(buyer, Quantity=6)) == ["CustomerNotSubscribed"] * 2
