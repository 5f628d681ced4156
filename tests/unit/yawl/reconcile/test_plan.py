"""What a chunk of found cases commits and sends."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.yawl.reconcile.cases import ENGINE, NOW, A, B, found, start
from yawl.engine import Dimensions, Engine
from yawl.reconcile.known import FoundCase, Known
from yawl.reconcile.plan import (
    MOST_BYTES,
    MOST_CASES,
    MOST_EVENTS,
    MOST_ITEMS,
    MOST_OF_ONE_ID,
    Plan,
    chunks,
    day_of,
    plan,
)
from yawl.start import Specification
from yawl.state.ports import Change, Message


def events(message: Message) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads(message.body)["events"]
    return read


def test_a_start_is_one_event_of_its_customer() -> None:
    planned = plan([found("42", start(7, at=NOW))], Known(), ENGINE)
    (message,) = planned.change.messages
    assert (message.queue, message.customer) == ("usage", "customer-1")
    assert events(message) == [
        {
            "id": "yawl:eng:1:case:42#1",
            "source": "yawl:eng",
            "customerIdentifier": "customer-1",
            "dimension": "workflow_executions",
            "quantity": 1,
            "occurredAt": "2026-11-30T12:00:00Z",
        }
    ]
    assert planned.change.started == {("2026-11-30", 1): 1}
    assert planned.change.known.segments[0].bits == 1 << 42


def test_what_is_known_is_not_planned_again() -> None:
    first = plan([found("42", start(7))], Known(), ENGINE)
    known = Known().committed(first.change.known)
    assert plan([found("42", start(7))], known, ENGINE).change == Change()


def test_a_case_that_is_found_twice_counts_once() -> None:
    planned = plan([found("42", start(7)), found("42", start(7))], Known(), ENGINE)
    assert len(planned.starts) == 1


def test_a_start_from_before_since_is_committed_and_not_billed() -> None:
    since = ENGINE.since
    planned = plan([found("1", start(1, at=since - 0.001)), found("2", start(2, at=since))], Known(), ENGINE)
    assert [each.case_id for each in planned.starts] == ["2"]
    assert planned.old == 1
    assert planned.change.known.segments[0].bits == 0b110
    assert sum(planned.change.started.values()) == 1


def test_a_start_without_a_customer_says_what_it_could_be_found_by() -> None:
    engine = replace(ENGINE, attributed_by="client-account", customers={"acme": "customer-1"})
    cases = [found("1", start(1)), found("2", start(2, by="other")), found("3", start(3, by=None, of=None))]
    planned = plan(cases, Known(), engine)
    assert planned.unattributed == 2
    usage, other, nobody = planned.change.messages
    assert (usage.customer, other.customer, nobody.customer) == ("customer-1", None, None)
    assert {message.queue for message in (other, nobody)} == {"unattributed"}
    assert json.loads(other.body) == {
        "events": events(other),
        "engine": "eng",
        "epoch": 1,
        "launchedBy": "other",
        "specification": {"identifier": "UID_a", "version": "0.1", "uri": "Orders", "key": 1},
        "why": "no customer by client-account",
    }
    assert "customerIdentifier" not in events(other)[0]
    assert json.loads(nobody.body)["specification"] is None


def test_customers_have_messages_of_their_own() -> None:
    engine = replace(ENGINE, attributed_by="specification", customers={"UID_a": "a", "Claims": "b"})
    planned = plan([found("1", start(1)), found("2", start(2, of=B)), found("3", start(3, of=A))], Known(), engine)
    assert [(message.customer, len(events(message))) for message in planned.change.messages] == [("a", 2), ("b", 1)]


def test_messages_stay_within_what_the_api_takes() -> None:
    engine = replace(ENGINE, worklets_are_executions=True)
    cases = [found(str(number), start(number, by="workletService")) for number in range(1, 81)]
    messages = plan(cases, Known(), engine).change.messages
    assert [len(events(message)) for message in messages] == [MOST_EVENTS, 60]
    assert all(len(message.body) <= MOST_BYTES and message.body.isascii() for message in messages)


def test_an_engine_without_dimensions_commits_and_sends_nothing() -> None:
    engine = replace(ENGINE, dimensions=Dimensions())
    planned = plan([found("1", start(1))], Known(), engine)
    assert planned.change.messages == ()
    assert planned.change.known.segments


def test_chunks_are_bounded_by_cases_and_by_items() -> None:
    near = [found(str(number), start(number)) for number in range(1, 251)]
    assert [len(part) for part in chunks(near)] == [MOST_CASES, MOST_CASES, 50]
    far = [found(str(number * 4096), start(number)) for number in range(1, 101)]
    assert [len(part) for part in chunks(far)] == [MOST_ITEMS, 40]
    skipped = [FoundCase(str(number), skipped=1) for number in range(9000)]
    assert [len(part) for part in chunks(skipped)] == [9000]
    for case in (
        FoundCase("", skipped=2),
        FoundCase("", (start(1),), listed=2),
        FoundCase("", (start(1),), given_up=1),
    ):
        repeated = [case._replace(case_id=str(number)) for number in range(1, 101)]
        assert [len(part) for part in chunks(repeated)] == [MOST_ITEMS - 1, 41]
    assert list(chunks([])) == []


def test_an_id_with_very_many_starts_is_committed_in_parts() -> None:
    case = found("nightly", *(start(key) for key in range(1, 2 * MOST_OF_ONE_ID + 2)))
    known, numbers = Known(), []
    while (planned := plan([case], known, ENGINE)).starts:
        numbers += [each.number for each in planned.starts]
        assert len(planned.starts) <= MOST_OF_ONE_ID
        known = known.committed(planned.change.known)
    assert numbers == list(range(1, 2 * MOST_OF_ONE_ID + 2))


def committed(cases: list[FoundCase], engine: Engine) -> list[Plan]:
    """What one reading after another commits until nothing is left."""
    known, plans = Known(), []
    while True:
        before = known
        for part in chunks(cases):
            plans.append(plan(part, known, engine))
            known = known.committed(plans[-1].change.known)
        if known == before:
            return plans


def operations(change: Change) -> int:
    """How many operations the store's transaction has."""
    known, days = change.known, {day for day, _ in change.started}
    return len(known.segments) + len(known.cases) + len(days) + bool(change.messages)


