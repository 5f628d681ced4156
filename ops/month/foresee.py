"""What POST /usage would say to the rows of a file now, by the rules of recording and by what is stored."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ledger.subscriber import Subscriber
from ledger.usage_events import StoredEvent
from ops.month.usage_file import FileRow, Rejected, chunks
from ops.stage import OpenStage
from ops.subscriber import read_subscriber
from usage.judge_event import judge
from usage.route_hour import route
from usage.usage_event import UsageEvent
from usage.verdict import ID_REUSED, VOIDED

#: Rows whose ids are looked up together.
AT_ONCE = 1000

#: A row, and its verdict: ``recorded``, ``late`` (recorded in a later hour than its own), ``duplicate``, or why not.
Foreseen = tuple[FileRow, str | Rejected]


def foresee(stage: OpenStage, rows: Iterable[FileRow]) -> Iterator[Foreseen]:
    """The verdict that each row would get. An event that comes twice in the file is a duplicate the second time."""
    now = stage.now()
    subscriber = lru_cache(maxsize=4096)(lambda customer: read_subscriber(stage, customer))
    closed = lru_cache(maxsize=65536)(
        lambda customer, hour: stage.records.state(customer, hour) in ("closing", "sealed")
    )
    in_file: dict[tuple[str, str], Mapping[str, Any]] = {}
    for chunk in chunks(rows, AT_ONCE):
        stored = _stored(stage, chunk, subscriber)
        for row in chunk:
            event = row.event
            if event is None:
                yield row, row.rejected or Rejected("bad_row", "")
                continue
            key = (event.customer_identifier, event.id)
            known = stored.get(key)
            if known is not None:
                yield row, _repeat(event, known.content, known.voided)
            elif key in in_file:
                yield row, _repeat(event, in_file[key], False)
            else:
                verdict = _new(event, subscriber(event.customer_identifier), closed, now)
                if isinstance(verdict, str):
                    in_file[key] = event.content
                yield row, verdict


def _stored(
    stage: OpenStage, rows: Iterable[FileRow], subscriber: Callable[[str], Subscriber | None]
) -> dict[tuple[str, str], StoredEvent]:
    """What is stored under the rows' ids, also under a customer's other keys."""
    ids: dict[str, set[str]] = {}
    for row in rows:
        if row.event is not None:
            ids.setdefault(row.event.customer_identifier, set()).add(row.event.id)
    found: dict[tuple[str, str], StoredEvent] = {}
    for customer, own in ids.items():
        known = subscriber(customer)
        linked = known.chain.linked_keys(stage.now()) if known else ()
        for key in (*linked, customer):
            events = stage.events.get_many(key, sorted(own))
            found |= {(customer, event_id): event for event_id, event in events.items()}
    return found


def _repeat(event: UsageEvent, content: Mapping[str, Any], voided: bool) -> str | Rejected:
    if voided:
        return Rejected(VOIDED.reason, VOIDED.message)
    if dict(content) != event.content:
        return Rejected(ID_REUSED.reason, ID_REUSED.message)
    return "duplicate"


def _new(
    event: UsageEvent, subscriber: Subscriber | None, closed: Callable[[str, int], bool], now: float
) -> str | Rejected:
    judged = judge(event.occurred_at, subscriber, now)
    if judged.kind != "accept":
        return Rejected(judged.reason, judged.message)
    assert subscriber is not None
    customer = event.customer_identifier
    found = route(event.occurred_at, now, subscriber.active_periods[-1].start, lambda hour: closed(customer, hour))
    return "late" if found.late else "recorded"
