"""What a BatchMeterUsage request must look like."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.marketplace.market import Market, record


def refused(market: Market, *records: dict[str, Any], code: str = "ValidationException") -> None:
    """The call is refused with that error class and nothing is on file."""
    with pytest.raises(ClientError) as refusal:
        market.send(*records)
    assert refusal.value.response["Error"]["Code"] == code
    assert list(market.admin.accepted()) == []


def tagged(buyer: dict[str, Any], *allocations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return record(buyer, UsageAllocations=list(allocations), **more)


def share(quantity: int, **tags: str) -> dict[str, Any]:
    named = {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]} if tags else {}
    return {"AllocatedUsageQuantity": quantity, **named}


def test_at_most_25_records(market: Market) -> None:
    """botocore model, UsageRecordList: at most 25; none is allowed."""
    buyer = market.buyer()
    assert market.send()["Results"] == []
    refused(market, *[record(buyer)] * 26)
    assert len(market.send(*[record(buyer)] * 25)["Results"]) == 25


@pytest.mark.parametrize(
    "change",
    [
        {"Dimension": "x" * 256},
        {"LicenseArn": "l-123"},
        {"CustomerAWSAccountId": "12345678901x"},
        {"Quantity": 2**31},
        {"QuantityAsDecimal": "01"},
        {"QuantityAsDecimal": "1.0000001"},
        {"QuantityAsDecimal": "-1"},
        {"QuantityAsDecimal": "1e3"},
        {"QuantityAsDecimal": "12345678901"},
        {"QuantityAsDecimal": "1\n"},
    ],
)
def test_members_keep_to_their_bounds_and_patterns(market: Market, change: dict[str, Any]) -> None:
    """botocore model, UsageRecord and the shapes below it; boto3 leaves maxima and patterns to the service."""
    refused(market, record(market.buyer(), **change))


def test_a_request_stays_under_one_megabyte(market: Market) -> None:
    """botocore model, BatchMeterUsage: "each request must be less than 1 MB in size"."""
    buyer = market.buyer()
    parts = [share(1, k1=f"{n:0250d}", k2="x" * 200) for n in range(2400)]
    refused(market, tagged(buyer, *parts, Quantity=2400), code="RequestEntityTooLargeException")
    assert market.statuses(tagged(buyer, *parts[:1000], Quantity=1000)) == ["Success"]


def test_both_quantity_fields_reject_the_request(market: Market) -> None:
    """botocore model, UsageRecord.QuantityAsDecimal: "You can't specify both"; the entire request fails."""
    buyer = market.buyer()
    refused(market, record(buyer), record(buyer, Quantity=1, QuantityAsDecimal="1"))


def test_allocations_sum_to_the_quantity(market: Market) -> None:
    """botocore model, UsageRecord.UsageAllocations and InvalidUsageAllocationsException."""
    buyer = market.buyer()
    refused(market, tagged(buyer, share(2, team="a"), share(2)), code="InvalidUsageAllocationsException")
    assert market.statuses(tagged(buyer, share(2, team="a"), share(3))) == ["Success"]


@pytest.mark.parametrize(
    "allocation",
    [
        {"AllocatedUsageQuantityAsDecimal": "5"},
        {"AllocatedUsageQuantity": 5, "AllocatedUsageQuantityAsDecimal": "5"},
        {"Tags": [{"Key": "team", "Value": "a"}]},
    ],
)
def test_allocations_use_the_records_kind_of_quantity(market: Market, allocation: dict[str, Any]) -> None:
    """botocore model, UsageAllocation: exactly one of the two, and of the record's kind."""
    refused(market, tagged(market.buyer(), allocation), code="InvalidUsageAllocationsException")


def test_decimal_allocations(market: Market) -> None:
    """botocore model, UsageAllocation.AllocatedUsageQuantityAsDecimal: sums are exact, by value."""
    parts = [
        {"AllocatedUsageQuantityAsDecimal": text, "Tags": [{"Key": "k", "Value": text}]} for text in ("0.1", "0.2")
    ]
    assert market.statuses(tagged(market.buyer(), *parts, QuantityAsDecimal="0.30")) == ["Success"]


@pytest.mark.parametrize("tags", [{"team": "a"}, {}])
def test_each_allocation_has_tags_of_its_own(market: Market, tags: dict[str, str]) -> None:
    """botocore model: each allocation has a unique set of tags (documented for MeterUsage)."""
    refused(market, tagged(market.buyer(), share(2, **tags), share(3, **tags)), code="InvalidUsageAllocationsException")


@pytest.mark.parametrize(
    "tags",
    [
        [{"Key": str(n), "Value": "v"} for n in range(6)],
        [{"Key": "k" * 101, "Value": "v"}],
        [{"Key": "k", "Value": "v" * 257}],
        [{"Key": "k", "Value": "é"}],
        [{"Key": "k", "Value": "a,b"}],  # passes the published pattern, whose range is an accident
        [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}],
    ],
)
def test_tags_keep_to_their_bounds(market: Market, tags: list[dict[str, str]]) -> None:
    """botocore model, Tag, TagList and InvalidTagException: "invalid, or the number of tags is greater than 5"."""
    refused(market, tagged(market.buyer(), {"AllocatedUsageQuantity": 5, "Tags": tags}), code="InvalidTagException")