@pytest.mark.parametrize(
    "cases",
    [
        [found(str(number), start(number, at=NOW - number * 86_400)) for number in range(1, 151)],
        [found(f"job-{number}", start(number, at=NOW - number * 86_400)) for number in range(1, 151)],
        [found("nightly", *(start(number, at=NOW - number * 86_400) for number in range(1, 151)))],
    ],
    ids=["numbers", "names", "one id"],
)
def test_starts_of_many_days_are_committed_within_what_a_transaction_takes(cases: list[FoundCase]) -> None:
    """An engine that was not read for months."""
    plans = committed(cases, replace(ENGINE, since=0.0))
    assert max(operations(each.change) for each in plans) <= 100
    assert sum(len(each.starts) for each in plans) == 150
    assert {number for each in plans for number in each.change.started.values()} == {1}


LONG = Specification("ü" * 255, "v" * 255, "ü" * 255, 3)


@pytest.mark.parametrize(
    "cases",
    [
        [found(str(number), start(number, by="ü" * 252 + f"{number:03}", of=LONG)) for number in range(1, 151)],
        [found("job", *(start(number, by="ü" * 252 + f"{number:03}", of=LONG) for number in range(1, 151)))],
    ],
    ids=["numbers", "one id"],
)
def test_messages_with_long_names_are_committed_within_what_an_item_takes(cases: list[FoundCase]) -> None:
    engine = replace(
        ENGINE, attributed_by="client-account", customers={"acme": "customer-1"}, worklets_are_executions=True
    )
    plans = committed(cases, engine)
    assert max(len(json.dumps([message._asdict() for message in each.change.messages])) for each in plans) < 400_000
    assert sum(len(each.starts) for each in plans) == 150


def test_a_day_is_the_utc_day_of_the_logs_time() -> None:
    assert [day_of(at) for at in (1_795_996_799_999, 1_795_996_800_000)] == ["2026-11-29", "2026-11-30"]
