"""When usage is taken."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.local.marketplace.market import HOUR, NOW, PRODUCT, Market, record

SECOND = timedelta(seconds=1)
FIRST_OF_MONTH = datetime(2026, 12, 1, tzinfo=UTC)


def test_usage_is_taken_until_24_hours_after_it(market: Market) -> None:
    """botocore model, BatchMeterUsage: not accepted "24 hours or more after an event"."""
    buyer = market.buyer()
    assert market.statuses(record(buyer, NOW - timedelta(hours=24) + SECOND)) == ["Success"]
    with pytest.raises(market.metering.exceptions.TimestampOutOfBoundsException):
        market.send(record(buyer, NOW - timedelta(hours=24)))


def test_usage_of_the_future_is_refused(market: Market) -> None:
    """botocore model, TimestampOutOfBoundsException: "out of allowed range"; the strict reading of the other end."""
    buyer = market.buyer()
    assert market.statuses(record(buyer, NOW)) == ["Success"]
    with pytest.raises(market.metering.exceptions.TimestampOutOfBoundsException):
        market.send(record(buyer, NOW + SECOND))


def test_the_previous_month_is_taken_until_six_on_the_first(market: Market) -> None:
    """botocore model, BatchMeterUsage: "until 06:00 UTC on the first day of the next month"."""
    buyer = market.buyer()
    late = FIRST_OF_MONTH - timedelta(hours=1)
    market.clock.moment = FIRST_OF_MONTH + timedelta(hours=6) - SECOND
    assert market.statuses(record(buyer, late)) == ["Success"]
    market.clock.moment += SECOND
    with pytest.raises(market.metering.exceptions.TimestampOutOfBoundsException):
        market.send(record(buyer, late, "gb"))
    assert market.statuses(record(buyer, FIRST_OF_MONTH)) == ["Success"]


def test_one_bad_timestamp_rejects_the_whole_batch(market: Market) -> None:
    """botocore model, TimestampOutOfBoundsException: "the entire batch is not processed"."""
    buyer = market.buyer()
    with pytest.raises(market.metering.exceptions.TimestampOutOfBoundsException):
        market.send(record(buyer), record(buyer, NOW - timedelta(days=2)))
    assert list(market.admin.accepted()) == []
    assert market.admin.summary()["rejected"] == 2


def test_usage_before_the_licence_is_active_rejects_the_batch(market: Market) -> None:
    """botocore model, InvalidLicenseException: "usage is within the license activation period"."""
    buyer = market.buyer(activated_at="2026-11-15T11:20:00Z")
    with pytest.raises(market.metering.exceptions.InvalidLicenseException):
        market.send(record(buyer, HOUR))
    assert market.statuses(record(buyer, HOUR + timedelta(minutes=20))) == ["Success"]


def test_usage_before_a_legacy_subscription_is_not_honoured(market: Market) -> None:
    """User guide, SaaS subscriptions: metering before the subscription is not honoured."""
    buyer = market.buyer("legacy", activated_at="2026-11-15T11:20:00Z")
    assert market.statuses(record(buyer, HOUR)) == ["CustomerNotSubscribed"]
    assert market.statuses(record(buyer, HOUR + timedelta(minutes=20))) == ["Success"]


@pytest.mark.parametrize("kind", ["license", "legacy"])
def test_a_buyer_who_never_started_is_not_subscribed(market: Market, kind: str) -> None:
    """botocore model, UsageRecordResult: no "active agreement or subscription"."""
    buyer = market.buyer(kind, activated_at=None)
    assert market.statuses(record(buyer)) == ["CustomerNotSubscribed"]
    market.admin.activate(buyer["id"], "2026-11-15T11:00:00Z")
    assert market.statuses(record(buyer)) == ["Success"]


@pytest.mark.parametrize("kind", ["license", "legacy"])
def test_after_the_end_final_records_are_taken_for_one_hour(market: Market, kind: str) -> None:
    """User guide, SaaS notifications: about an hour after unsubscribe-pending, License Deprovisioned; then none."""
    buyer = market.buyer(kind)
    market.admin.end(buyer["id"], "2026-11-15T11:30:00Z")
    market.clock.moment = NOW - SECOND
    in_the_grace = HOUR + timedelta(hours=1)
    assert market.statuses(record(buyer), record(buyer, in_the_grace)) == ["Success", "Success"]
    market.clock.moment = NOW
    assert market.statuses(record(buyer, dimension="gb")) == ["CustomerNotSubscribed"]


@pytest.mark.parametrize("kind", ["license", "legacy"])
def test_not_subscribed_is_answered_before_duplicate(market: Market, kind: str) -> None:
    """The strict order: a record that is on file looks refused once its buyer has left."""
    buyer = market.buyer(kind)
    assert market.statuses(record(buyer)) == ["Success"]
    market.admin.end(buyer["id"], "2026-11-15T11:20:00Z")
    assert market.statuses(record(buyer), record(buyer, Quantity=6)) == ["CustomerNotSubscribed"] * 2


def test_a_buyer_who_came_back_is_metered_in_both_periods_but_not_between(market: Market) -> None:
    """botocore model, InvalidLicenseException: within "the license activation period"."""
    buyer = market.buyer()
    market.admin.end(buyer["id"], "2026-11-15T08:00:00Z")
    market.admin.activate(buyer["id"], "2026-11-15T11:00:00Z")
    assert market.statuses(record(buyer, HOUR - timedelta(hours=4)), record(buyer, HOUR)) == ["Success", "Success"]
    with pytest.raises(market.metering.exceptions.InvalidLicenseException):
        market.send(record(buyer, HOUR - timedelta(hours=1)))


def test_a_buyer_of_another_product_is_not_subscribed_to_this_one(market: Market) -> None:
    """botocore model, UsageRecordResult: no active subscription "with this product"."""
    market.product("prod-code-2")
    buyer = market.buyer("legacy", code="prod-code-2")
    assert market.statuses(record(buyer), code=PRODUCT) == ["CustomerNotSubscribed"]
