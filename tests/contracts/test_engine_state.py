"""The store of an engine's starts: what is committed together, what a lost race says, what is read back."""

import pytest

from ledger import tables
from tests.contracts.stores import NOW, Ledger
from yawl.announced_start import AnnouncedStart
from yawl.reconcile.known import Case, FoundCase, FoundStart, Known, Segment
from yawl.start import Specification
from yawl.state.dynamodb import DynamoDBState
from yawl.state.ports import Anchor, Change, Fault, Health, Message, Overtaken, Parcel, Progress

MESSAGE = Message("usage", "customer-1", '{"events":[]}')
UNATTRIBUTED = Message("unattributed", None, '{"events":[1]}')


def state_of(ledger: Ledger, database: str = "eng#1") -> DynamoDBState:
    return DynamoDBState(ledger.dynamodb, tables.ENGINES.name, database, lambda: NOW)


def found(case_id: str, *keys: int) -> FoundCase:
    return FoundCase(case_id, tuple(FoundStart(key, key, None, None) for key in keys))


def marked(known: Known, *cases: FoundCase) -> Known:
    """What is to be committed when these cases are."""
    after = known
    for case in cases:
        after = after.after(case, [start for _, start in after.new_starts(case)])
    return after.difference(known)


def test_nothing_is_known_at_first(ledger: Ledger) -> None:
    state = state_of(ledger)
    assert state.known() == Known()
    assert state.known().is_empty
    assert (state.unsent(), state.progress(), state.fault(), state.health()) == ([], Progress(), None, Health())


def test_starts_are_read_back(ledger: Ledger) -> None:
    state = state_of(ledger)
    change = marked(Known(), found("7", 1), found("5000", 2), found("odd one", 3), found("9", 4, 5))
    state.commit(Change(known=change))
    known = state.known()
    assert [known.count(case_id) for case_id in ("7", "5000", "odd one", "9", "8")] == [1, 1, 1, 2, 0]
    assert known == Known().committed(change)
    state.commit(Change(known=marked(known, found("8", 6), found("9", 4, 5, 7))))
    again = state.known()
    assert [again.count(case_id) for case_id in ("7", "8", "9")] == [1, 1, 3]
    assert again.segments[0].version == 2


def test_another_database_knows_nothing_of_it(ledger: Ledger) -> None:
    state_of(ledger).commit(Change(known=marked(Known(), found("7", 1)), messages=(MESSAGE,)))
    for other in ("eng#2", "other#1"):
        assert state_of(ledger, other).known().is_empty
        assert state_of(ledger, other).unsent() == []


def test_of_two_commits_that_read_the_same_one_is_written(ledger: Ledger) -> None:
    state = state_of(ledger)
    for case in (found("7", 1), found("odd one", 1)):
        before = state.known()
        first, second = (Change(known=marked(before, case), messages=(MESSAGE,)) for _ in range(2))
        state.commit(first)
        with pytest.raises(Overtaken):
            state.commit(second)
        after = state.known()
        with pytest.raises(Overtaken):
            state.commit(second)
        assert state.known() == after
    assert len(state.unsent()) == 2


def test_a_lost_race_writes_nothing_at_all(ledger: Ledger) -> None:
    state = state_of(ledger)
    state.commit(Change(known=marked(Known(), found("7", 1))))
    late = marked(Known(), found("7", 1), found("5000", 2), found("odd one", 3))
    with pytest.raises(Overtaken):
        state.commit(
            Change(known=late, started={("2026-11-29", 4): 1}, marks={"user#x": int(NOW) + 9}, messages=(MESSAGE,))
        )
    assert [state.known().count(case_id) for case_id in ("5000", "odd one")] == [0, 0]
    assert (state.started("2026-11-29"), state.marked(["user#x"]), state.unsent()) == ({}, set(), [])


def test_messages_are_unsent_in_their_order_until_they_are_sent(ledger: Ledger) -> None:
    state = state_of(ledger)
    state.commit(Change(messages=(MESSAGE, UNATTRIBUTED)))
    (parcel,) = state.unsent()
    assert parcel.messages == (MESSAGE, UNATTRIBUTED)
    assert parcel.committed_ms == state.oldest_unsent_ms() == int(NOW * 1000)
    assert [parcel.deduplication_id(0), parcel.deduplication_id(1)] == [f"{parcel.id}:0", f"{parcel.id}:1"]
    state.sent(parcel)
    state.sent(parcel)
    assert state.unsent() == []
    assert state.oldest_unsent_ms() is None


