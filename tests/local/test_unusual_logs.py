"""Logs that are small, or say little: each is folded, mixed and let in at the usage door, and nothing of it is lost."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from local.fold import ACTIVE_USERS, API_CALLS, DATA_PROCESSED_GB, WORKFLOW_EXECUTIONS, WORKLET_INVOCATIONS, Plan, fold
from local.replay_plan import first_time, mix_in
from local.xes import read_cases
from marketplace.dimensions import Dimension
from usage.usage_event import UsageEvent, parse

DAY = date(2026, 11, 16)
NOON_AFTER = datetime(2026, 11, 17, 12, tzinfo=UTC).timestamp()
DIMENSIONS = {
    name: Dimension(name=name, unit="unit", aggregation="distinct" if name == ACTIVE_USERS else "sum")
    for name in (WORKFLOW_EXECUTIONS, ACTIVE_USERS, DATA_PROCESSED_GB, API_CALLS, WORKLET_INVOCATIONS)
}


def event(at: str, name: str = "a", transition: str = "complete", who: str = "Ada") -> str:
    """Without what is empty."""
    attributes = {"concept:name": name, "lifecycle:transition": transition, "org:resource": who}
    texts = "".join(f'<string key="{key}" value="{value}"/>' for key, value in attributes.items() if value)
    return f'<event><date key="time:timestamp" value="{at}"/>{texts}</event>'


def log(*cases: list[str]) -> str:
    traces = "".join(f"<trace>{''.join(events)}</trace>" for events in cases)
    return f"<log>{traces}</log>"


def at(day: int, hour: int, minute: int = 0) -> str:
    """In January 2026; its first week is 2026-W01, which ends on the 4th."""
    return f"2026-01-{day:02d}T{hour:02d}:{minute:02d}:00Z"


def case(day: int, **said: str) -> list[str]:
    return [event(at(day, 9 + n // 4, n % 4 * 15), **{"name": f"task {n}", **said}) for n in range(12)]


UNUSUAL = {
    "one event": log([event(at(5, 9))]),
    "one case": log(case(5)),
    "two cases of one week": log(case(5), case(6)),
    "three cases of three weeks": log(case(5), case(12), case(19)),
    "a single week": log(*[case(day) for day in (5, 6, 7, 8, 9)]),
    "nobody is named": log(*[case(day, who="") for day in (5, 6, 12, 13)]),
    "no life-cycle": log(*[case(day, transition="") for day in (5, 6, 12, 13)]),
    "neither names nor a life-cycle nor people": log(*[case(d, name="", transition="", who="") for d in (5, 12)]),
    "nothing completes": log(*[case(day, transition="schedule") for day in (5, 12)]),
    "cases without events among others": log([], [], case(5), [], case(12)),
    "around midnight": log(*[[event(at(day, 23, 50)), event(at(day + 1, 0, 10))] for day in (5, 12)]),
    "another zone": log(*[[event(f"2026-01-{day:02d}T23:30:00.000+05:30")] for day in (5, 12)]),
    "the first and the last year": log([event("0001-01-01T09:00:00Z"), event("9999-12-31T09:00:00+00:00")]),
    "people with odd names": log([event(at(5, 9), who="&#x85; " + "x" * 400), event(at(5, 9), who="  ")]),
    "all in the same moment": log(*[[event(at(5, 9))] * 30] * 3),
}


def folded(tmp_path: Path, kind: str, hours: int = 12, share: int = 1) -> Plan:
    path = tmp_path / "log.xes"
    path.write_text(UNUSUAL[kind], encoding="utf-8")
    return fold(read_cases(path), share=share, hours=hours)


@pytest.mark.parametrize("share", [1, 5])
@pytest.mark.parametrize("hours", [1, 12, 24])
@pytest.mark.parametrize("kind", UNUSUAL)
def test_every_event_of_an_unusual_log_is_sent_once_and_accepted(
    tmp_path: Path, kind: str, hours: int, share: int
) -> None:
    plan = folded(tmp_path, kind, hours, share)
    assert plan.size > 0
    assert plan.customers
    replay = mix_in(plan)
    sent = [tagged for hour in plan.hours for tagged in replay.to_send(hour, DAY, {}) if first_time(tagged)]
    came = Counter((tagged["event"]["customerIdentifier"], tagged["event"]["id"]) for tagged in sent)
    assert came == Counter((usage.customer, usage.event_id) for events in plan.events.values() for usage in events)
    units: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for tagged in sent:
        read = parse({**tagged["event"], "quantity": Decimal(tagged["event"]["quantity"])}, DIMENSIONS, NOON_AFTER)
        assert isinstance(read, UsageEvent)
        units[read.customer_identifier, read.dimension.name] += read.quantity
    assert units == {
        (customer, name): quantity
        for customer, quantities in plan.customers.items()
        for name, quantity in quantities.items()
        if quantity
    }


def test_an_unnamed_resource_is_no_user(tmp_path: Path) -> None:
    assert folded(tmp_path, "nobody is named").by_dimension[ACTIVE_USERS] == 0
    assert folded(tmp_path, "people with odd names").by_dimension[ACTIVE_USERS] == 1


def test_without_a_life_cycle_each_event_completes_its_work_item(tmp_path: Path) -> None:
    said, silent = folded(tmp_path, "nobody is named"), folded(tmp_path, "no life-cycle")
    for name in (WORKFLOW_EXECUTIONS, API_CALLS, DATA_PROCESSED_GB):
        assert said.by_dimension[name] == silent.by_dimension[name] > 0
    assert folded(tmp_path, "nothing completes").by_dimension[DATA_PROCESSED_GB] == 0


def test_work_items_without_a_name_are_not_taken_for_the_same_one(tmp_path: Path) -> None:
    kind = "neither names nor a life-cycle nor people"
    assert folded(tmp_path, kind).by_dimension[WORKLET_INVOCATIONS] == 0


def test_hours_and_weeks_are_those_of_utc(tmp_path: Path) -> None:
    plan = folded(tmp_path, "another zone", hours=1)
    assert plan.hours == [18]
    assert list(plan.customers) == ["2026-W02", "2026-W03"]


def test_a_single_customer_stays_and_a_share_of_few_is_at_least_one(tmp_path: Path) -> None:
    for kind in ("one event", "one case", "a single week"):
        assert mix_in(folded(tmp_path, kind)).cancellation is None
    assert folded(tmp_path, "cases without events among others", share=5).cases == 1
