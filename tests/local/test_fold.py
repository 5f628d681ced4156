"""The fold: weeks become customers, hours stay, and what each event of the log becomes."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.fold import (
    ACTIVE_USERS,
    API_CALLS,
    DATA_PROCESSED_GB,
    DIMENSIONS,
    WORKFLOW_EXECUTIONS,
    WORKLET_INVOCATIONS,
    Plan,
    busiest,
    fold,
)
from local.xes import Case, Event

MONDAY = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)


def event(
    position: int, activity: str, transition: str, at: datetime, who: str | None = None, size: int = 100
) -> Event:
    return Event(position, activity, transition, who, at, size)


def case(number: int, *events: Event, case_id: str = "17") -> Case:
    return Case(number, case_id, list(events))


def of(plan: Plan, dimension: str) -> list[tuple[str, int, Decimal, str | None]]:
    return [
        (usage.customer, usage.hour, usage.quantity, usage.user)
        for hour in plan.hours
        for usage in plan.events[hour]
        if usage.dimension == dimension
    ]


def test_each_week_is_a_customer_and_a_case_counts_in_its_first_week() -> None:
    later = MONDAY + timedelta(days=7)
    plan = fold([case(0, event(0, "a", "start", later), event(1, "a", "schedule", MONDAY))], hours=24)
    assert list(plan.customers) == ["2026-W03", "2026-W04"]
    assert of(plan, WORKFLOW_EXECUTIONS) == [("2026-W03", 9, Decimal(1), None)]
    assert [customer for customer, *_ in of(plan, API_CALLS)] == ["2026-W03", "2026-W04"]


def test_weeks_are_iso_weeks_of_utc() -> None:
    new_year = datetime(2027, 1, 1, 0, 30, tzinfo=UTC)  # a Friday of 2026's week 53
    plan = fold([case(0, event(0, "a", "complete", new_year))], hours=24)
    assert list(plan.customers) == ["2026-W53"]


def test_a_person_is_one_event_per_customer_and_hour_at_the_earliest_time() -> None:
    events = [
        event(0, "a", "schedule", MONDAY, None),
        event(1, "a", "start", MONDAY.replace(minute=30), "Ada"),
        event(2, "a", "complete", MONDAY.replace(day=13, minute=10), "Ada"),
        event(3, "b", "start", MONDAY.replace(hour=10), "Ada"),
        event(4, "b", "complete", MONDAY.replace(hour=10), "Bram"),
    ]
    plan = fold([case(0, *events)], hours=24)
    users = [(w, h, u) for w, h, _, u in of(plan, ACTIVE_USERS)]
    assert users == [("2026-W03", 9, "Ada"), ("2026-W03", 10, "Ada"), ("2026-W03", 10, "Bram")]
    ada = next(usage for usage in plan.events[9] if usage.user)
    assert ada.to_json(date(2026, 11, 16))["occurredAt"] == "2026-11-16T09:10:00.000Z"


def test_data_is_128_kb_a_byte_of_completed_work_items_once_a_case_and_hour() -> None:
    events = [
        event(0, "a", "start", MONDAY, size=5000),
        event(1, "a", "complete", MONDAY.replace(minute=5), size=100),
        event(2, "b", "complete", MONDAY.replace(minute=9), size=23),
        event(3, "c", "complete", MONDAY.replace(hour=11), size=1),
    ]
    plan = fold([case(0, *events)], hours=24)
    assert of(plan, DATA_PROCESSED_GB) == [
        ("2026-W03", 9, Decimal("0.015744"), None),
        ("2026-W03", 11, Decimal("0.000128"), None),
    ]


def test_rework_is_a_worklet() -> None:
    def at(minute: int) -> datetime:
        return MONDAY.replace(minute=minute)

    events = [
        event(0, "a", "start", at(0)),
        event(1, "a", "complete", at(1)),
        event(2, "a", "start", at(2)),
        event(3, "a", "complete", at(3)),
        event(4, "b", "complete", at(4)),
        event(5, "b", "", at(5)),
    ]
    plan = fold([case(0, *events), case(1, event(0, "a", "start", at(6)))], hours=24)
    assert sorted(usage.at for usage in plan.events[9] if usage.dimension == WORKLET_INVOCATIONS) == [
        (9 * 60 + minute) * 60_000 for minute in (2, 5)
    ]


def test_usage_event_on_the_wire() -> None:
    moment = MONDAY.replace(minute=7, second=8, microsecond=9_999)
    plan = fold([case(3, event(4, "a", "complete", moment, "Zoë\nMüller"), case_id="order/17 é")], hours=1)
    assert plan.hours == [9]
    bodies = {usage.dimension: usage.to_json(date(2026, 11, 16), "buyer-1") for usage in plan.events[9]}
    assert bodies[API_CALLS] == {
        "id": "order-17-.3.4.api_calls",
        "source": "xes-replay",
        "customerIdentifier": "buyer-1",
        "dimension": "api_calls",
        "quantity": 1,
        "occurredAt": "2026-11-16T09:07:08.009Z",
    }
    assert bodies[ACTIVE_USERS]["user"] == "Zoë Müller"
    assert bodies[DATA_PROCESSED_GB]["quantity"] == "0.012800"


def test_share_takes_one_case_in_so_many_by_its_place() -> None:
    cases = [case(n, event(0, "a", "complete", MONDAY), case_id=str(n)) for n in range(10)]
    plan = fold(cases, share=4)
    ids = [usage.event_id for usage in plan.events[9] if usage.dimension == API_CALLS]
    assert ids == [f"{n}.{n}.0.api_calls" for n in (0, 4, 8)]
    assert (plan.cases, plan.log_events) == (3, 3)


def test_the_busiest_hours_are_consecutive_and_do_not_wrap() -> None:
    counts = dict.fromkeys(range(24), 0) | {23: 9, 0: 9, 10: 4, 11: 4, 12: 4}
    assert busiest(counts, 1) == [0]
    assert busiest(counts, 3) == [10, 11, 12]
    assert busiest(counts, 24) == list(range(24))


def test_usage_of_other_hours_is_counted_not_sent() -> None:
    events = [
        event(0, "a", "start", MONDAY),
        event(1, "a", "complete", MONDAY),
        event(2, "b", "start", MONDAY.replace(hour=20)),
    ]
    plan = fold([case(0, *events)], hours=2)
    assert 9 in plan.hours and 20 not in plan.hours
    assert plan.outside == 1


@pytest.mark.parametrize("arguments", [{"share": 0}, {"hours": 0}, {"hours": 25}])
def test_a_wrong_setting_is_one_clear_line(arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"SHARE|HOURS"):
        fold([case(0, event(0, "a", "start", MONDAY))], **arguments)


def test_no_case_left() -> None:
    with pytest.raises(ValueError, match="SHARE=1 replays all"):
        fold([], share=3)


moments = st.integers(0, 31 * 86_400_000).map(
    lambda milliseconds: datetime(2025, 12, 20, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
)
events = st.tuples(
    st.sampled_from("abc"),
    st.sampled_from(["", "start", "complete", "schedule"]),
    moments,
    st.sampled_from([None, "x", "y"]),
)


@given(st.lists(st.lists(events, min_size=1, max_size=8), min_size=1, max_size=6), st.integers(1, 24))
def test_nothing_is_lost_or_counted_twice(log: list[list[tuple[str, str, datetime, str | None]]], hours: int) -> None:
    cases = [case(n, *(Event(i, a, t, w, m, 10) for i, (a, t, m, w) in enumerate(rows))) for n, rows in enumerate(log)]
    day, part = fold(cases, hours=24), fold(cases, hours=hours)
    assert sum(q[API_CALLS] for q in day.customers.values()) == sum(len(rows) for rows in log)
    assert sum(q[WORKFLOW_EXECUTIONS] for q in day.customers.values()) == len(log)
    assert part.size + part.outside == day.size
    everything = [usage for hour in day.hours for usage in day.events[hour]]
    assert everything == sorted(everything)
    assert len({(usage.customer, usage.event_id) for usage in everything}) == len(everything)
    assert all(usage.hour in part.hours for hour in part.hours for usage in part.events[hour])
    by_customer: Counter[str] = Counter()
    for usage in everything:
        by_customer[usage.customer] += 1
        assert usage.dimension in DIMENSIONS
    assert set(by_customer) == set(day.customers)
    assert fold(cases, hours=hours) == part
