"""State 1, find due hours: every pending record of a closed hour, page by page, oldest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

from ledger.hour import SECONDS, hour_of
from ledger.metering_records import MeteringRecords, RecordKey
from metering.keys import parse_record_key, record_key

CHUNK = 10
#: keys of one page: the workflow's state is limited to 256 KB, and every line of the page has its key in it
MAX_LINES = 2000
MAX_KEYS = 400


@dataclass(frozen=True)
class DueHours:
    """One page. ``cursor``: the last key of it, from which the next page goes on; ``more``: whether there is one."""

    keys: tuple[RecordKey, ...]
    more: bool

    def payload(self) -> dict[str, Any]:
        texts = [record_key(key) for key in self.keys]
        chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
        return {"chunks": chunks, "cursor": texts[-1] if texts else None, "more": self.more}


def last_due_hour(now: float, seal_delay_minutes: int, wanted: float | None) -> int:
    """The newest hour to meter: closed and past the seal delay; or the one wanted, if it is closed."""
    if wanted is not None:
        return min(hour_of(wanted), hour_of(now) - SECONDS)
    return hour_of(now - 60 * seal_delay_minutes) - SECONDS


def due_page(keys: Iterable[RecordKey], cursor: str | None, dimensions: int) -> DueHours:
    """The next page after the cursor, oldest hour first, then by customer; every key once."""
    size = max(1, min(MAX_KEYS, MAX_LINES // max(1, dimensions)))
    after = _order(parse_record_key(cursor)) if cursor else None
    due = {_order(key) for key in keys}
    page = nsmallest(size + 1, (entry for entry in due if after is None or entry > after))
    return DueHours(tuple((customer, hour) for hour, customer in page[:size]), len(page) > size)


def find_due_hours(
    records: MeteringRecords,
    *,
    now: float,
    seal_delay_minutes: int,
    wanted: float | None,
    cursor: str | None,
    dimensions: int,
) -> DueHours:
    """Read the whole pending index (every shard, every page) and return one page of what is due."""
    last = last_due_hour(now, seal_delay_minutes, wanted)
    return due_page(records.pending_keys(last), cursor, dimensions)


def _order(key: RecordKey) -> tuple[int, str]:
    return key[1], key[0]
