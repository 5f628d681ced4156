"""The time window and the subscription."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from marketplace_local.catalogue import Buyer
from marketplace_local.metering import batch_meter_usage
from marketplace_local.rules import window
from tests.marketplace_local.market import HOUR, NOW, Market, record
from tests.marketplace_local.rules.rule import Switch, rule, without

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
FIRST_OF_MONTH = datetime(2026, 12, 1, tzinfo=UTC)
TOO_LATE = "TimestampOutOfBoundsException"


def one_by_one(state: Any, body: dict[str, Any], *rest: Any) -> dict[str, Any]:
    """Processes a batch record by record, up to the bad one."""
    answers = [batch_meter_usage(state, {**body, "UsageRecords": [entry]}, *rest) for entry in body["UsageRecords"]]
    return {name: [entry for answer in answers for entry in answer[name]] for name in ("Results", "UnprocessedRecords")}


#: switches off that one bad record rejects the whole batch
record_by_record: Switch = without("api:batch_meter_usage", one_by_one)


@rule("W01", without("rules.window:under_24_hours_old"))
def test_usage_is_taken_for_less_than_24_hours(market: Market) -> None:
    buyer = market.buyer()
    market.clock.moment = HOUR + DAY
    market.refused(TOO_LATE, record(buyer))
    market.clock.moment = HOUR + DAY - SECOND
    assert market.statuses(record(buyer)) == ["Success"]


@rule("W02", without("rules.window:counted_from", lambda sent: sent.timestamp))
def test_age_is_counted_from_the_start_of_the_hour(market: Market) -> None:
    buyer = market.buyer()
    inside = record(buyer, HOUR + timedelta(minutes=40))
    market.clock.moment = HOUR + DAY
    market.refused(TOO_LATE, inside)
    market.clock.moment = HOUR + DAY - SECOND
    assert market.statuses(inside) == ["Success"]


@rule("W03", without("rules.window:not_in_the_future"))
def test_usage_of_the_future_is_refused(market: Market) -> None:
    buyer = market.buyer()
    market.refused(TOO_LATE, record(buyer, NOW + SECOND))
    assert market.statuses(record(buyer, NOW)) == ["Success"]


@rule("W04", without("rules.window:previous_month_until_six"))
def test_the_previous_month_is_taken_until_six_on_the_first(market: Market) -> None:
    buyer = market.buyer()
    late = FIRST_OF_MONTH - SECOND
    market.clock.moment = FIRST_OF_MONTH + timedelta(hours=6) - SECOND
    assert market.statuses(record(buyer, late)) == ["Success"]
    market.clock.moment += SECOND
    market.refused(TOO_LATE, record(buyer, late, "gb"))
    assert market.statuses(record(buyer, FIRST_OF_MONTH)) == ["Success"]


def _grace_for_the_whole_month(sent: Any, now: float) -> None:
    if sent.timestamp >= FIRST_OF_MONTH.timestamp():
        _under_24_hours_old(sent, now)


_under_24_hours_old = window.under_24_hours_old


@rule("W05", without("rules.window:under_24_hours_old", _grace_for_the_whole_month))
def test_the_months_grace_does_not_lengthen_the_24_hours(market: Market) -> None:
    buyer = market.buyer()
    market.clock.moment = FIRST_OF_MONTH + timedelta(hours=5)
    market.refused(TOO_LATE, record(buyer, FIRST_OF_MONTH - timedelta(hours=19)))
    assert market.statuses(record(buyer, FIRST_OF_MONTH - timedelta(hours=18))) == ["Success"]


@rule("W06", record_by_record)
def test_one_bad_timestamp_rejects_the_whole_batch(market: Market) -> None:
    buyer = market.buyer()
    market.refused(TOO_LATE, record(buyer), record(buyer, NOW - 2 * DAY))
    assert market.admin.summary()["rejected"] == 2


@rule("W07", without("rules.window:not_before_activation"))
def test_usage_before_the_licences_activation_rejects_the_batch(market: Market) -> None:
    buyer, good = market.buyer(activated_at="2026-11-15T11:20:00Z"), market.buyer()
    market.refused("InvalidLicenseException", record(good), record(buyer, HOUR + timedelta(minutes=20) - SECOND))
    assert market.statuses(record(buyer, HOUR + timedelta(minutes=20))) == ["Success"]


def _before_the_first_only(buyer: Buyer, moment: float) -> bool:
    return buyer.periods[0].start > moment


@rule("W08", without("rules.window:_starts_later", _before_the_first_only))
def test_usage_between_two_agreements_rejects_the_batch(market: Market) -> None:
    buyer = market.buyer()
    market.admin.end(buyer["id"], "2026-11-15T08:00:00Z")
    market.admin.activate(buyer["id"], "2026-11-15T11:00:00Z")
    market.refused("InvalidLicenseException", record(buyer, HOUR - timedelta(hours=1)))
    assert market.statuses(record(buyer, HOUR - timedelta(hours=4)), record(buyer, HOUR)) == ["Success", "Success"]


@rule("W09", without("rules.window:began_before", lambda sent, buyer: True))
def test_usage_before_a_legacy_subscription_is_not_honoured(market: Market) -> None:
    buyer = market.buyer("legacy", activated_at="2026-11-15T11:20:00Z")
    assert market.statuses(record(buyer)) == ["CustomerNotSubscribed"]
    assert market.statuses(record(buyer, HOUR + timedelta(minutes=20))) == ["Success"]


@rule("W10", without("rules.window:why_not_subscribed", lambda *_: ""))
def test_a_buyer_without_an_agreement_is_not_subscribed(market: Market) -> None:
    for buyer in (market.buyer(activated_at=None), market.buyer("legacy", activated_at=None)):
        assert market.statuses(record(buyer)) == ["CustomerNotSubscribed"]
        market.admin.activate(buyer["id"], "2026-11-15T11:00:00Z")
        assert market.statuses(record(buyer)) == ["Success"]


def _statuses_after_the_end(market: Market, seconds: int) -> list[str]:
    """The statuses of usage from before the end, sent ``seconds`` after it."""
    verdicts = []
    for kind in ("license", "legacy"):
        buyer = market.buyer(kind)
        market.clock.moment = HOUR + timedelta(minutes=30, seconds=seconds)
        market.admin.end(buyer["id"], "2026-11-15T11:30:00Z")
        verdicts += market.statuses(record(buyer))
    return verdicts


@rule("W11", without("rules.window:END_GRACE_SECONDS", 0))
def test_final_records_are_taken_for_one_hour(market: Market) -> None:
    assert _statuses_after_the_end(market, 3599) == ["Success", "Success"]


@rule("W12", without("rules.window:END_GRACE_SECONDS", 2 * 3600))
def test_an_hour_after_the_end_nothing_is_taken(market: Market) -> None:
    assert _statuses_after_the_end(market, 3600) == ["CustomerNotSubscribed", "CustomerNotSubscribed"]


@rule("W13", without("rules.window:is_suspended", lambda buyer: False))
def test_a_suspended_buyer_is_not_subscribed(market: Market) -> None:
    buyer = market.buyer()
    assert market.admin.suspend(buyer["id"])["suspended"]
    assert market.statuses(record(buyer)) == ["CustomerNotSubscribed"]
    assert not market.admin.resume(buyer["id"])["suspended"]
    assert market.statuses(record(buyer)) == ["Success"]


@rule("W14", record_by_record)
def test_errors_come_before_statuses(market: Market) -> None:
    gone = market.buyer(activated_at=None)
    market.refused("InvalidUsageDimensionException", record(gone), record(market.buyer(), dimension="other"))
    (call,) = market.admin.calls()
    assert call["results"] == []


def _ended(market: Market) -> tuple[dict[str, Any], dict[str, Any]]:
    """One record from before its licence's end and one from after it, both in the final hour."""
    buyer = market.buyer()
    market.admin.end(buyer["id"], "2026-11-15T12:00:00Z")
    return record(buyer, HOUR + timedelta(minutes=59, seconds=59)), record(buyer, HOUR + timedelta(hours=1))


def _only_before_the_end(sent: Any, buyer: Buyer, *_: object) -> str:
    return "" if any(period.end is None or sent.timestamp < period.end for period in buyer.periods) else "W15"


@rule("W15", without("rules.window:why_not_subscribed", _only_before_the_end))
def test_usage_after_the_end_is_taken_in_the_final_hour(market: Market) -> None:
    assert market.statuses(*_ended(market)) == ["Success", "Success"]


@rule("W16", without("rules.window:not_after_end"))
def test_the_other_reading_of_usage_after_the_end(market: Market) -> None:
    market.admin.set_settings(usageAfterEnd="InvalidLicenseException")
    before, after = _ended(market)
    market.refused("InvalidLicenseException", before, after)
    assert market.statuses(before) == ["Success"]


@pytest.mark.parametrize("month", range(1, 13))
def test_every_month_is_closed(market: Market, month: int) -> None:
    """W04, whatever the month's length."""
    first = datetime(2027, month, 1, tzinfo=UTC)
    buyer = market.buyer()
    market.clock.moment = first + timedelta(hours=6)
    market.refused(TOO_LATE, record(buyer, first - SECOND))
    assert market.statuses(record(buyer, first)) == ["Success"]
