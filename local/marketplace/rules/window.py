"""When usage is taken: not in the future, under 24 hours old, the previous month until 06:00 UTC on the 1st."""

from datetime import UTC, datetime

from local.marketplace.catalogue import Buyer
from local.marketplace.errors import ApiError
from local.marketplace.rules.usage_record import UsageRecord

OLDEST_SECONDS = 24 * 3600
MONTH_GRACE_SECONDS = 6 * 3600
#: after an agreement's end final records are taken for about one hour (user guide, SaaS notifications:
#: unsubscribe-pending; License Deprovisioned)
END_GRACE_SECONDS = 3600


def not_in_the_future(record: UsageRecord, now: float) -> None:
    """A timestamp later than now is out of bounds. That there is no allowance for skewed clocks is undocumented."""
    if record.timestamp > now:
        raise ApiError("TimestampOutOfBoundsException", "the timestamp lies in the future")


def under_24_hours_old(record: UsageRecord, now: float) -> None:
    """botocore model, BatchMeterUsage: records "aren't accepted 24 hours or more after an event"."""
    if now - record.timestamp >= OLDEST_SECONDS:
        raise ApiError("TimestampOutOfBoundsException", "the timestamp is 24 hours old or older")


def previous_month_until_six(record: UsageRecord, now: float) -> None:
    """botocore model, BatchMeterUsage: accepted "until 06:00 UTC on the first day of the next month", then rejected
    "regardless of the normal 24-hour submission window".
    """
    month_start = datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()
    if record.timestamp < month_start and now >= month_start + MONTH_GRACE_SECONDS:
        raise ApiError("TimestampOutOfBoundsException", "the previous month was closed at 06:00 UTC on the 1st")


def not_before_activation(record: UsageRecord, buyer: Buyer) -> None:
    """Usage before an activation of the licence: InvalidLicenseException, for the whole batch.

    botocore model: InvalidLicenseException ("usage is within the license activation period") and UsageRecord.Timestamp
    ("not before the start of the software usage"). A licence that was never activated is *not subscribed* instead.
    """
    if record.license_arn and not _in_force(buyer, record.timestamp) and _starts_later(buyer, record.timestamp):
        raise ApiError("InvalidLicenseException", "the usage lies before the licence's activation")


def subscribed(record: UsageRecord, buyer: Buyer, product_code: str, now: float) -> bool:
    """False: CustomerNotSubscribed. The buyer has no agreement with this product in force (or ended within the hour).

    botocore model, UsageRecordResult; user guide, SaaS notifications (one hour for final records after the end, then no
    more). Legacy usage from before the subscription "is not honoured" (user guide, SaaS subscriptions).
    """
    if buyer.product_code != product_code or not _in_force(buyer, now):
        return False
    return bool(record.license_arn) or _in_force(buyer, record.timestamp)


def _in_force(buyer: Buyer, moment: float) -> bool:
    return any(
        period.start <= moment and (period.end is None or moment < period.end + END_GRACE_SECONDS)
        for period in buyer.periods
    )


def _starts_later(buyer: Buyer, moment: float) -> bool:
    return any(period.start > moment for period in buyer.periods)


#: judged for each record, in this order; any of them rejects the whole batch ("the entire batch is not processed",
#: botocore model, TimestampOutOfBoundsException)
WINDOW_RULES = (not_in_the_future, under_24_hours_old, previous_month_until_six)
