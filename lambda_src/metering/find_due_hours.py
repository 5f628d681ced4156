"""State 1, find due hours: every pending record of a closed hour, page by page, oldest first."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger.hour import SECONDS, hour_of
from ledger.metering_records import MeteringRecords
from ledger.pending_page import Place, RecordKey
from metering.keys import line_key, record_key

CHUNK = 10
#: keys of one page at most
MAX_KEYS = 400
#: bytes of the keys of a page's lines: every one travels through the workflow's state, which takes 256 KiB
#: (Step Functions quotas)
MAX_BYTES = 180_000


@dataclass(frozen=True)
class DueHours:
    """One page. ``cursor``: by shard of the index, the place from which the next page goes on; empty after the last."""

    keys: tuple[RecordKey, ...]
    cursor: Mapping[str, Place] = field(default_factory=dict)

    @property
    def more(self) -> bool:
        return bool(self.cursor)

    def payload(self) -> dict[str, Any]:
        texts = [record_key(key) for key in self.keys]
        chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
        cursor = {value: list(place) for value, place in self.cursor.items()}
        # history events: seal and settle take 7 each for a chunk (Step Functions, LambdaInvoke in an inline Map)
        return {"chunks": chunks, "cursor": cursor or None, "more": self.more, "events": 14 * len(chunks)}


def last_due_hour(now: float, seal_delay_minutes: int, wanted: float | None) -> int:
    """The newest hour to meter: closed and past the seal delay; or the one wanted, if it is closed."""
    if wanted is not None:
        return min(hour_of(wanted), hour_of(now) - SECONDS)
    return hour_of(now - 60 * seal_delay_minutes) - SECONDS


class Room:
    """What still fits a page of ``most`` keys. dimensions: names of those that a record may have a line for."""

    def __init__(self, dimensions: Sequence[str], most: int = MAX_KEYS) -> None:
        self._dimensions = dimensions
        self._most = most
        self._keys = 0
        self._bytes = 0

    def fits(self, key: RecordKey) -> bool:
        """Takes a key in, if there is room for it; a page has one at least, whatever its size."""
        size = sum(len(json.dumps(line_key((*key, name)))) + 1 for name in self._dimensions)
        if self._keys and (self._keys == self._most or self._bytes + size > MAX_BYTES):
            return False
        self._keys += 1
        self._bytes += size
        return True


def find_due_hours(
    records: MeteringRecords,
    *,
    now: float,
    seal_delay_minutes: int,
    wanted: float | None,
    cursor: Mapping[str, Place] | None,
    dimensions: Sequence[str],
    most: int = MAX_KEYS,
) -> DueHours:
    """One page of what is due, of ``most`` keys: of every shard, each key of the index once in a run."""
    last = last_due_hour(now, seal_delay_minutes, wanted)
    keys, places = records.pending_page(last, cursor, fits=Room(dimensions, most).fits, read=most + 1)
    return DueHours(tuple(keys), places)
