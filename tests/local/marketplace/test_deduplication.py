"""First write wins, by the hour, per Region."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest

from tests.local.marketplace.market import HOUR, Market, record


@pytest.mark.parametrize("kind", ["license", "legacy"])
def test_an_identical_resend_is_answered_as_the_first_time(market: Market, kind: str) -> None:
    """botocore model, BatchMeterUsage: "Identical requests are idempotent"."""
    buyer = market.buyer(kind)
    first, again = market.send(record(buyer)), market.send(record(buyer))
    assert first["Results"][0]["MeteringRecordId"] == again["Results"][0]["MeteringRecordId"]
    assert len(list(market.admin.accepted())) == 1
    summary = market.admin.summary()
    assert (summary["accepted"], summary["duplicates"], summary["identical"]) == (1, 1, 1)


def test_the_other_reading_of_an_identical_resend(market: Market) -> None:
    """AWS skill: an identical resend comes back as DuplicateRecord, harmless."""
    buyer = market.buyer()
    market.admin.set_settings(identicalResend="DuplicateRecord")
    assert market.statuses(record(buyer)) == ["Success"]
    assert market.statuses(record(buyer)) == ["DuplicateRecord"]


@pytest.mark.parametrize("kind", ["license", "legacy"])
def test_another_quantity_in_the_hour_is_a_duplicate_and_changes_nothing(market: Market, kind: str) -> None:
    """botocore model, UsageRecordResult: "same customer, dimension, and time, but a different quantity"; first write
    wins (AWS skill); the time is the hour (user guide, SaaS subscriptions)."""
    buyer = market.buyer(kind)
    late = record(buyer, HOUR + timedelta(minutes=59, seconds=59), Quantity=6)
    assert market.statuses(record(buyer)) == ["Success"]
    assert market.statuses(late) == ["DuplicateRecord"]
    assert [line["quantity"] for line in market.admin.accepted()] == ["5"]


def test_zero_takes_the_slot(market: Market) -> None:
    """botocore model, UsageRecord.Quantity: "Defaults to 0"; AWS skill: a zero takes the hour's slot."""
    buyer = market.buyer()
    nothing = record(buyer)
    del nothing["Quantity"]
    assert market.statuses(nothing) == ["Success"]
    assert market.statuses(record(buyer, Quantity=0)) == ["Success"]
    assert market.statuses(record(buyer, Quantity=1)) == ["DuplicateRecord"]


def test_hours_dimensions_and_buyers_have_slots_of_their_own(market: Market) -> None:
    """AWS skill: the key is identity, dimension and hour."""
    one, two = market.buyer(account_id="123456789012"), market.buyer(account_id="123456789012")
    records = [
        record(one),
        record(one, HOUR + timedelta(hours=1)),
        record(one, dimension="gb"),
        record(two),  # the same account, another licence
    ]
    assert market.statuses(*records) == ["Success"] * 4
    assert len({result["MeteringRecordId"] for result in market.send(*records)["Results"]}) == 4


@pytest.mark.parametrize("text", ["17", "17.0", "17.00"])
def test_quantities_are_compared_by_value(market: Market, text: str) -> None:
    """botocore model, UsageRecord.QuantityAsDecimal: 17, 17.0 and 17.00 are the same, in either field."""
    buyer = market.buyer()
    assert market.statuses(record(buyer, Quantity=17)) == ["Success"]
    assert market.statuses(record(buyer, QuantityAsDecimal=text)) == ["Success"]
    assert market.statuses(record(buyer, QuantityAsDecimal="17.000001")) == ["DuplicateRecord"]


def test_two_records_of_one_slot_in_one_call(market: Market) -> None:
    """The first of them wins there too."""
    buyer = market.buyer()
    assert market.statuses(record(buyer), record(buyer), record(buyer, Quantity=6)) == [
        "Success",
        "Success",
        "DuplicateRecord",
    ]


def test_each_region_deduplicates_for_itself(market: Market) -> None:
    """AWS skill: deduplication is per Region, so an hour sent to two Regions is billed twice; the judge says so."""
    buyer = market.buyer()
    elsewhere: Any = boto3.client(
        "meteringmarketplace",
        endpoint_url=market.server.url,
        region_name="eu-west-1",
        aws_access_key_id="111122223333",
        aws_secret_access_key="local",
    )
    market.send(record(buyer))
    assert elsewhere.batch_meter_usage(UsageRecords=[record(buyer, Quantity=7)])["Results"][0]["Status"] == "Success"
    assert [line["region"] for line in market.admin.accepted()] == ["us-east-1", "eu-west-1"]
    assert (market.admin.summary()["billedTwice"], market.admin.summary()["otherRegion"]) == (1, 1)


def test_an_hour_sent_by_licence_and_by_product_code_is_billed_twice(market: Market) -> None:
    """botocore model, BatchMeterUsageRequest.ProductCode: it "will result in duplicate billing"."""
    buyer = market.buyer("legacy")
    by_license = record({**buyer, "kind": "license"})
    assert market.statuses(record(buyer)) == ["Success"]
    assert market.statuses(by_license) == ["Success"]
    assert market.admin.summary()["billedTwice"] == 1


def test_quantities_are_kept_exactly_as_they_were_sent(market: Market) -> None:
    """botocore model, QuantityAsDecimal: up to 10 integer and 6 fraction digits."""
    buyer = market.buyer()
    market.send(
        record(buyer, QuantityAsDecimal="9999999999.999999"), record(buyer, dimension="gb", Quantity=2147483647)
    )
    assert [line["quantity"] for line in market.admin.accepted()] == ["9999999999.999999", "2147483647"]
    on_file = market.state.on_file.values()
    assert {entry.quantity for entry in on_file} == {Decimal("9999999999.999999"), Decimal(2147483647)}
