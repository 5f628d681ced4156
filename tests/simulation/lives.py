"""Marketplace's times and a subscriber's life, as the judge reads them: from the documents and the table alone."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from tests.simulation.store import Item

HOUR = 3600
DAY = 24 * HOUR
#: clocks of functions are off by so much at most
SKEW = 3
#: a customer's clock and Marketplace's may differ by so much
TOLERANCE = 300
#: a line may not be given up earlier than this before Marketplace's limit
EARLIEST_END = 15 * 60
#: usage is served for so long after the end of a period
SERVED = 45 * 60
ZERO = Decimal(0)


@lru_cache(maxsize=512)
def limit(hour: int) -> int:
    """From when on Marketplace takes no usage of an hour: 24 hours, or 06:00 UTC on the 1st."""
    moment = datetime.fromtimestamp(hour, UTC)
    month = moment.year * 12 + moment.month
    close = datetime(month // 12, month % 12 + 1, 1, 6, tzinfo=UTC)
    return min(hour + DAY, int(close.timestamp()))


@lru_cache(maxsize=4096)
def moment_of(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def month_of(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m")


def life(subscriber: Item) -> str:
    periods = [(int(p["start"]), int(p["end"]) if "end" in p else None) for p in subscriber.get("activePeriods", ())]
    return f"{subscriber.get('subscriptionStatus')}, active {periods}"


def serves(subscriber: Item, moment: float) -> bool:
    """Whether the stage accepts usage of a customer at a moment: it is active, or within the grace."""
    periods = subscriber.get("activePeriods", ())
    until = periods[-1].get("end") if periods else None
    closed = ("cancelled", "final_metering", "expired", "failed", "pending")
    in_time = until is None or int(until) + SERVED > int(moment)
    return in_time and subscriber.get("subscriptionStatus") not in closed


def known(subscriber: Item) -> bool:
    """Whether the entitlements were fetched after all notices; a cancelled customer's last ones stand."""
    fetched, notified = subscriber.get("entitlementsFetchedAt", ZERO), subscriber.get("lastNoticeAt", ZERO)
    return fetched >= notified or "acceptsUntil" in subscriber


def active_through(subscriber: Item, hour: int) -> bool:
    end = hour + HOUR
    return any(p["start"] < end and ("end" not in p or p["end"] > end) for p in subscriber.get("activePeriods", ()))
