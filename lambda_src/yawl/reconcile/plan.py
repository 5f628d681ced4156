"""What is committed for a chunk of found cases: which starts, for which customers, in which messages. Pure.

The plan is made anew from what is known whenever another reader was quicker, so nothing of it is kept between tries.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from yawl.engine import Engine
from yawl.reconcile.known import SEGMENT, FoundCase, FoundStart, Known, number_of
from yawl.start import Specification, Start, customer_of, usage_events
from yawl.state.ports import Change, Message

#: Bounds of a message: what ``POST /usage`` takes in events, and less than it takes in bytes (``usage.request``).
MOST_EVENTS = 100
MOST_BYTES = 200 * 1024
#: Cases with starts in a chunk, and starts of one case id.
MOST_CASES = 100
MOST_OF_ONE_ID = 200
#: Items of starts, and days of their counts, of one transaction, which takes 100 (DynamoDB quotas) with the messages.
MOST_ITEMS, MOST_DAYS = 60, 30
#: Bytes that the messages of one transaction may have: they are one item of at most 400 KB.
MOST_PARCEL = 300_000
#: Bytes that the messages of one start have at most, beside what names its specification and its launcher.
_OF_ONE_START = 1200


class Plan(NamedTuple):
    """A change, and what it counts. starts: those to be billed. old: starts from before the engine's ``since``."""

    change: Change
    starts: tuple[Start, ...] = ()
    unattributed: int = 0
    old: int = 0


def chunks(found: Iterable[FoundCase]) -> Iterator[list[FoundCase]]:
    """Cases in their order, in parts that fit one transaction and one item of messages each."""
    part: list[FoundCase] = []
    items: set[int | str] = set()
    days: set[str] = set()
    starts = size = 0
    for case in found:
        written, of_days, of_size = _items(case), {day_of(start.at_ms) for start in case.starts}, _size(case.starts)
        has_room = len(items | written) <= MOST_ITEMS and len(days | of_days) <= MOST_DAYS
        if part and not (has_room and starts + len(case.starts) <= MOST_CASES and size + of_size <= MOST_PARCEL):
            yield part
            part, items, days, starts, size = [], set(), set(), 0, 0
        part.append(case)
        items |= written
        days |= of_days
        size += of_size
        starts += min(len(case.starts), MOST_OF_ONE_ID)
    if part:
        yield part


def _items(case: FoundCase) -> set[int | str]:
    """The items that a case may write: its number's segment, and an entry of its own unless it occurred once."""
    number = number_of(case.case_id)
    segment: set[int | str] = set() if number is None else {number // SEGMENT}
    is_plain = number is not None and max(len(case.starts), case.skipped, case.listed) <= 1 and not case.given_up
    return segment if is_plain else {*segment, case.case_id}


def _size(starts: Iterable[FoundStart]) -> int:
    """Bytes that their messages have at most: each start may be a message of its own."""
    return sum(_OF_ONE_START + len(_json((start.launched_by, start.specification))) for start in starts)


def _fitting(new: Iterable[tuple[int, FoundStart]], since: float) -> list[tuple[int, FoundStart]]:
    """As many starts of one case id as fit one transaction; the next reading finds the others."""
    part: list[tuple[int, FoundStart]] = []
    days: set[str] = set()
    size = 0
    for number, start in new:
        if start.at_ms >= since * 1000:
            days.add(day_of(start.at_ms))
            size += _size([start])
        if part and (len(part) == MOST_OF_ONE_ID or len(days) > MOST_DAYS or size > MOST_PARCEL):
            break
        part.append((number, start))
    return part


def plan(cases: Sequence[FoundCase], known: Known, engine: Engine) -> Plan:
    """What has to be committed of these cases, given what is known. A start before ``since`` is committed, not billed.

    Raises nothing; a plan may be empty.
    """
    after, starts, old = known, [], 0
    started: Counter[tuple[str, int]] = Counter()
    for case in cases:
        new = _fitting(after.new_starts(case), engine.since)
        for number, found in new:
            if found.at_ms < engine.since * 1000:
                old += 1
                continue
            starts.append(_start(case.case_id, number, found))
            if found.specification is not None and found.specification.key:
                started[day_of(found.at_ms), found.specification.key] += 1
        after = after.after(case, [found for _, found in new])
    attributed = [(start, customer_of(start, engine)) for start in starts]
    change = Change(known=after.difference(known), started=started, messages=tuple(_messages(attributed, engine)))
    return Plan(change, tuple(starts), sum(customer is None for _, customer in attributed), old)


def day_of(at_ms: int) -> str:
    """The UTC day of a moment: ``2026-11-29``."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")


def usage_messages(customer: str, events: Iterable[Mapping[str, Any]]) -> Iterator[Message]:
    """Messages of one customer's usage, within their bounds."""
    for part in _parts(events):
        yield Message("usage", customer, _json({"events": part}))


def _messages(attributed: Iterable[tuple[Start, str | None]], engine: Engine) -> Iterator[Message]:
    """The messages of these starts: of usage by customer, of unattributed usage by what an attribution looks at."""
    of_customer: dict[str, list[dict[str, Any]]] = defaultdict(list)
    of_nobody: dict[tuple[str | None, Specification | None], list[dict[str, Any]]] = defaultdict(list)
    for start, customer in attributed:
        events = usage_events(start, engine, customer)
        if customer is not None:
            of_customer[customer] += events
        else:
            of_nobody[start.launched_by, start.specification] += events
    for customer, of_one in of_customer.items():
        yield from usage_messages(customer, of_one)
    for (launched_by, specification), of_one in of_nobody.items():
        facts = unattributed_facts(engine, launched_by, specification)
        for part in _parts(of_one):
            yield Message("unattributed", None, _json({"events": part, **facts}))


def unattributed_facts(engine: Engine, launched_by: str | None, specification: Specification | None) -> dict[str, Any]:
    """The fields beside ``events`` by which their customer may be found later (``yawl.reconcile.attribute_later``)."""
    named = specification._asdict() if specification is not None else None
    why = f"no customer by {engine.attributed_by}"
    return {
        "engine": engine.id,
        "epoch": engine.epoch,
        "launchedBy": launched_by,
        "specification": named,
        "why": why,
    }


def _start(case_id: str, number: int, found: FoundStart) -> Start:
    return Start(
        case_id=case_id,
        number=number,
        at_ms=found.at_ms,
        launched_by=found.launched_by,
        specification=found.specification,
    )


def _parts(events: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    part: list[Mapping[str, Any]] = []
    used = 0
    for event in events:
        size = len(_json(event)) + 1
        if part and (len(part) == MOST_EVENTS or used + size > MOST_BYTES):
            yield part
            part, used = [], 0
        part.append(event)
        used += size
    if part:
        yield part


def _json(value: object) -> str:
    """JSON in plain ASCII: SQS takes no half surrogate pairs and no control characters."""
    return json.dumps(value, separators=(",", ":"))
