"""State 1, find due hours: every pending record of a closed hour, page by page, oldest first."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

from ledger.hour import SECONDS, hour_of
from ledger.metering_records import MeteringRecords, RecordKey
from metering.keys import line_key, parse_record_key, record_key

CHUNK = 10
#: keys of one page at most
MAX_KEYS = 400
#: bytes of the keys of a page's lines: every one travels through the workflow's state, which takes 256 KiB
#: (Step Functions quotas)
MAX_BYTES = 180_000


@dataclass(frozen=True)
class DueHours:
    """One page. ``cursor``: the last key of it, from which the next page goes on; ``more``: whether there is one."""

    keys: tuple[RecordKey, ...]
    more: bool

    def payload(self) -> dict[str, Any]:
        texts = [record_key(key) for key in self.keys]
        chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
        # history events: seal and settle take 7 each for a chunk (Step Functions, LambdaInvoke in an inline Map)
        return {"chunks": chunks, "cursor": texts[-1] if texts else None, "more": self.more, "events": 14 * len(chunks)}


def last_due_hour(now: float, seal_delay_minutes: int, wanted: float | None) -> int:
    """The newest hour to meter: closed and past the seal delay; or the one wanted, if it is closed."""
    if wanted is not None:
        return min(hour_of(wanted), hour_of(now) - SECONDS)
    return hour_of(now - 60 * seal_delay_minutes) - SECONDS


def due_page(keys: Iterable[RecordKey], cursor: str | None, dimensions: Sequence[str]) -> DueHours:
    """The next page after the cursor, oldest hour first, then by customer; every key once.

    dimensions: names of those that a record may have a line for.
    """
    after = _order(parse_record_key(cursor)) if cursor else None
    due = {_order(key) for key in keys}
    nearest = nsmallest(MAX_KEYS + 1, (entry for entry in due if after is None or entry > after))
    page: list[RecordKey] = []
    size = 0
    for hour, customer in nearest[:MAX_KEYS]:
        size += _bytes_of_lines((customer, hour), dimensions)
        if page and size > MAX_BYTES:
            break
        page.append((customer, hour))
    return DueHours(tuple(page), len(page) < len(nearest))


def _bytes_of_lines(key: RecordKey, dimensions: Sequence[str]) -> int:
    return sum(len(json.dumps(line_key((*key, name)))) + 1 for name in dimensions)


def find_due_hours(
    records: MeteringRecords,
    *,
    now: float,
    seal_delay_minutes: int,
    wanted: float | None,
    cursor: str | None,
    dimensions: Sequence[str],
) -> DueHours:
    """Read the whole pending index (every shard, every page) and return one page of what is due."""
    last = last_due_hour(now, seal_delay_minutes, wanted)
    return due_page(records.pending_keys(last), cursor, dimensions)


def _order(key: RecordKey) -> tuple[int, str]:
    return key[1], key[0]