def test_a_mark_is_made_once(ledger: Ledger) -> None:
    state = state_of(ledger)
    state.commit(Change(marks={"user#2026-11#a": int(NOW) + 9}))
    with pytest.raises(Overtaken):
        state.commit(Change(marks={"user#2026-11#b": int(NOW) + 9, "user#2026-11#a": int(NOW) + 9}))
    assert state.marked(["user#2026-11#a", "user#2026-11#b"]) == {"user#2026-11#a"}


def test_starts_of_a_day_add_up_by_specification(ledger: Ledger) -> None:
    state = state_of(ledger)
    state.commit(Change(started={("2026-11-29", 4): 2, ("2026-11-30", 4): 1}))
    state.commit(Change(started={("2026-11-29", 4): 1, ("2026-11-29", 7): 5}))
    assert state.started("2026-11-29") == {4: 3, 7: 5}
    assert state.started("2026-11-30") == {4: 1}
    assert state.started("2026-11-28") == {}


def test_announcements_are_read_by_their_time(ledger: Ledger) -> None:
    state, table = state_of(ledger), ledger.dynamodb.Table(tables.ENGINES.name)
    starts = [
        AnnouncedStart(case_id="1", at_ms=999, specification=Specification("id", "0.1", "uri")),
        AnnouncedStart(case_id="2", at_ms=1000, launching_service="http://x/ib"),
        AnnouncedStart(case_id="#3 x", at_ms=2000, delayed=True),
        AnnouncedStart(case_id="4", at_ms=2001),
    ]
    for start in starts:
        table.put_item(Item=start.to_item("eng#1"))
    assert list(state.announced(1000, 2000)) == starts[1:3]
    assert list(state.announced(0, 10**12)) == starts


def test_progress_is_read_back_field_by_field(ledger: Ledger) -> None:
    state = state_of(ledger)
    state.advance(anchor=Anchor("a b", 7, 99), floor=0, services={2: "acme", -1: "x"})
    state.advance(checkpoint=(5, 1000), hints_until=4, users_until=5, audited_day="2026-11-29", waiting={"": 3})
    assert state.progress() == Progress(
        anchor=Anchor("a b", 7, 99),
        floor=0,
        checkpoint=(5, 1000),
        hints_until=4,
        users_until=5,
        audited_day="2026-11-29",
        services={2: "acme", -1: "x"},
        waiting={"": 3},
    )


def test_a_fault_forgets_the_anchor(ledger: Ledger) -> None:
    """A person who has looked removes the fault, and the next reading goes on with what the log has now."""
    state = state_of(ledger)
    state.advance(anchor=Anchor("1", 7, 99), floor=3)
    state.stop(Fault("fell back", 5))
    assert state.fault() == Fault("fell back", 5)
    assert state.progress() == Progress(floor=3)


def test_health_keeps_the_last_good_reading(ledger: Ledger) -> None:
    state = state_of(ledger)
    state.polled(1000, None)
    state.polled(2000, "EngineUnreachable")
    assert state.health() == Health(announced_ms=None, polled_ms=1000)
    assert (state.watched_since(3000), state.watched_since(4000)) == (3000, 3000)


def test_a_full_and_an_odd_segment_are_kept_exactly(ledger: Ledger) -> None:
    state = state_of(ledger)
    bits = {0: 2**4096 - 1, 3: int("10" * 2048, 2), 244_140_624: 1}
    state.commit(Change(known=Known({position: Segment(each) for position, each in bits.items()})))
    assert {position: each.bits for position, each in state.known().segments.items()} == bits
    cases = {"x": Case(count=700, net_instances=frozenset(range(500)))}
    state.commit(Change(known=Known(cases=cases)))
    assert state.known().cases["x"] == Case(700, frozenset(range(500)), 1)
    state.commit(Change(known=Known(cases={"x": Case(700, frozenset(range(500)), 1, given_up=2)})))
    assert state.known().cases["x"] == Case(700, frozenset(range(500)), 2, given_up=2)


def test_a_change_without_anything_writes_nothing(ledger: Ledger) -> None:
    state_of(ledger).commit(Change())
    assert state_of(ledger).unsent() == []


def test_a_parcel_names_its_messages_alike_each_time() -> None:
    parcel = Parcel("a", 1, (MESSAGE, MESSAGE))
    assert [parcel.deduplication_id(0), parcel.deduplication_id(1)] == ["a:0", "a:1"]
