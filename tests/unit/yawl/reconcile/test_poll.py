"""One reading: what is committed, sent, counted, and what a crash or another reading leaves."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from runtime.metric_names import YawlMetric
from tests.unit.yawl.reconcile.cases import DAY, ENGINE, NOW, A, B, Connector, Log
from yawl.announced_start import AnnouncedStart
from yawl.log.ports import CaseStart
from yawl.reconcile import audit
from yawl.reconcile.known import Known
from yawl.reconcile.log_starts import LogStarts
from yawl.reconcile.pushed_starts import PushedStarts
from yawl.state.dynamodb import DynamoDBState
from yawl.state.ports import Change, Fault


def events(connector: Connector) -> list[dict[str, Any]]:
    return [event for message, _ in connector.post.sent for event in json.loads(message.body)["events"]]


def announce(connector: Connector, case_id: str, at: float, **values: Any) -> None:
    start = AnnouncedStart(case_id=case_id, at_ms=int(at * 1000), **values)
    connector.table.put_item(Item=start.to_item(connector.engine.database))


def test_a_good_reading_says_so() -> None:
    c = Connector()
    c.log.case("1", 1)
    polled = c.poll()
    assert (polled.starts, polled.unattributed, polled.is_good) == (1, 0, True)
    assert c.counted == {
        YawlMetric.STARTS_FOUND: 1,
        YawlMetric.POLLS_GOOD: 1,
    }
    assert c.state.health().polled_ms == int(NOW * 1000)
    assert c.state.unsent() == []


def test_a_message_that_was_not_sent_is_sent_by_the_next_reading_as_it_was() -> None:
    c = Connector()
    c.log.case("1", 1)
    c.post.broken = True
    assert not c.poll().is_good
    (parcel,) = c.state.unsent()
    c.engine = replace(c.engine, customers={"": "another"})
    c.post.broken = False
    polled = c.poll()
    assert (polled.starts, polled.is_good) == (0, True)
    assert c.post.sent == [(parcel.messages[0], parcel.deduplication_id(0))]
    assert c.post.sent[0][0].customer == "customer-1"


def test_messages_of_an_older_database_are_sent_too() -> None:
    c = Connector()
    c.log.case("1", 1)
    c.post.broken = True
    c.poll()
    older = c.state
    c.engine, c.post.broken = replace(c.engine, epoch=2), False
    c.poll(older=[older])
    assert sorted(event["id"] for event in events(c)) == ["yawl:eng:1:case:1#1", "yawl:eng:2:case:1#1"]


def test_of_two_readings_at_once_each_start_is_committed_by_one() -> None:
    c = Connector()
    c.log.case("1", 1)
    other = Connector(log=c.log, dynamodb=c.dynamodb)

    class Slow(DynamoDBState):
        """Lets another reading do its work before the first commit."""

        waits = True

        def commit(self, change: Change) -> None:
            if Slow.waits:
                Slow.waits = False
                c.log.case("2", 2)
                assert other.poll().starts == 2
            super().commit(change)

    c.log.calls.clear()
    assert c.poll(state=Slow(c.dynamodb, "yawl-engines", "eng#1", lambda: NOW)).starts == 0
    assert len(events(other)) == 2
    assert events(c) == []


def test_a_number_that_is_used_again_during_two_readings_is_committed_once() -> None:
    """One reading knows nothing of the number, the other has set its bit, and then the log has two rows of it."""
    c = Connector()
    c.log.case("1", 1)
    c.poll()
    c.log.case("2", 2)
    other = Connector(log=c.log, dynamodb=c.dynamodb, engine=replace(ENGINE, customers={"": "another"}))

    class Slow(DynamoDBState):
        """Lets another reading do its work, and the number be used again, once it has read what is known."""

        waits = True

        def known(self) -> Known:
            known = super().known()
            if Slow.waits:
                Slow.waits = False
                assert other.poll().starts == 1
                c.log.case("2", 3)
            return known

    assert c.poll(state=Slow(c.dynamodb, "yawl-engines", "eng#1", lambda: NOW)).starts == 1
    assert [event["id"] for event in events(other)] == ["yawl:eng:1:case:2#1"]
    assert [event["id"] for event in events(c)] == ["yawl:eng:1:case:1#1", "yawl:eng:1:case:2#2"]


def test_a_database_that_is_another_stops_the_engine_until_a_person_acts() -> None:
    c = Connector()
    for number in (1, 2, 3):
        c.log.case(str(number), number)
    c.poll()
    c.log.cases = {}
    for number in (1, 2, 3, 4):
        c.log.case(str(number), number, at=NOW - 60)
    polled = c.poll()
    assert (polled.starts, polled.is_good) == (0, False)
    assert polled.fault is not None
    assert c.counted == {YawlMetric.POLLS_FAILED: 1}
    assert c.poll().fault == polled.fault
    c.engine = replace(c.engine, epoch=2)
    assert c.poll().starts == 4
    assert len(events(c)) == len({event["id"] for event in events(c)}) == 7


def test_a_fault_that_a_person_has_removed_is_over() -> None:
    c = Connector()
    c.log.case("1", 1)
    c.poll()
    c.log.cases[A] = []
    assert c.poll().fault
    c.table.delete_item(Key={"engine": "eng#1", "item": "fault"})
    c.log.case("2", 2)
    assert c.poll().starts == 1


def test_out_of_time_the_next_reading_goes_on() -> None:
    c = Connector()
    for number in range(1, 251):
        c.log.case(str(number), number)
    left = iter(range(150, -1, -1))
    polled = c.poll(seconds_left=lambda: next(left))
    assert (polled.starts, polled.is_good) == (0, False)
    assert len(events(c)) == 151
    assert c.poll().is_good
    assert len({event["id"] for event in events(c)}) == len(events(c)) == 250


def test_announcements_are_compared_with_the_log() -> None:
    c = Connector()
    c.log.case("0", 1, at=NOW - 121)
    c.poll()
    assert YawlMetric.STARTS_NOT_ANNOUNCED not in c.counted, "the engine may not have had our address"
    c.log.case("1", 2, at=NOW - 121)
    c.log.case("2", 3, at=NOW - 121)
    announce(c, "1", NOW - 121)
    announce(c, "rolled-back", NOW - 60)
    c.poll()
    assert c.counted[YawlMetric.STARTS_NOT_ANNOUNCED] == 1
    assert YawlMetric.PUSHES_WITHOUT_CASE not in c.counted
    c.now += 3600
    c.poll()
    assert c.counted[YawlMetric.PUSHES_WITHOUT_CASE] == 1
    c.poll()
    assert YawlMetric.PUSHES_WITHOUT_CASE not in c.counted
    assert sorted(event["id"] for event in events(c)) == [f"yawl:eng:1:case:{number}#1" for number in range(3)]


def test_where_only_the_log_counts_announcements_are_not_read() -> None:
    c = Connector(engine=replace(ENGINE, mode="log-only"))
    c.log.case("1", 1)
    announce(c, "forged", NOW - 4000)
    c.poll()
    assert set(c.counted) == {YawlMetric.STARTS_FOUND, YawlMetric.POLLS_GOOD}


# --- push-only --------------------------------------------------------------------------------------------------------


def pushed(connector: Connector) -> list[str]:
    connector.poll(source=PushedStarts())
    return [event["id"] for event in events(connector)]


def test_push_only_bills_each_announced_case_once_at_its_arrival() -> None:
    c = Connector(engine=replace(ENGINE, mode="push-only"))
    announce(c, "1", NOW - 60, launching_service="http://e/workletService/ib")
    announce(c, "2", NOW - 30)
    announce(c, "2", NOW - 20)
    assert pushed(c) == ["yawl:eng:1:worklet:1#1", "yawl:eng:1:case:2#1"]
    assert events(c)[1]["occurredAt"] == "2026-11-30T11:59:30Z"
    announce(c, "2", NOW - 10)
    c.now += 300
    assert len(pushed(c)) == 2
    assert c.state.fault() is None


def test_an_announcement_that_is_written_late_is_read() -> None:
    c = Connector(engine=replace(ENGINE, mode="push-only"))
    announce(c, "1", NOW - 60)
    pushed(c)
    announce(c, "0", NOW - 90)
    c.now += 60
    assert pushed(c) == ["yawl:eng:1:case:1#1", "yawl:eng:1:case:0#1"]


def test_numbers_that_come_again_are_a_fault_that_stops_nothing() -> None:
    c = Connector(engine=replace(ENGINE, mode="push-only"))
    announce(c, "1", NOW - 60)
    pushed(c)
    c.now += 3600
    pushed(c)
    c.now += 3600
    announce(c, "1", c.now - 60)
    announce(c, "2", c.now - 30)
    assert pushed(c) == ["yawl:eng:1:case:1#1", "yawl:eng:1:case:2#1"]
    fault = c.state.fault()
    assert fault is not None
    assert not fault.stops


def test_an_announcement_from_before_since_is_not_billed() -> None:
    c = Connector(engine=replace(ENGINE, mode="push-only", since=NOW - 30))
    announce(c, "1", NOW - 31)
    announce(c, "2", NOW - 30)
    assert pushed(c) == ["yawl:eng:1:case:2#1"]


def test_more_announcements_than_a_reading_holds_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who knows the secret could send them; the log bills all the same."""
    monkeypatch.setattr("yawl.reconcile.poll.MOST_HINTS", 3)
    c = Connector()
    c.log.case("1", 1, at=NOW - 121)
    for number in range(5):
        announce(c, f"forged-{number}", NOW - 3700 + number)
    assert c.poll().starts == 1
    assert YawlMetric.STARTS_NOT_ANNOUNCED not in c.counted
    assert YawlMetric.PUSHES_WITHOUT_CASE not in c.counted


