"""Mixes special events into the replay, so that a run shows how each kind ends. Nothing here is random.

| purpose | what is sent | expected answer |
| --- | --- | --- |
| ``normal`` | the folded log | recorded |
| ``late`` | usage of an hour that is sealed already | recorded, in a later hour |
| ``duplicate`` | a batch once more, word for word, in the same hour or the next | duplicate |
| ``refusal:<reason>`` | one broken event of each kind; ``id_reused``: a used id, another quantity | that reason |
| ``after_cancelling`` | usage that a customer reports after its cancellation | refused, or retry_later |
| ``unknown_customer`` | usage of a buyer that never subscribed | retry_later |
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypedDict

from local.fold import ACTIVE_USERS, API_CALLS, DATA_PROCESSED_GB, MILLISECONDS_PER_HOUR, Plan, UsageEvent

UNKNOWN_CUSTOMER = "buyer-unknown"
UNKNOWN_DIMENSION = "gpu_hours"
RESENT, HELD_BACK = 20, 10  # Both count events an hour.
CANCELS_AT_MINUTE = 20


class TaggedEvent(TypedDict):
    """A usage event, its purpose, and the hour of the day in which it is sent."""

    event: dict[str, Any]
    purpose: str
    sendInHour: int


@dataclass(frozen=True)
class Cancellation:
    """The customer that cancels, and when: milliseconds since midnight UTC."""

    customer: str
    at: int

    @property
    def hour(self) -> int:
        """The hour of the day, 0 to 23."""
        return self.at // MILLISECONDS_PER_HOUR


@dataclass
class Replay:
    """The plan with its mix-ins. late, resent, reused: events by the hour in which they are sent."""

    plan: Plan
    cancellation: Cancellation | None
    held_back: set[str] = field(default_factory=set)
    late: dict[int, list[UsageEvent]] = field(default_factory=dict)
    resent: dict[int, list[UsageEvent]] = field(default_factory=dict)
    reused: dict[int, list[UsageEvent]] = field(default_factory=dict)
    broken_in: dict[int, str] = field(default_factory=dict)

    def to_send(self, hour: int, day: date, identifiers: Mapping[str, str]) -> list[TaggedEvent]:
        """The events to send in one hour of that day, with the customers' identifiers instead of weeks.

        Events that ``first_time`` accepts come first, in time order. The others, such as resends, must wait until these
        are answered.
        """

        def tagged(usage: UsageEvent, purpose: str) -> TaggedEvent:
            body = usage.to_json(day, identifiers.get(usage.customer, usage.customer))
            return {"event": body, "purpose": purpose, "sendInHour": hour}

        events = [tagged(usage, "late") for usage in self.late.get(hour, ())]
        for usage in self.plan.events.get(hour, ()):
            if usage.event_id not in self.held_back:
                end = self.cancellation
                cancelled = end is not None and usage.customer == end.customer and usage.at >= end.at
                events.append(tagged(usage, "after_cancelling" if cancelled else "normal"))
        events += [tagged(usage, "duplicate") for usage in self.resent.get(hour, ())]
        events += [tagged(usage, "refusal:id_reused") for usage in self.reused.get(hour, ())]
        unknown = UsageEvent(hour * MILLISECONDS_PER_HOUR, UNKNOWN_CUSTOMER, f"mixed-in.{hour}.unknown", API_CALLS)
        events.append(tagged(unknown, "unknown_customer"))
        if customer := self.broken_in.get(hour):
            events += _broken(hour, day, identifiers.get(customer, customer))
        return events

    def counts(self, day: date) -> Counter[str]:
        """Events by purpose, over all hours."""
        return Counter(tagged["purpose"] for hour in self.plan.hours for tagged in self.to_send(hour, day, {}))


def first_time(tagged: TaggedEvent) -> bool:
    """True for events of the log itself, which were never sent before."""
    return tagged["purpose"] in ("normal", "late", "after_cancelling")


def mix_in(plan: Plan, staying: str | None = None) -> Replay:
    """Chooses the cancellation and the late, resent, reused and broken events; the same plan gives the same choice.

    staying: a customer that does not cancel.
    """
    cancellation = _cancellation(plan, staying)
    others = [customer for customer in plan.customers if cancellation is None or customer != cancellation.customer]
    replay = Replay(plan, cancellation)
    last = plan.hours[-1]
    for index, hour in enumerate(plan.hours):
        resending, late_one = (others[(3 * index + step) % len(others)] for step in (0, 1))
        if hour != last:
            late = [usage for usage in plan.events[hour] if usage.customer == late_one][-HELD_BACK:]
            replay.late[hour + 1] = late
            replay.held_back.update(usage.event_id for usage in late)
        batch = [
            usage
            for usage in plan.events[hour]
            if usage.customer == resending and usage.event_id not in replay.held_back
        ][:RESENT]
        resend_in = hour if index % 2 == 0 or hour == last else hour + 1
        replay.resent.setdefault(resend_in, []).extend(batch)
        calls = [usage for usage in batch if usage.dimension == API_CALLS]
        replay.reused[hour] = [replace(usage, quantity=usage.quantity + 1) for usage in calls[:1]]
        if index in (len(plan.hours) // 4, len(plan.hours) * 3 // 4):
            replay.broken_in[hour] = resending
    return replay


def _cancellation(plan: Plan, staying: str | None) -> Cancellation | None:
    """Chooses, by load, the middle customer of those that report before and after hh:20 in the last third of the day.

    None where there is only one customer, or none that reports on both sides.
    """
    at = plan.hours[len(plan.hours) * 2 // 3] * MILLISECONDS_PER_HOUR + CANCELS_AT_MINUTE * 60_000
    if len(plan.customers) < 2:
        return None
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for events in plan.events.values():
        for usage in events:
            (before if usage.at < at else after)[usage.customer] += 1
    candidates = sorted((before.keys() & after.keys()) - {staying}, key=lambda c: (before[c] + after[c], c))
    return Cancellation(candidates[(len(candidates) - 1) // 2], at) if candidates else None


def _broken(hour: int, day: date, customer: str) -> list[TaggedEvent]:
    """One event of each kind that the usage API refuses in any state of the customer."""

    def event(name: str, dimension: str = API_CALLS, quantity: int | str = 1, days: int = 0) -> dict[str, Any]:
        usage = UsageEvent(hour * MILLISECONDS_PER_HOUR, customer, f"mixed-in.{hour}.{name}", dimension)
        return usage.to_json(day + timedelta(days=days)) | {"quantity": quantity}

    kinds = [
        ("unknown_dimension", event("dimension", UNKNOWN_DIMENSION)),
        ("bad_quantity", event("decimals", DATA_PROCESSED_GB, "0.1234567891")),
        ("in_future", event("future", days=3)),
        ("too_old", event("old", days=-45)),
        ("bad_id", event("id") | {"id": f"mixed-in.{hour}." + "x" * 130}),
        ("user_required", event("user", ACTIVE_USERS)),
    ]
    return [{"event": body, "purpose": f"refusal:{reason}", "sendInHour": hour} for reason, body in kinds]


def received(tagged: TaggedEvent) -> Decimal:
    """The quantity that an event reports, in its dimension's unit."""
    return Decimal(tagged["event"]["quantity"])
