"""What an app may tune, and what it can ask a client."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Aggregation = Literal["sum", "distinct", "max"]

#: How the product adds a dimension up; must say the same as the stage file of the metering system.
DIMENSIONS: Mapping[str, Aggregation] = {
    "workflow_executions": "sum",
    "active_users": "distinct",
    "data_processed_gb": "sum",
    "api_calls": "sum",
    "worklet_invocations": "sum",
}

#: The metering system accepts usage so many seconds outside a subscription, or ahead; merged calls may not differ by
#: more.
TOLERANCE = 300.0
DAY = 86400.0

#: Gets the event as it was sent, the reason (a stable word) and what it means.
OnRefused = Callable[[Mapping[str, Any], str, str], None]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """flush_interval: seconds for which like calls are merged; then they are sent. At most 300.

    sync: what a call that returned survives. ``interval``: the end of the process, however it ends; a power cut may
    take the calls of the last flush interval. ``call``: a power cut too (fsync before each return).

    max_spool_bytes: most that the directory holds for events that are not yet delivered. A quarter of it is theirs,
    the rest is SQLite's. The processes of a directory should say the same.

    when_full_wait: seconds for which a call waits for room before it raises SpoolFull; 0 raises at once.

    keep: seconds for which an event that was answered ``retry_later`` is kept before it is given up (named
    ``gave_up``). Events that could not be delivered at all are kept until they can.

    remembered_users: how many counted users the client remembers, so that it does not send them again.

    refused_bytes: size of the file of refused events, of which there are at most two.
    """

    dimensions: Mapping[str, Aggregation] = field(default_factory=lambda: dict(DIMENSIONS))
    flush_interval: float = 30.0
    sync: Literal["interval", "call"] = "interval"
    max_spool_bytes: int = 64 * 1024 * 1024
    when_full_wait: float = 5.0
    keep: float = DAY
    remembered_users: int = 100_000
    refused_bytes: int = 8 * 1024 * 1024
    first_backoff: float = 1.0
    longest_backoff: float = 300.0

    def __post_init__(self) -> None:
        wrong = {a for a in self.dimensions.values() if a not in ("sum", "distinct", "max")}
        if wrong:
            raise ValueError(f"dimensions: an aggregation is sum, distinct or max, not {sorted(wrong)}")
        if not 0 < self.flush_interval <= TOLERANCE:
            raise ValueError("flush_interval must be more than 0 and at most 300 seconds")
        if self.sync not in ("interval", "call"):
            raise ValueError('sync must be "interval" or "call"')
        if self.max_spool_bytes < 4 * 1024 * 1024:
            raise ValueError("max_spool_bytes must be at least 4 MiB")
        if self.remembered_users < 1 or self.refused_bytes < 1 or self.keep < 0 or self.when_full_wait < 0:
            raise ValueError("remembered_users, refused_bytes: at least 1; keep, when_full_wait: not negative")
        if not 0 < self.first_backoff <= self.longest_backoff:
            raise ValueError("first_backoff must be more than 0 and at most longest_backoff")


@dataclass
class Stats:
    """What a client has done since it was made, and what its directory holds now.

    calls: calls of the app that were accepted. requests, failed_requests: to the metering system. All other counts are
    of events. The directory holds for all its processes: pending (frozen events), open_groups (events that calls may
    still join), live_bytes, oldest (epoch seconds of the oldest pending event).

    merged: calls that joined an event that was there. repeated_users: calls for a user that is known to be counted.
    refused: by reason. waiting_calls: calls that found the spool full; full: of these, raised SpoolFull.

    adopted: events that the client took over from processes that are gone. torn: journals of an old version whose last
    line is cut off; its call had not returned. damaged: rows, ranges of rows and lines that could not be read.
    sync_failures: syncs that failed, so that a power cut may take what was recorded. last_error: why nothing could be
    sent, "" once it could. last_trace_id: of the last request that was answered, as the metering system's logs and its
    stored events have it.
    """

    calls: int = 0
    merged: int = 0
    repeated_users: int = 0
    waiting_calls: int = 0
    full: int = 0
    requests: int = 0
    failed_requests: int = 0
    recorded: int = 0
    voided: int = 0
    duplicate: int = 0
    queued: int = 0
    retry_later: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    adopted: int = 0
    torn: int = 0
    damaged: int = 0
    sync_failures: int = 0
    last_error: str = ""
    last_trace_id: str = ""
    pending: int = 0
    open_groups: int = 0
    live_bytes: int = 0
    oldest: float | None = None