class Meanwhile(Log):
    """The log of a new database. When the cases of it are asked for first, another reading reads the old one."""

    def __init__(self, other: Connector) -> None:
        super().__init__()
        self.other: Connector | None = other

    def case_starts(self, case_id: str) -> Sequence[CaseStart]:
        if self.other is not None:
            other, self.other = self.other, None
            other.poll()
        return super().case_starts(case_id)


@pytest.mark.parametrize("numbers", [["1"], ["1", "2"]])
def test_of_two_first_readings_one_notices_that_the_other_has_read_another_database(numbers: list[str]) -> None:
    """Neither began with an anchor."""
    c = Connector()
    c.log.case("1", 5)
    new = Meanwhile(c)
    for number in numbers:
        new.case(number, int(number), at=NOW - 300)
    c.poll(source=LogStarts(c.engine, new))
    assert c.poll(source=LogStarts(c.engine, new)).fault is not None
    assert [event["id"] for event in events(c)] == ["yawl:eng:1:case:1#1"]


# --- the audit --------------------------------------------------------------------------------------------------------


def audited(connector: Connector, most: int = audit.MOST_COUNTED) -> Any:
    return lambda day, ours: audit.compare(connector.log, connector.log.specifications(), day, ours, most)


def test_the_last_day_is_compared_once() -> None:
    c = Connector()
    c.log.case("1", 1, at=DAY - 60)
    c.poll(audited=audited(c))
    assert c.counted[YawlMetric.AUDIT_DIFFERENCES] == 0
    assert c.state.progress().audited_day == "2026-11-29"
    c.log.calls.clear()
    c.poll(audited=audited(c))
    assert c.log.asked("started") == []


