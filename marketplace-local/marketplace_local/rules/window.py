"""The time window and the subscription. A timestamp out of bounds rejects the whole batch (W06)."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from marketplace_local.catalogue import Buyer
from marketplace_local.errors import ServiceError
from marketplace_local.rules.usage_record import UsageRecord

UsageAfterEnd = Literal["Success", "InvalidLicenseException"]

DAY_SECONDS = 24 * 3600
OLDEST_SECONDS = DAY_SECONDS
MONTH_GRACE_SECONDS = 6 * 3600
#: Rule W11.
END_GRACE_SECONDS = 3600


def in_bounds(record: UsageRecord, now: float) -> None:
    """All rules on a timestamp by itself, in the order in which they are judged. Raises the first one's error."""
    not_in_the_future(record, now)
    under_24_hours_old(record, now)
    previous_month_until_six(record, now)


def not_in_the_future(record: UsageRecord, now: float) -> None:
    """Rule W03. Raises TimestampOutOfBoundsException if the timestamp is later than ``now`` (epoch seconds)."""
    if record.timestamp > now:
        raise ServiceError("TimestampOutOfBoundsException", "the timestamp lies in the future", rule="W03")


def under_24_hours_old(record: UsageRecord, now: float) -> None:
    """Rules W01, W05. Raises TimestampOutOfBoundsException if the timestamp's hour began 24 hours ago or earlier."""
    if now - counted_from(record) >= OLDEST_SECONDS:
        raise ServiceError(
            "TimestampOutOfBoundsException", "the timestamp's hour began 24 hours ago or earlier", rule="W01"
        )


def counted_from(record: UsageRecord) -> float:
    """Rule W02: the moment from which a record's age is counted, in epoch seconds."""
    return record.hour


def previous_month_until_six(record: UsageRecord, now: float) -> None:
    """Rule W04. Raises TimestampOutOfBoundsException for usage of last month from 06:00 UTC on the 1st."""
    month_start = _month_start(int(now // DAY_SECONDS))
    if record.timestamp < month_start and now >= month_start + MONTH_GRACE_SECONDS:
        raise ServiceError(
            "TimestampOutOfBoundsException", "the previous month was closed at 06:00 UTC on the 1st", rule="W04"
        )


def not_before_activation(record: UsageRecord, buyer: Buyer) -> None:
    """Rules W07, W08. Raises InvalidLicenseException if the usage lies before the licence's activation. A licence that
    was never activated is not subscribed instead (W10)."""
    if record.license_arn and not _in_force(buyer, record.timestamp) and _starts_later(buyer, record.timestamp):
        raise ServiceError("InvalidLicenseException", "the usage lies before the licence's activation", rule="W07")


def not_after_end(record: UsageRecord, buyer: Buyer) -> None:
    """Rule W16, one of two readings (setting usageAfterEnd). Raises InvalidLicenseException if the usage lies after the
    licence's end."""
    moment = record.timestamp
    ended = any(period.end is not None and period.end <= moment for period in buyer.periods)
    running = any(period.start <= moment and (period.end is None or moment < period.end) for period in buyer.periods)
    if record.license_arn and ended and not running:
        raise ServiceError("InvalidLicenseException", "the usage lies after the licence's end", rule="W16")


def why_not_subscribed(record: UsageRecord, buyer: Buyer, product_code: str, now: float) -> str:
    """The id of the rule by which the answer is CustomerNotSubscribed, "" if the buyer is subscribed."""
    if is_suspended(buyer):
        return "W13"
    if not is_of_product(buyer, product_code):
        return "I14"
    if not _in_force(buyer, now):
        return "W12" if any(period.start <= now for period in buyer.periods) else "W10"
    return "" if began_before(record, buyer) else "W09"


def is_suspended(buyer: Buyer) -> bool:
    """Rule W13: whether AWS suspended the buyer's account."""
    return buyer.suspended


def is_of_product(buyer: Buyer, product_code: str) -> bool:
    """Rule I14: whether the buyer bought this product."""
    return buyer.product_code == product_code


def began_before(record: UsageRecord, buyer: Buyer) -> bool:
    """Rule W09: whether an agreement was in force at the record's time; licences always pass, since
    ``not_before_activation`` has judged them."""
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
