"""What is mixed into the replay: each kind is there, and nothing of the log is lost by it."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ledger.subscriber import Period, Subscriber
from local.fold import Plan, fold
from local.replay_plan import TaggedEvent, first_time, mix_in, received
from local.xes import Case, Event
from marketplace.dimensions import Dimension
from runtime.clock import from_iso
from usage.judge_event import judge
from usage.usage_event import Refusal, UsageEvent, parse

DAY = date(2026, 11, 16)
REASONS = ("id_reused", "unknown_dimension", "bad_quantity", "in_future", "too_old", "bad_id", "user_required")
KINDS = {
    *("normal", "late", "duplicate", "after_cancelling", "unknown_customer"),
    *(f"refusal:{reason}" for reason in REASONS),
}


ACTIVE = Subscriber(
    customer_identifier="any",
    integration="legacy",
    status="active",
    active_periods=(Period(int(from_iso("2026-11-01T00:00:00Z"))),),
)


def plan(weeks: int = 4, hours: int = 6) -> Plan:
    """Weeks of different load; every hour from 8:00 has events at :10 and :50."""
    monday = datetime(2026, 1, 12, tzinfo=UTC)
    cases: list[Case] = []
    for week in range(weeks):
        for number in range(week + 1):
            events = [
                Event(
                    n,
                    f"task {n}",
                    "complete",
                    "Ada",
                    monday + timedelta(days=7 * week, hours=8 + n // 2, minutes=10 + n % 2 * 40),
                    9,
                )
                for n in range(hours * 2)
            ]
            cases.append(Case(len(cases), f"{week}-{number}", events))
    return fold(cases, hours=hours)


def sent(folded: Plan) -> list[TaggedEvent]:
    replay = mix_in(folded)
    return [tagged for hour in folded.hours for tagged in replay.to_send(hour, DAY, {})]


def ids(tagged: list[TaggedEvent]) -> Counter[tuple[str, str]]:
    return Counter((t["event"]["customerIdentifier"], t["event"]["id"]) for t in tagged)


def test_every_kind_is_mixed_in_and_counted() -> None:
    folded = plan()
    counts = mix_in(folded).counts(DAY)
    assert set(counts) == KINDS
    assert counts == Counter(t["purpose"] for t in sent(folded))


def test_each_event_of_the_log_is_sent_for_the_first_time_exactly_once() -> None:
    folded = plan()
    first = ids([tagged for tagged in sent(folded) if first_time(tagged)])
    assert first == Counter((u.customer, u.event_id) for hour in folded.hours for u in folded.events[hour])


def test_late_events_come_one_hour_after_their_own() -> None:
    late = [tagged for tagged in sent(plan()) if tagged["purpose"] == "late"]
    assert late
    for tagged in late:
        assert hour_of(tagged["event"]) == tagged["sendInHour"] - 1


def test_duplicates_repeat_earlier_events_word_for_word_some_after_sealing() -> None:
    everything = sent(plan())
    earlier: dict[str, dict[str, Any]] = {}
    delays = set()
    for tagged in everything:
        if tagged["purpose"] == "duplicate":
            assert earlier[tagged["event"]["id"]] == tagged["event"]
            delays.add(tagged["sendInHour"] - hour_of(tagged["event"]))
        elif first_time(tagged):
            earlier[tagged["event"]["id"]] = tagged["event"]
    assert delays == {0, 1}


def test_a_reused_id_carries_another_quantity() -> None:
    everything = sent(plan())
    known = {tagged["event"]["id"]: tagged for tagged in everything if first_time(tagged)}
    reused = [tagged for tagged in everything if tagged["purpose"] == "refusal:id_reused"]
    assert reused
    for tagged in reused:
        assert received(tagged) == received(known[tagged["event"]["id"]]) + 1


def test_one_customer_cancels_at_twenty_past_and_goes_on_reporting() -> None:
    folded = plan()
    cancellation = mix_in(folded).cancellation
    assert cancellation is not None
    assert cancellation.hour == folded.hours[4]
    assert cancellation.at % 3_600_000 == 20 * 60_000
    for tagged in sent(folded):
        if tagged["event"]["customerIdentifier"] == cancellation.customer and first_time(tagged):
            minute = tagged["event"]["occurredAt"][11:16]
            assert (tagged["purpose"] == "after_cancelling") == (minute >= f"{cancellation.hour:02d}:20")


def test_a_customer_that_stays_does_not_cancel() -> None:
    folded = plan()
    chosen = mix_in(folded).cancellation
    assert chosen is not None
    other = mix_in(folded, staying=chosen.customer).cancellation
    assert other is not None
    assert other.customer != chosen.customer


def test_a_broken_event_has_only_the_fault_that_its_reason_names() -> None:
    broken = {
        t["purpose"].removeprefix("refusal:"): t["event"] for t in sent(plan()) if t["purpose"].startswith("refusal:")
    }
    assert broken["unknown_dimension"]["dimension"] == "gpu_hours"
    assert Decimal(broken["bad_quantity"]["quantity"]).as_tuple().exponent == -10
    assert broken["in_future"]["occurredAt"] > "2026-11-18"
    assert broken["too_old"]["occurredAt"] < "2026-10-16"
    assert len(broken["bad_id"]["id"]) > 128
    assert "user" not in broken["user_required"] and broken["user_required"]["dimension"] == "active_users"


def test_identifiers_take_the_place_of_weeks() -> None:
    folded = plan()
    names = {week: f"buyer-{n}" for n, week in enumerate(folded.customers)}
    replay = mix_in(folded)
    seen = {t["event"]["customerIdentifier"] for hour in folded.hours for t in replay.to_send(hour, DAY, names)}
    assert seen == {*names.values(), "buyer-unknown"}


def test_one_customer_alone_does_not_leave_and_one_hour_is_enough() -> None:
    small = plan(weeks=1, hours=1)
    replay = mix_in(small)
    assert replay.cancellation is None
    assert "late" not in replay.counts(DAY)
    assert replay.counts(DAY)["normal"] == small.size


def test_the_usage_door_reads_each_event_as_its_purpose_says() -> None:
    """The door's own check of an event by itself: only what is broken on purpose is refused, and for that reason."""
    names = ("workflow_executions", "data_processed_gb", "api_calls", "worklet_invocations")
    dimensions = {name: Dimension(name=name, unit="unit") for name in names}
    dimensions["active_users"] = Dimension(name="active_users", unit="user", aggregation="distinct")
    now = from_iso("2026-11-16T12:00:00Z")
    for tagged in sent(plan()):
        reason = "accepted"
        try:
            event = parse(tagged["event"], dimensions, now)
            assert isinstance(event, UsageEvent)
            judged = judge(event.occurred_at, ACTIVE, now)
            reason = judged.reason or reason
        except Refusal as refusal:
            reason = refusal.reason
        kind, _, expected = tagged["purpose"].partition(":")
        if kind == "refusal" and expected != "id_reused":  # which needs the stored event to be seen
            assert reason == expected
        elif tagged["event"]["occurredAt"] < "2026-11-16T12:05:00Z":
            assert reason == "accepted"


def hour_of(event: dict[str, Any]) -> int:
    return int(event["occurredAt"][11:13])
