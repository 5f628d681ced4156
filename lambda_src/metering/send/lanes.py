"""Batches as they travel from planning to the submitter: in lanes, each of which one call of the submitter sends.

A batch is ``{record's key: [dimension, …]}``, since a record's key is most of its lines' names.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any

from metering.run import LineKey, parse_record_key, record_key
from metering.sizes import LANE_SECONDS, LANES_BYTES, PAGE_LANES

#: Events of the execution's history that a lane takes at most: tried by all retries of a full function, and left.
EVENTS_PER_LANE = 40

#: A batch as JSON.
BatchPayload = dict[str, list[str]]


def batch_payload(batch: Iterable[LineKey]) -> BatchPayload:
    """The batch as it travels; lines keep their order within a record."""
    payload: BatchPayload = {}
    for customer, hour, dimension in batch:
        payload.setdefault(record_key((customer, hour)), []).append(dimension)
    return payload


def parse_batch(payload: Mapping[str, Any]) -> list[LineKey]:
    """The inverse of ``batch_payload``. Raises ValueError."""
    return [(*parse_record_key(key), str(dimension)) for key, names in payload.items() for dimension in names]


def that_fit(batches: Iterable[BatchPayload], most: int = LANES_BYTES) -> list[BatchPayload]:
    """The first batches, as many as fit into so many bytes; at least one."""
    taken: list[BatchPayload] = []
    size = 0
    for batch in batches:
        size += len(json.dumps(batch)) + 2
        if taken and size > most:
            break
        taken.append(batch)
    return taken


def lane_size(calls_per_second: float, copies: int) -> int:
    """Batches that one copy of the submitter sends in ``LANE_SECONDS``."""
    return max(1, round(LANE_SECONDS * calls_per_second / copies))


def lane_length(batches: int, calls_per_second: float, copies: int) -> int:
    """The most batches of a lane: what a copy sends in its time, or more where a page would have too many lanes."""
    return max(lane_size(calls_per_second, copies), ceil(batches / PAGE_LANES))


def in_lanes(batches: Sequence[BatchPayload], *, copies: int, most: int) -> list[list[BatchPayload]]:
    """Lanes of at most so many batches, the most urgent batches in the first lanes.

    Every copy gets as many lanes as any other, and lanes of a round are equally long but for one batch, so that all
    copies end a page at the same time.
    """
    if not batches:
        return []
    rounds = ceil(len(batches) / (copies * most))
    share = ceil(len(batches) / (rounds * copies)) * copies
    of_rounds = [batches[start : start + share] for start in range(0, len(batches), share)]
    return [list(one[n::copies]) for one in of_rounds for n in range(min(copies, len(one)))]
