"""CloudTrail's event history of metering calls."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from marketplace_local.trail import history, lookup
from tests.marketplace_local.market import NOW, Market, record, share, tagged
from tests.marketplace_local.rules.rule import rule, without

SOURCE = [{"AttributeKey": "EventSource", "AttributeValue": "metering-marketplace.amazonaws.com"}]


def events(market: Market, region: str = "us-east-1", **more: Any) -> list[dict[str, Any]]:
    """All pages, as CloudTrail's own records."""
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        page = market.trail_in(region).lookup_events(LookupAttributes=SOURCE, **more, **token)
        found += [json.loads(event["CloudTrailEvent"]) for event in page["Events"]]
        if "NextToken" not in page:
            return found
        token = {"NextToken": page["NextToken"]}


def later(market: Market, **time: float) -> None:
    market.clock.moment += timedelta(**time)


@rule("C01", without("trail.history:delay", lambda: 0))
def test_an_event_is_found_a_quarter_of_an_hour_later(market: Market) -> None:
    market.send(record(market.buyer()))
    later(market, minutes=14, seconds=59)
    assert events(market) == []
    later(market, seconds=1)
    assert len(events(market)) == 1


@rule("C02", without("trail.lookup:largest_page", lambda: 60))
def test_fifty_events_a_page(market: Market) -> None:
    one = record(market.buyer())
    for _ in range(52):
        market.send(one)
    later(market, minutes=15)
    client = market.trail_in()
    first = client.lookup_events()
    assert len(first["Events"]) == 50
    second = client.lookup_events(NextToken=first["NextToken"])
    assert len(second["Events"]) == 2 and "NextToken" not in second
    assert len({event["EventId"] for event in first["Events"] + second["Events"]}) == 52
    assert len(client.lookup_events(MaxResults=7)["Events"]) == 7
    with pytest.raises(ClientError, match="InvalidMaxResultsException"):
        client.lookup_events(MaxResults=51)


@rule("C03", without("call_rate:QUOTA", {}))
def test_two_lookups_a_second(market: Market) -> None:
    market.ticks.step = 0.0
    client = market.trail_in()
    client.lookup_events()
    client.lookup_events()
    with pytest.raises(ClientError, match="ThrottlingException"):
        client.lookup_events()
    market.trail_in("eu-west-1").lookup_events()


@rule("C04", without("trail.history:is_visible", lambda event, now: True))
def test_events_are_kept_for_ninety_days(market: Market) -> None:
    market.send(record(market.buyer()))
    later(market, days=89, hours=23)
    assert len(events(market)) == 1
    later(market, hours=1)
    assert events(market) == []


@rule("C05", without("trail.history:newest_first", lambda found: found))
def test_the_newest_comes_first(market: Market) -> None:
    one = record(market.buyer())
    for _ in range(3):
        market.send(one)
        later(market, seconds=1)
    later(market, minutes=15)
    assert [event["eventTime"] for event in events(market)] == [f"2026-11-15T12:30:0{second}Z" for second in (2, 1, 0)]
    inside: dict[str, Any] = {"StartTime": NOW + timedelta(seconds=1), "EndTime": NOW + timedelta(seconds=1)}
    assert [event["eventTime"] for event in events(market, **inside)] == ["2026-11-15T12:30:01Z"]


@rule("C06", without("trail.history:in_region", lambda event, region: True))
def test_a_region_shows_its_own_calls(market: Market) -> None:
    market.metering_in("eu-west-1").batch_meter_usage(UsageRecords=[record(market.buyer())])
    later(market, minutes=15)
    assert events(market) == []
    (event,) = events(market, "eu-west-1")
    assert event["awsRegion"] == "eu-west-1"


