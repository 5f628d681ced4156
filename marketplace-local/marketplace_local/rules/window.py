"""When usage is taken: not in the future, under 24 hours old, the previous month until 06:00 UTC on the 1st.

What is out of bounds rejects the whole batch ("the entire batch is not processed", botocore model,
TimestampOutOfBoundsException).
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from marketplace_local.catalogue import Buyer
from marketplace_local.errors import ApiError
from marketplace_local.rules.usage_record import UsageRecord

UsageAfterEnd = Literal["Success", "InvalidLicenseException"]

DAY_SECONDS = 24 * 3600
OLDEST_SECONDS = DAY_SECONDS
MONTH_GRACE_SECONDS = 6 * 3600
#: after an agreement's end final records are taken for about one hour (user guide, SaaS notifications:
#: unsubscribe-pending; License Deprovisioned)
END_GRACE_SECONDS = 3600


def in_bounds(record: UsageRecord, now: float) -> None:
    """All rules on a timestamp by itself, in the order in which they are judged."""
    not_in_the_future(record, now)
    under_24_hours_old(record, now)
    previous_month_until_six(record, now)


def not_in_the_future(record: UsageRecord, now: float) -> None:
    """A timestamp later than now is out of bounds. That there is no allowance for skewed clocks is undocumented."""
    if record.timestamp > now:
        raise ApiError("TimestampOutOfBoundsException", "the timestamp lies in the future")


def under_24_hours_old(record: UsageRecord, now: float) -> None:
    """botocore model, BatchMeterUsage: records "aren't accepted 24 hours or more after an event"."""
    if now - counted_from(record) >= OLDEST_SECONDS:
        raise ApiError("TimestampOutOfBoundsException", "the timestamp's hour began 24 hours ago or earlier")


def counted_from(record: UsageRecord) -> float:
    """The moment from which a record's age is counted: the start of its hour.

    The botocore model says "after an event"; an integrator saw the older limit measured by whole hours. A record inside
    an hour (a licence activated there) so expires up to an hour earlier, which is the reading that loses more.
    """
    return record.hour


def previous_month_until_six(record: UsageRecord, now: float) -> None:
    """botocore model, BatchMeterUsage: accepted "until 06:00 UTC on the first day of the next month", then rejected
    "regardless of the normal 24-hour submission window".
    """
    month_start = _month_start(int(now // DAY_SECONDS))
    if record.timestamp < month_start and now >= month_start + MONTH_GRACE_SECONDS:
        raise ApiError("TimestampOutOfBoundsException", "the previous month was closed at 06:00 UTC on the 1st")


def not_before_activation(record: UsageRecord, buyer: Buyer) -> None:
    """Usage before an activation of the licence: InvalidLicenseException, for the whole batch.

    botocore model: InvalidLicenseException ("usage is within the license activation period") and UsageRecord.Timestamp
    ("not before the start of the software usage"). A licence that was never activated is *not subscribed* instead.
    """
    if record.license_arn and not _in_force(buyer, record.timestamp) and _starts_later(buyer, record.timestamp):
        raise ApiError("InvalidLicenseException", "the usage lies before the licence's activation")


def not_after_end(record: UsageRecord, buyer: Buyer) -> None:
    """Usage of a licence from after its end: InvalidLicenseException, for the whole batch, by one of two readings.

    botocore model, InvalidLicenseException: "usage is within the license activation period". By the other reading it is
    taken in the final hour: AWS skill's last flush holds the running hour.
    """
    moment = record.timestamp
    ended = any(period.end is not None and period.end <= moment for period in buyer.periods)
    running = any(period.start <= moment and (period.end is None or moment < period.end) for period in buyer.periods)
    if record.license_arn and ended and not running:
        raise ApiError("InvalidLicenseException", "the usage lies after the licence's end")


def subscribed(record: UsageRecord, buyer: Buyer, product_code: str, now: float) -> bool:
    """False: CustomerNotSubscribed. The buyer has an agreement with this product in force (or ended within the hour).

    botocore model, UsageRecordResult; user guide, SaaS notifications (one hour for final records after the end, then no
    more). Legacy usage from before the subscription "is not honoured" (user guide, SaaS subscriptions).
    """
    return (
        not is_suspended(buyer)
        and is_of_product(buyer, product_code)
        and _in_force(buyer, now)
        and began_before(record, buyer)
    )


def is_suspended(buyer: Buyer) -> bool:
    """botocore model, UsageRecordResult: "The customer's Amazon Web Services account was suspended"."""
    return buyer.suspended


def is_of_product(buyer: Buyer, product_code: str) -> bool:
    """botocore model, UsageRecordResult: an active agreement or subscription "with this product"."""
    return buyer.product_code == product_code


def began_before(record: UsageRecord, buyer: Buyer) -> bool:
    """Legacy: the usage lies in a subscription. Licences: ``not_before_activation`` has judged it."""
    return bool(record.license_arn) or _in_force(buyer, record.timestamp)


def _in_force(buyer: Buyer, moment: float) -> bool:
    for period in buyer.periods:
        if period.start <= moment and (period.end is None or moment < period.end + END_GRACE_SECONDS):
            return True
    return False


def _starts_later(buyer: Buyer, moment: float) -> bool:
    return any(period.start > moment for period in buyer.periods)


@lru_cache(maxsize=64)
def _month_start(day: int) -> float:
    """The start of the month of a day since the epoch."""
    return datetime.fromtimestamp(day * DAY_SECONDS, UTC).replace(day=1).timestamp()
