"""An hour: the epoch seconds of its start, UTC. The unit in which Marketplace deduplicates usage."""

from datetime import UTC, datetime

SECONDS = 3600


def hour_of(seconds: float) -> int:
    """The hour that a moment lies in."""
    return int(seconds // SECONDS) * SECONDS


def month_of(seconds: float) -> str:
    """The UTC month a moment lies in, ``2026-11``: the period of distinct users and of monthly allowances."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m")


def next_month_start(seconds: float) -> int:
    """The first second of the UTC month after the one a moment lies in."""
    moment = datetime.fromtimestamp(seconds, UTC)
    year, month = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp())