def test_a_difference_is_counted_and_noted() -> None:
    c = Connector()
    c.log.case("1", 1, at=DAY - 60)
    c.poll()
    c.table.delete_item(Key={"engine": "eng#1", "item": "started#2026-11-29"})
    c.poll(audited=audited(c))
    assert c.counted[YawlMetric.AUDIT_DIFFERENCES] == 1
    assert [(each["theirs"], each["ours"], each["specification"]) for each in c.noted] == [(1, 0, "Orders")]


def test_a_specification_with_many_cases_is_not_compared() -> None:
    c = Connector()
    c.log.case("1", 1, at=DAY - 60)
    c.log.case("2", 2, at=DAY - 60)
    c.poll()
    c.log.calls.clear()
    c.poll(audited=audited(c, most=1))
    assert c.log.asked("started") == []
    assert [each["specifications"] for each in c.noted] == [1]
    assert c.state.progress().audited_day == "2026-11-29"


def test_many_specifications_are_compared_as_far_as_the_engine_answers_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_SQUARES", 4)
    c = Connector()
    for case_id, of in (("1", A), ("2", B), ("3", B)):
        c.log.case(case_id, int(case_id), at=DAY - 60, of=of)
    c.poll()
    c.log.calls.clear()
    c.poll(audited=audited(c))
    assert c.log.asked("started") == [A]
    assert [each["specifications"] for each in c.noted] == [1]


def test_a_reading_with_a_problem_compares_nothing() -> None:
    c = Connector()
    c.log.case("1", 1)
    c.poll()
    c.log.broken.add(("case_ids", A))
    c.poll(audited=audited(c))
    assert c.state.progress().audited_day == ""


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (DAY + 3599, "2026-11-28"),
        (DAY + 3600, "2026-11-29"),
        (DAY + 86_400 + 3599, "2026-11-29"),
        (DAY + 86_400 + 3600, "2026-11-30"),
    ],
)
def test_a_day_is_compared_an_hour_after_its_end(now: int, day: str) -> None:
    engine = replace(ENGINE, since=0.0)
    assert audit.due_day(engine, "", now * 1000) == day
    assert audit.due_day(engine, day, now * 1000) is None


def test_a_day_that_began_before_since_is_not_compared() -> None:
    assert audit.due_day(replace(ENGINE, since=DAY - 86_399.0), "", (DAY + 7200) * 1000) is None
    assert audit.due_day(replace(ENGINE, since=DAY - 86_400.0), "", (DAY + 7200) * 1000) == "2026-11-29"


def test_a_stored_fault_is_reported_and_nothing_is_asked() -> None:
    c = Connector()
    c.state.stop(Fault("a person looks at it", 1))
    assert c.poll().fault == "a person looks at it"
    assert c.log.calls == []
