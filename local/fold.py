"""Folds an event log into one simulated working day: each ISO week becomes a customer, and hours of the day stay.

A long log thereby gives many customers with real load in every hour; its busiest day alone would give one. An event of
the log becomes usage by these rules:

* an event belongs to the customer of its own week (UTC), ``2012-W03``;
* ``workflow_executions``: 1 for a case's first event;
* ``api_calls``: 1 for each event of a work item (offered, started, completed: each is a call on the engine);
* ``active_users``: 1 for a person (``org:resource``) once per customer and hour;
* ``data_processed_gb``, a stand-in, because logs do not contain it: each byte of a completed work item's attributes
  stands for 128 kB of documents; one event per case, customer and hour;
* ``worklet_invocations``, a stand-in: a work item that starts again in the same case is rework by a worklet.

A work item begins with ``start`` and ends with ``complete``; an event without a life-cycle is an end. Where a case logs
no start of a work item, its end counts as its beginning. Work items without a name may differ, so none is rework.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from local.xes import NOT_KNOWN, Case, Event

WORKFLOW_EXECUTIONS = "workflow_executions"
ACTIVE_USERS = "active_users"
DATA_PROCESSED_GB = "data_processed_gb"
API_CALLS = "api_calls"
WORKLET_INVOCATIONS = "worklet_invocations"
DIMENSIONS = (WORKFLOW_EXECUTIONS, ACTIVE_USERS, DATA_PROCESSED_GB, API_CALLS, WORKLET_INVOCATIONS)

#: The stand-in: gigabytes of documents for one byte of a completed work item's attributes.
GB_PER_BYTE = Decimal("0.000128")
STAND_INS = (
    "data_processed_gb is a stand-in: each byte of a completed work item's attributes stands for 128 kB of documents.",
    "worklet_invocations is a stand-in: a work item that starts again in its case is counted as handled by a worklet.",
)
SOURCE = "xes-replay"
MILLISECONDS_PER_HOUR = 3_600_000
_COMPLETES = frozenset({"complete", ""})
#: Control characters, which the usage API refuses in a user.
_NOT_IN_A_USER = re.compile(r"[\x00-\x1f\x7f]+")
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, order=True)
class UsageEvent:
    """One usage event of the simulated day. Events are ordered by time.

    at: milliseconds since midnight UTC. customer: the event's week, in the place of a billing key.
    """

    at: int
    customer: str
    event_id: str
    dimension: str
    quantity: Decimal = Decimal(1)
    user: str | None = None

    @property
    def hour(self) -> int:
        """The hour of the day, 0 to 23."""
        return self.at // MILLISECONDS_PER_HOUR

    def to_json(self, day: date, customer_identifier: str | None = None) -> dict[str, Any]:
        """The event in the body of ``POST /usage``, on that day; without an identifier it names its week.

        A whole quantity is a number, any other a decimal string, because a JSON number would not be exact.
        """
        moment = datetime.combine(day, time()) + timedelta(milliseconds=self.at)
        event: dict[str, Any] = {
            "id": self.event_id,
            "source": SOURCE,
            "customerIdentifier": customer_identifier or self.customer,
            "dimension": self.dimension,
            "quantity": int(self.quantity) if self.quantity == int(self.quantity) else str(self.quantity),
            "occurredAt": moment.isoformat(timespec="milliseconds") + "Z",
        }
        if self.user is not None:
            event["user"] = self.user
        return event


@dataclass
class Plan:
    """The simulated day. hours: consecutive hours of the day. events: by hour, in time order.

    customers: by week, the quantities of each dimension within these hours. outside: usage events of other hours.
    cases, log_events: how many of the log the day replays.
    """

    hours: list[int]
    events: dict[int, list[UsageEvent]]
    customers: dict[str, dict[str, Decimal]]
    cases: int = 0
    log_events: int = 0
    outside: int = 0
    by_dimension: Counter[str] = field(default_factory=Counter)

    @property
    def size(self) -> int:
        """How many usage events the plan has."""
        return sum(len(events) for events in self.events.values())


def fold(cases: Iterable[Case], *, share: int = 1, hours: int = 12) -> Plan:
    """The plan of the busiest ``hours`` consecutive hours, from one case in ``share`` of those that have events.

    Raises ValueError for a share below 1, hours outside 1 to 24, or where no event is left to replay.
    """
    if share < 1:
        raise ValueError(f"SHARE is {share}; it replays one case in so many and is at least 1")
    if not 1 <= hours <= 24:
        raise ValueError(f"HOURS is {hours}; a day has 1 to 24")
    by_hour: dict[int, list[UsageEvent]] = {hour: [] for hour in range(24)}
    users: dict[tuple[str, int, str], UsageEvent] = {}
    replayed = log_events = 0
    for number, case in enumerate(case for case in cases if case.events):
        if number % share:
            continue
        replayed += 1
        log_events += len(case.events)
        for usage in _usage_of(case):
            if usage.user is None:
                by_hour[usage.hour].append(usage)
            else:
                key = (usage.customer, usage.hour, usage.user)
                users[key] = min(users.get(key, usage), usage)
    for (_, hour, _), usage in users.items():
        by_hour[hour].append(usage)
    if replayed == 0:
        raise ValueError(f"no case is left to replay with SHARE={share}; SHARE=1 replays all")
    window = busiest({hour: len(events) for hour, events in by_hour.items()}, hours)
    plan = Plan(window, {hour: sorted(by_hour[hour]) for hour in window}, {}, replayed, log_events)
    plan.outside = sum(len(events) for hour, events in by_hour.items() if hour not in plan.events)
    for usage in (usage for events in plan.events.values() for usage in events):
        quantities = plan.customers.setdefault(usage.customer, dict.fromkeys(DIMENSIONS, Decimal(0)))
        quantities[usage.dimension] += usage.quantity
        plan.by_dimension[usage.dimension] += 1
    plan.customers = dict(sorted(plan.customers.items()))
    return plan


def busiest(counts: dict[int, int], hours: int) -> list[int]:
    """The consecutive hours of one day (without a wrap at midnight) with the most events; the earliest of equals."""
    first = max(range(25 - hours), key=lambda start: (sum(counts[h] for h in range(start, start + hours)), -start))
    return list(range(first, first + hours))


def week_of(event: Event) -> str:
    """The ISO week of an event's UTC time, ``2012-W03``."""
    year, week, _ = event.timestamp.isocalendar()
    return f"{year}-W{week:02d}"