@rule("C07", without("trail.history:too_large", lambda size: False))
def test_large_parts_are_left_out(market: Market) -> None:
    shares = [share(1, team=f"{number:0200}") for number in range(500)]
    market.send(tagged(market.buyer(), *shares, Quantity=500))
    later(market, minutes=15)
    (event,) = events(market)
    for part in ("requestParameters", "responseElements"):
        assert event[part]["omitted"] is True and event[part]["reason"] == f"{part} too large"


@rule("C08", without("trail.history:lower_camel", lambda part: part))
def test_an_event_has_the_form_of_awss_example(market: Market) -> None:
    buyer = market.buyer("legacy")
    market.send(record(buyer), record(buyer, dimension="gb", QuantityAsDecimal="1.5"))
    market.refused("InvalidUsageDimensionException", record(buyer, dimension="wrong"))
    later(market, minutes=15)
    refused, answered = events(market)
    first = {
        "dimension": "runs",
        "timestamp": "Nov 15, 2026 11:00:00 AM",
        "customerIdentifier": buyer["customerIdentifier"],
        "quantity": 5,
    }
    assert answered["requestParameters"]["productCode"] == "prod-code-1"
    assert answered["requestParameters"]["usageRecords"][0] == first
    assert answered["requestParameters"]["usageRecords"][1]["quantityAsDecimal"] == "1.5"
    result = answered["responseElements"]["results"][0]
    assert result["usageRecord"] == first and result["status"] == "Success" and len(result["meteringRecordId"]) == 36
    assert answered["responseElements"]["unprocessedRecords"] == []
    assert refused["errorCode"] == "InvalidUsageDimensionException" and refused["responseElements"] is None


@rule("C09", without("trail.lookup:one_attribute"))
def test_one_attribute_is_looked_up(market: Market) -> None:
    with pytest.raises(ClientError, match="InvalidLookupAttributesException"):
        market.trail_in().lookup_events(
            LookupAttributes=[*SOURCE, {"AttributeKey": "EventName", "AttributeValue": "BatchMeterUsage"}]
        )


@rule("C10", without("trail.lookup:fingerprint", lambda body: "any"))
def test_a_token_goes_with_its_call(market: Market) -> None:
    one = record(market.buyer())
    for _ in range(2):
        market.send(one)
    later(market, minutes=15)
    client = market.trail_in()
    token = client.lookup_events(LookupAttributes=SOURCE, MaxResults=1)["NextToken"]
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        client.lookup_events(NextToken=token)
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        client.lookup_events(NextToken="none")


def test_times_are_written_with_twelve_hours() -> None:
    written = [history.written(hour * 3600.0) for hour in (0, 1, 12, 23)]
    assert written == [f"Jan 1, 1970 {hour}" for hour in ("12:00:00 AM", "1:00:00 AM", "12:00:00 PM", "11:00:00 PM")]


def test_other_attributes_find_nothing(market: Market) -> None:
    market.send(record(market.buyer()))
    later(market, minutes=15)
    other = [{"AttributeKey": "EventSource", "AttributeValue": "s3.amazonaws.com"}]
    assert market.trail_in().lookup_events(LookupAttributes=other)["Events"] == []
    assert lookup.LARGEST_PAGE == 50


def test_faults_lose_delay_and_empty_an_event(market: Market) -> None:
    one = record(market.buyer())
    for kind in ("trail-missing", "trail-late", "trail-omitted"):
        market.admin.arm(kind, **({"seconds": 3600} if kind == "trail-late" else {}))
        market.send(one)
        later(market, seconds=1)
    later(market, minutes=15)
    (event,) = events(market)
    assert event["responseElements"]["omitted"] is True
    later(market, hours=1)
    assert len(events(market)) == 2


def test_an_event_names_its_caller(market: Market) -> None:
    market.admin.name_caller("111122223333", "somebody")
    market.admin.name_caller("local", "somebody")
    market.send(record(market.buyer()))
    later(market, minutes=15)
    (event,) = events(market)
    assert event["userIdentity"]["arn"].split("/")[1] == "somebody"
