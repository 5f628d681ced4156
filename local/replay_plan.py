"""What is mixed into the replay on purpose, so that a run shows how it ends: nothing here is random.

| purpose | what is sent | expected answer |
| --- | --- | --- |
| ``normal`` | the folded log | recorded |
| ``late`` | held back, sent in the next hour, when its own is sealed | recorded, in a later hour |
| ``duplicate`` | a batch once more, word for word, in the same hour or the next | duplicate |
| ``refusal:<reason>`` | one broken event of each kind; ``id_reused``: a known id with another quantity | that reason |
| ``after_leaving`` | what the leaver's week goes on to report | refused, or retry_later |
| ``unknown_customer`` | usage of a buyer whom nobody knows yet | retry_later |
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
RESENT, HELD_BACK = 20, 10  # events an hour
LEAVES_AT_MINUTE = 20


class TaggedEvent(TypedDict):
    """A usage event, why it is sent, and the hour of the day in which it is."""

    event: dict[str, Any]
    purpose: str
    sendInHour: int


@dataclass(frozen=True)
class Leaver:
    """The customer who unsubscribes, and when: milliseconds since midnight UTC."""

    customer: str
    at: int

    @property
    def hour(self) -> int:
        return self.at // MILLISECONDS_PER_HOUR


@dataclass
class Replay:
    """The plan with its mix-ins. ``late``, ``resent``, ``reused``: by the hour in which they are sent."""

    plan: Plan
    leaver: Leaver | None
    held_back: set[str] = field(default_factory=set)
    late: dict[int, list[UsageEvent]] = field(default_factory=dict)
    resent: dict[int, list[UsageEvent]] = field(default_factory=dict)
    reused: dict[int, list[UsageEvent]] = field(default_factory=dict)
    broken_in: dict[int, str] = field(default_factory=dict)

    def to_send(self, hour: int, day: date, identifiers: Mapping[str, str]) -> list[TaggedEvent]:
        """What is sent in one hour of that day, weeks replaced by the customers' identifiers.

        In two parts: first what is reported for the first time, in time order; then what only means something once the
        first part is answered (resends, reused ids, refusals). ``first_time`` tells them apart.
        """

        def tagged(usage: UsageEvent, purpose: str) -> TaggedEvent:
            body = usage.to_json(day, identifiers.get(usage.customer, usage.customer))
            return {"event": body, "purpose": purpose, "sendInHour": hour}

        events = [tagged(usage, "late") for usage in self.late.get(hour, ())]
        for usage in self.plan.events.get(hour, ()):
            if usage.event_id not in self.held_back:
                gone = self.leaver is not None and usage.customer == self.leaver.customer and usage.at >= self.leaver.at
                events.append(tagged(usage, "after_leaving" if gone else "normal"))
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
    """True for events of the log itself, that nobody has sent before."""
    return tagged["purpose"] in ("normal", "late", "after_leaving")


def mix_in(plan: Plan) -> Replay:
    """Designates who leaves, what is late, resent, reused and broken: always the same for the same plan."""
    leaver = _leaver(plan)
    staying = [customer for customer in plan.customers if leaver is None or customer != leaver.customer]
    replay = Replay(plan, leaver)
    last = plan.hours[-1]
    for index, hour in enumerate(plan.hours):
        resending, late_one = (staying[(3 * index + step) % len(staying)] for step in (0, 1))
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


def _leaver(plan: Plan) -> Leaver | None:
    """The middle one by load among those who report on both sides of hh:20 in the last third; None for one customer."""
    at = plan.hours[len(plan.hours) * 2 // 3] * MILLISECONDS_PER_HOUR + LEAVES_AT_MINUTE * 60_000
    if len(plan.customers) < 2:
        return None
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for events in plan.events.values():
        for usage in events:
            (before if usage.at < at else after)[usage.customer] += 1
    candidates = sorted(before.keys() & after.keys(), key=lambda c: (before[c] + after[c], c))
    return Leaver(candidates[(len(candidates) - 1) // 2], at) if candidates else None


def _broken(hour: int, day: date, customer: str) -> list[TaggedEvent]:
    """One event of each kind that the usage door refuses, whatever the customer's state."""

    def event(name: str, dimension: str = API_CALLS, quantity: int | str = 1, days: int = 0) -> dict[str, Any]:
        usage = UsageEvent(hour * MILLISECONDS_PER_HOUR, customer, f"mixed-in.{hour}.{name}", dimension)
        return usage.to_json(day + timedelta(days=days)) | {"quantity": quantity}

    kinds = [
        ("unknown_dimension", event("dimension", UNKNOWN_DIMENSION)),
        ("bad_quantity", event("decimals", DATA_PROCESSED_GB, "0.1234567")),
        ("in_future", event("future", days=3)),
        ("too_old", event("old", days=-45)),
        ("bad_id", event("id") | {"id": f"mixed-in.{hour}." + "x" * 130}),
        ("user_required", event("user", ACTIVE_USERS)),
    ]
    return [{"event": body, "purpose": f"refusal:{reason}", "sendInHour": hour} for reason, body in kinds]


def received(tagged: TaggedEvent) -> Decimal:
    """The quantity that an event reports, in its dimension's unit."""
    return Decimal(tagged["event"]["quantity"])