def _usage_of(case: Case) -> Iterator[UsageEvent]:
    """The usage events of one case. Users occur once per log event; ``fold`` keeps one of each hour."""
    # YAWL reuses a case's id, so the number in the log belongs to the stem.
    stem = f"{_NOT_IN_AN_ID.sub('-', case.case_id)[:60]}.{case.number}"
    events = sorted(case.events, key=lambda event: (event.timestamp, event.position))
    with_starts = {event.activity for event in events if event.transition == "start"}
    begun: set[str] = set()
    data: dict[tuple[str, int], tuple[int, int, int]] = {}  # (customer, hour) -> (bytes, at, position) of the last

    for index, event in enumerate(events):
        customer, at = week_of(event), _milliseconds(event.timestamp)
        stem_here = f"{stem}.{event.position}"
        if index == 0:
            yield UsageEvent(at, customer, f"{stem_here}.{WORKFLOW_EXECUTIONS}", WORKFLOW_EXECUTIONS)
        yield UsageEvent(at, customer, f"{stem_here}.{API_CALLS}", API_CALLS)
        if user := _NOT_IN_A_USER.sub(" ", event.resource or "").strip()[:256]:
            yield UsageEvent(at, customer, f"{stem_here}.{ACTIVE_USERS}", ACTIVE_USERS, user=user)
        completes = event.transition in _COMPLETES
        if event.transition == "start" or (completes and event.activity not in with_starts):
            if event.activity in begun and event.activity != NOT_KNOWN:
                yield UsageEvent(at, customer, f"{stem_here}.{WORKLET_INVOCATIONS}", WORKLET_INVOCATIONS)
            begun.add(event.activity)
        if completes:
            key = (customer, at // MILLISECONDS_PER_HOUR)
            size, latest, position = data.get(key, (0, -1, -1))
            latest, position = max((latest, position), (at, event.position))
            data[key] = (size + event.size, latest, position)

    for (customer, _), (size, at, position) in data.items():
        gigabytes = size * GB_PER_BYTE
        yield UsageEvent(at, customer, f"{stem}.{position}.{DATA_PROCESSED_GB}", DATA_PROCESSED_GB, gigabytes)


def _milliseconds(moment: datetime) -> int:
    seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second
    return seconds * 1000 + moment.microsecond // 1000
