"""State 1, find due hours: every pending record of a closed hour, page by page, oldest first."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.metering_records import MeteringRecords
from ledger.reading import Cursor, RecordKey
from marketplace.hour import SECONDS, hour_of
from marketplace.products import Products
from metering.run import in_chunks, record_key
from metering.sizes import KEYS_BYTES, PAGE_BYTES, PAGE_KEYS

#: Events of the execution's history for each group of keys: sealing and settling take 7 each (Step Functions,
#: LambdaInvoke in an inline Map).
EVENTS_PER_CALL = 14


@dataclass(frozen=True)
class DueHours:
    """One page. cursor: for each shard of the index, where the next page goes on; empty after the last page."""

    keys: tuple[RecordKey, ...]
    cursor: Mapping[str, Cursor] = field(default_factory=dict)

    @property
    def more(self) -> bool:
        """Whether another page follows."""
        return bool(self.cursor)

    def payload(self) -> dict[str, Any]:
        """The page as the workflow takes it: ``chunks`` of keys, ``cursor``, ``more`` and history ``events``."""
        chunks = in_chunks(self.keys)
        cursor = {shard: list(last) for shard, last in self.cursor.items()}
        return {
            "chunks": chunks,
            "cursor": cursor or None,
            "more": self.more,
            "events": EVENTS_PER_CALL * len(chunks),
        }


def last_due_hour(now: float, seal_delay_minutes: int, wanted: float | None) -> int:
    """The newest hour to meter: closed and past the seal delay; or the one wanted, but none that
    is still open. Epoch seconds."""
    if wanted is not None:
        return min(hour_of(wanted), hour_of(now) - SECONDS)
    return hour_of(now - 60 * seal_delay_minutes) - SECONDS


class PageLimit:
    """Counts a page's keys and bytes. products: a record has lines of one product's dimensions, which may be any."""

    def __init__(self, products: Products, most: int = PAGE_KEYS) -> None:
        # Each name and each key has its comma, colon and brackets.
        self._names_size = max(sum(len(json.dumps(name)) + 1 for name in each.dimensions) for each in products) + 5
        self._most = most
        self._keys = 0
        self._bytes = 0
        self._keys_bytes = 0

    def takes(self, key: RecordKey) -> bool:
        """Counts the key if the page can hold it, and says so; a page takes its first key whatever its size."""
        # The key stands in a chunk and in a batch, where its dimensions follow it (``metering.send.lanes``).
        # The comma behind it counts, too.
        own = len(json.dumps(record_key(key))) + 1
        size = 2 * own + self._names_size
        is_full = self._bytes + size > PAGE_BYTES or self._keys_bytes + own > KEYS_BYTES
        if self._keys and (self._keys == self._most or is_full):
            return False
        self._keys += 1
        self._bytes += size
        self._keys_bytes += own
        return True


def find_due_hours(
    records: MeteringRecords,
    *,
    now: float,
    seal_delay_minutes: int,
    wanted: float | None,
    cursor: Mapping[str, Cursor] | None,
    products: Products,
    most: int = PAGE_KEYS,
) -> DueHours:
    """One page of at most ``most`` due keys, from every shard; a run sees each key of the index once."""
    last = last_due_hour(now, seal_delay_minutes, wanted)
    keys, next_cursor = records.pending_page(last, cursor, fits=PageLimit(products, most).takes, read=most + 1)
    return DueHours(tuple(keys), next_cursor)
