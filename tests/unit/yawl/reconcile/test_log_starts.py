"""Started cases by the log: what it lists, what it lacks, and what the first reading leaves unread."""

import json
from dataclasses import replace

import pytest

from runtime.metric_names import YawlMetric
from tests.unit.yawl.reconcile.cases import DAY, NOW, A, B, Connector, Log
from yawl.announced_start import AnnouncedStart
from yawl.engine import AttributedBy
from yawl.log.ports import CaseStart
from yawl.reconcile import audit, log_starts
from yawl.reconcile.log_starts import GIVEN_UP_MS, LogStarts
from yawl.reconcile.source import CounterFellBack
from yawl.start import Specification
from yawl.state.ports import Anchor

HOUR = 3600.0


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yawl.reconcile.log_starts.time.sleep", lambda _seconds: None)


def ids(connector: Connector) -> list[str]:
    """Ids of the events that were sent."""
    return [event["id"] for message, _ in connector.post.sent for event in json.loads(message.body)["events"]]


def test_new_cases_are_found_and_only_they_are_asked_for() -> None:
    c = Connector()
    for number in (1, 2, 3):
        c.log.case(str(number), number)
    assert c.poll().starts == 3
    c.log.calls.clear()
    c.log.case("4", 4, of=B)
    c.log.case("job", 5)
    assert c.poll().starts == 2
    assert sorted(ids(c)) == [f"yawl:eng:1:case:{case}#1" for case in ("1", "2", "3", "4", "job")]
    # Beside the new ones: the anchor, number 0, which the lists might have lost, and the counter's next number.
    assert c.log.asked("case_starts") == ["3", "4", "job", "0", "5"]


def test_a_case_of_the_worklet_service_is_an_invocation() -> None:
    c = Connector()
    c.log.case("1", 1, by=3)
    c.poll()
    assert ids(c) == ["yawl:eng:1:worklet:1#1"]


def test_names_of_services_are_asked_for_once() -> None:
    c = Connector()
    for number in range(1, 6):
        c.log.case(str(number), number, by=2)
        c.poll()
    assert c.log.asked("service_name") == [2]
    assert c.state.progress().services == {2: "acme"}


def test_a_listed_case_without_a_row_waits_and_is_a_finding_after_an_hour() -> None:
    c = Connector()
    c.log.cases[A] = [("1", None)]
    assert c.poll().starts == 0
    c.now += HOUR - 1
    c.poll()
    assert YawlMetric.CASES_WITHOUT_ROW not in c.counted
    c.now += 1
    c.poll()
    assert c.counted[YawlMetric.CASES_WITHOUT_ROW] == 1
    assert c.noted == [{"engine": "eng", "cases": 1}], "its id stays in the table"
    c.log.cases[A] = [("1", CaseStart(1, int(NOW * 1000), 2))]
    assert c.poll().starts == 1


def test_a_case_whose_row_never_comes_is_given_up_after_a_day() -> None:
    c = Connector()
    c.log.cases[A] = [("1", None)]
    c.poll()
    c.now += GIVEN_UP_MS / 1000
    c.poll()
    assert (c.state.known().count("1"), c.state.known().accounted("1")) == (0, 1)
    c.log.calls.clear()
    c.poll()
    assert "1" not in c.log.asked("case_starts")
    assert ids(c) == []


@pytest.mark.parametrize("case_id", ["daily", "77"])
def test_an_id_of_which_a_row_is_missing_is_billed_each_time_that_it_is_used_again(case_id: str) -> None:
    c = Connector()
    c.log.case("1", 1)
    for day in range(8):
        if day == 2:
            c.log.cases[A].append((case_id, None))
        else:
            c.log.case(case_id, 2 + day, at=c.now - 60)
        for _ in range(4):
            c.poll()
            c.now += 6 * HOUR
    assert sorted(ids(c))[1:] == [f"yawl:eng:1:case:{case_id}#{number}" for number in range(1, 8)]
    assert YawlMetric.CASES_WITHOUT_ROW not in c.counted
    c.log.calls.clear()
    c.poll()
    assert case_id not in c.log.asked("case_starts")[1:]


def test_a_number_that_was_listed_before_it_was_given_is_billed() -> None:
    """The id of a case that a caller has started may look like more entries of the list."""
    c = Connector()
    for number in range(1, 6):
        c.log.case(str(number), number)
    c.log.cases[A] += [(str(number), None) for number in range(6, 11)]
    for _ in range(26):
        c.poll()
        c.now += HOUR
    assert len(ids(c)) == 5
    for number in range(6, 11):
        c.log.case(str(number), number, at=c.now - 60)
    assert c.poll().starts == 5
    assert sorted(ids(c)) == sorted(f"yawl:eng:1:case:{number}#1" for number in range(1, 11))
    c.log.case("6", 11, at=c.now - 60)
    assert c.poll().starts == 1
    assert ids(c)[-1] == "yawl:eng:1:case:6#2"


def test_a_row_that_comes_after_its_start_was_given_up_hides_no_later_one() -> None:
    c = Connector()
    c.log.cases[A] = [("job", None)]
    c.poll()
    c.now += GIVEN_UP_MS / 1000
    c.poll()
    c.log.cases[A] = []
    for key in (1, 2, 3):
        c.log.case("job", key, at=c.now - 60)
        c.poll()
    assert ids(c) == [f"yawl:eng:1:case:job#{number}" for number in (1, 2, 3)]


def test_a_start_ahead_of_our_clock_waits_until_it_is_past() -> None:
    c = Connector(log=Log(clock_offset_ms=200_000))
    c.log.case("1", 1, at=NOW + 200)
    assert c.poll().starts == 0
    assert c.counted[YawlMetric.ENGINE_CLOCK_OFF] == 1
    assert c.noted == [{"engine": "eng", "seconds": 200}]
    c.now += 200
    assert c.poll().starts == 1


# --- what the lists lack ----------------------------------------------------------------------------------------------


def test_a_number_that_the_lists_lost_is_found_below_a_listed_one() -> None:
    c = Connector()
    c.log.case("1", 1)
    c.poll()
    c.log.case("3", 3)
    c.log.unlisted["2"] = [CaseStart(2, int((NOW - 300) * 1000), 2)]
    assert c.poll().starts == 2
    assert "yawl:eng:1:case:2#1" in ids(c)


def test_the_counters_next_numbers_are_looked_for() -> None:
    c = Connector()
    c.log.case("1", 1)
    c.log.unlisted |= {str(n): [CaseStart(n, int((NOW - 300) * 1000), 2)] for n in (2, 3)}
    assert c.poll().starts == 3


def test_a_case_that_may_be_listed_yet_is_not_taken_for_lost() -> None:
    """It would be committed without its specification."""
    c = Connector()
    c.log.case("1", 1)
    c.poll()
    c.log.unlisted["2"] = [CaseStart(2, int((NOW - 119) * 1000), 2)]
    assert c.poll().starts == 0
    c.now += 1
    assert c.poll().starts == 1


def test_an_announced_case_that_no_list_has_is_asked_for() -> None:
    c = Connector(engine=replace(Connector().engine, attributed_by="specification", customers={"UID_a": "customer-a"}))
    c.log.case("1", 1)
    c.log.unlisted["job"] = [CaseStart(2, int((NOW - 300) * 1000), 2)]
    named = Specification("UID_a", "0.1", "Orders")
    announced = AnnouncedStart(case_id="job", at_ms=int((NOW - 300) * 1000), specification=named)
    c.table.put_item(Item=announced.to_item("eng#1"))
    assert (c.poll().starts, c.poll().starts) == (2, 0)
    assert all(message.customer == "customer-a" for message, _ in c.post.sent)


def test_a_missing_number_is_given_up_and_found_if_it_is_listed_after_all() -> None:
    """A caller has supplied number 5; the counter comes to 2, 3, 4 later."""
    c = Connector()
    c.log.case("1", 1)
    c.log.case("5", 2)
    for _ in range(4):
        c.poll()
        c.now += HOUR
    c.log.calls.clear()
    c.poll()
    assert c.log.asked("case_starts") == ["5", "6"]
    for number in (2, 3, 4):
        c.log.case(str(number), number + 1, at=c.now - 600)
    assert c.poll().starts == 3


def test_numbers_that_stay_empty_do_not_hide_a_lost_one_behind_them() -> None:
    """Launches that failed have used them up."""
    c = Connector()
    c.log.case("1", 1)
    c.poll()
    last = 2 * log_starts.MOST_ASKED + 60
    c.log.unlisted[str(last - 1)] = [CaseStart(2, int((NOW - 600) * 1000), 2)]
    for number in range(20, last + 1, 20):
        c.log.case(str(number), number)
    for _ in range(30):
        c.poll()
        c.now += 600
    assert f"yawl:eng:1:case:{last - 1}#1" in ids(c)
    c.log.calls.clear()
    c.poll()
    assert len(c.log.asked("case_starts")) == 2


def test_a_number_that_could_not_be_asked_for_is_asked_again() -> None:
    c = Connector()
    c.log.case("1", 1)
    c.poll()
    c.log.case("3", 3)
    c.log.unlisted["2"] = [CaseStart(2, int((NOW - 300) * 1000), 2)]
    c.log.broken.add(("case_starts", "2"))
    for _ in range(4):
        c.poll()
        c.now += HOUR
    assert c.state.progress().floor == 2
    c.log.broken.clear()
    assert c.poll().starts == 1


def test_announced_numbers_do_not_move_the_counter() -> None:
    """Who has the secret may announce any number."""
    c = Connector()
    c.log.case("1", 1)
    c.poll()
    for number in range(30, 301, 30):
        c.table.put_item(Item=AnnouncedStart(case_id=str(number), at_ms=int(NOW * 1000)).to_item("eng#1"))
    for _ in range(4):
        c.poll()
        c.now += HOUR
    assert c.state.progress().floor == 2
    c.log.unlisted["2"] = [CaseStart(2, int((c.now - 300) * 1000), 2)]
    assert c.poll().starts == 1


# --- repeated ids, and which specification ----------------------------------------------------------------------------


def test_an_id_that_is_used_again_is_another_start() -> None:
    c = Connector()
    c.log.case("job", 1)
    c.poll()
    c.log.case("job", 2, of=B)
    c.log.case("job", 3, of=A)
    c.poll()
    assert ids(c) == [f"yawl:eng:1:case:job#{number}" for number in (1, 2, 3)]
    assert c.state.started("2026-11-30") == {A.key: 2, B.key: 1}
    assert len(c.log.asked("net_instances")) == 2


def test_a_row_of_no_listed_specification_waits_where_the_specification_pays() -> None:
    c = Connector(engine=replace(Connector().engine, attributed_by="specification", customers={"UID_a": "a"}))
    c.log.case("job", 1)
    c.log.unlisted["job"] = [CaseStart(2, int((NOW - 300) * 1000), 2)]
    assert c.poll().starts == 1
    assert c.state.known().count("job") == 1


@pytest.mark.parametrize(("attributed_by", "asked"), [("engine", [B]), ("specification", [A, B])])
def test_a_very_large_specification_is_asked_for_its_cases_only_where_it_pays(
    attributed_by: AttributedBy, asked: list[Specification], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_starts, "MOST_COUNTED", 3)
    c = Connector(engine=replace(Connector().engine, attributed_by=attributed_by))
    for number in (1, 2):
        c.log.case(str(number), number, at=DAY - 60)
    c.poll()
    c.log.case("job", 3, at=DAY - 60)
    c.log.case("job", 4, at=DAY - 60)
    c.log.case("job", 5, at=DAY - 60, of=B)
    assert c.poll().starts == 3
    assert c.log.asked("net_instances") == asked
    compared = audit.compare(c.log, c.log.specifications(), "2026-11-29", c.state.started("2026-11-29"), most=3)
    assert (compared.differences, compared.left_out) == ([], 1)


# --- the first reading ------------------------------------------------------------------------------------------------


def test_the_first_reading_asks_for_cases_since_the_beginning_and_a_few_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_starts, "OLD_FOR_SURE", 30)
    c = Connector(engine=replace(Connector().engine, since=float(DAY)))
    for number in range(1, 901):
        c.log.case(str(number), number, at=DAY - 100_000 + number * 99.0)
    for number in range(901, 911):
        c.log.case(str(number), number)
    assert c.poll().starts == 10
    asked = c.log.asked("case_starts")
    assert len(asked) < 10 + 50
    assert c.state.known().count("1") == 1
    assert c.state.progress().floor == 901
    c.log.calls.clear()
    assert c.poll().starts == 0
    assert len(c.log.asked("case_starts")) == 2


def test_an_old_case_with_a_high_number_does_not_end_the_first_reading() -> None:
    """A caller supplied it long ago; the counter came to its numbers since."""
    c = Connector(engine=replace(Connector().engine, since=float(DAY)))
    for number in range(900_000, 900_100):
        c.log.case(str(number), number, at=DAY - 100.0)
    for number in range(1, 51):
        c.log.case(str(number), 10**6 + number)
    assert c.poll().starts == 50


def test_the_first_reading_of_a_slow_engine_ends() -> None:
    """An engine with a million cases answers two questions a second: some 500 in a reading."""
    c = Connector(engine=replace(Connector().engine, since=float(DAY)))
    for number in range(1, 2001):
        c.log.case(str(number), number, at=DAY - 100.0)
    for number in range(2001, 2301):
        c.log.case(str(number), number)

    def seconds_left() -> float:
        return 500 - len(c.log.asked("case_starts"))

    assert not c.poll(seconds_left=seconds_left).is_good
    c.log.calls.clear()
    assert c.poll(seconds_left=seconds_left).is_good
    assert len(set(ids(c))) == 300
    assert c.state.known().count("1") == 1


def test_old_ids_that_are_no_numbers_do_not_end_the_first_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_starts, "OLD_FOR_SURE", 30)
    c = Connector(engine=replace(Connector().engine, since=float(DAY)))
    for number in range(1, 151):
        c.log.case(str(number), number, at=DAY - 100.0)
    for name in range(40):  # They come first, and do not end it.
        c.log.case(f"old-{name}", 1000 + name, at=DAY - 100.0)
    c.log.case("151", 2000)
    for number in range(152, 181):
        c.log.case(str(number), number, at=DAY - 100.0)
    assert c.poll().starts == 1
    assert c.log.asked("started") == []
    assert len(c.log.asked("case_starts")) < 40 + 30 + 30 + 10
    assert c.state.known().count("1") == 1


def test_an_old_number_that_was_used_again_is_looked_at() -> None:
    c = Connector(engine=replace(Connector().engine, since=float(DAY)))
    for number in range(1, 101):
        c.log.case(str(number), number, at=DAY - 100.0)
    c.log.case("3", 500)
    assert c.poll().starts == 1
    assert ids(c) == ["yawl:eng:1:case:3#2"]


def test_without_all_lists_nothing_is_left_unread() -> None:
    c = Connector()
    c.log.case("1", 1)
    c.log.case("2", 2, of=B)
    c.log.broken.add(("case_ids", B))
    assert not c.poll().is_good
    assert c.state.known().is_empty
    c.log.broken.clear()
    assert c.poll().starts == 2


# --- attribution by specification -------------------------------------------------------------------------------------


def test_a_list_is_believed_only_if_it_still_has_the_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a moment a new specification lists cases of others, whose own specification the log has forgotten."""
    engine = replace(Connector().engine, attributed_by="specification", customers={"UID_a": "a", "UID_b": "b"})
    c = Connector(engine=engine)
    c.log.case("1", 1)
    c.log.case("2", 2, of=B)
    row = CaseStart(3, int((NOW - 600) * 1000), 2)
    c.log.unlisted["3"] = [row]
    c.log.cases[B].append(("3", None))
    monkeypatch.setattr("yawl.reconcile.log_starts.time.sleep", lambda _seconds: c.log.cases[B].pop())
    assert c.poll().starts == 2
    assert {(message.customer, message.body.count("case:")) for message, _ in c.post.sent} == {("a", 1), ("b", 1)}


def test_a_list_that_cannot_be_read_again_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = replace(Connector().engine, attributed_by="specification", customers={"UID_a": "a", "UID_b": "b"})
    c = Connector(engine=engine)
    c.log.case("1", 1)
    c.log.case("2", 2, of=B)
    monkeypatch.setattr("yawl.reconcile.log_starts.time.sleep", lambda _seconds: c.log.broken.add(("case_ids", B)))
    polled = c.poll()
    assert (polled.starts, polled.is_good) == (1, False)
    c.log.broken.clear()
    monkeypatch.setattr("yawl.reconcile.log_starts.time.sleep", lambda _seconds: None)
    assert c.poll().starts == 1


@pytest.mark.parametrize("is_read_at_first", [True, False])
def test_an_old_case_of_a_list_that_cannot_be_read_waits_for_it(
    is_read_at_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is missing below the counter meanwhile, and would be committed without the specification that pays."""
    engine = replace(Connector().engine, attributed_by="specification", customers={"UID_a": "a", "UID_b": "b"})
    c = Connector(engine=engine)
    c.log.case("1", 1)
    c.log.case("2", 2, of=B)
    c.poll()
    c.log.case("3", 3, at=NOW - 2 * HOUR, of=B)
    c.log.case("4", 4, at=NOW - 2 * HOUR)
    broken = ("case_ids", B)
    if is_read_at_first:
        monkeypatch.setattr("yawl.reconcile.log_starts.time.sleep", lambda _seconds: c.log.broken.add(broken))
    else:
        c.log.broken.add(broken)
    assert c.poll().starts == 1
    c.log.broken.clear()
    monkeypatch.setattr("yawl.reconcile.log_starts.time.sleep", lambda _seconds: None)
    assert c.poll().starts == 1
    assert [message.customer for message, _ in c.post.sent] == ["b", "a", "a", "b"]


# --- faults -----------------------------------------------------------------------------------------------------------


def test_a_list_that_cannot_be_read_does_not_hold_up_the_others() -> None:
    c = Connector()
    c.log.case("1", 1)
    c.poll()
    c.log.case("2", 2)
    c.log.case("3", 3, of=B)
    c.log.broken.add(("case_ids", A))
    polled = c.poll()
    # The list's own case is found below the other one's: it is missing there.
    assert (polled.starts, polled.is_good) == (2, False)
    assert c.counted[YawlMetric.POLLS_FAILED] == 1


def test_a_case_that_cannot_be_read_is_found_by_the_next_reading() -> None:
    c = Connector()
    c.log.case("1", 1)
    c.log.case("2", 2)
    c.log.broken.add(("case_starts", "1"))
    assert c.poll().starts == 1
    c.log.broken.clear()
    assert c.poll().starts == 1


def test_an_engine_that_is_just_starting_is_asked_some_times(monkeypatch: pytest.MonkeyPatch) -> None:
    c = Connector()
    c.log.case("1", 1)
    c.log.broken.add(("specifications", None))
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            c.log.broken.clear()

    monkeypatch.setattr("yawl.reconcile.log_starts.time.sleep", sleep)
    assert c.poll().starts == 1
    c.log.broken.add(("specifications", None))
    c.poll()
    assert len(waited) == 3 + log_starts.TRIES - 1


@pytest.mark.parametrize("anchor", [("1", 7, 1000), ("1", 1, 999), ("2", 1, 1000)])
def test_a_log_without_a_start_that_it_had_is_another_databases(anchor: tuple[str, int, int]) -> None:
    log = Log()
    log.case("1", 1, at=1.0)
    source = LogStarts(Connector().engine, log)
    source.check(Anchor("1", 1, 1000))
    with pytest.raises(CounterFellBack):
        source.check(Anchor(*anchor))


@pytest.mark.parametrize("known", [0, 3])
def test_another_database_behind_a_new_login_is_noticed_within_the_reading(known: int) -> None:
    """The engine starts anew for it: the client logs in again, and need not even see an error."""
    c = Connector()
    for number in range(1, known + 1):
        c.log.case(str(number), number)
    c.poll()
    c.log.case(str(known + 1), known + 1)
    ask = c.log.case_ids

    def case_ids(specification: Specification) -> list[str]:
        listed = ask(specification)
        if known:
            c.log.cases = {}
            for number in range(1, 9):
                c.log.case(str(number), 100 + number, at=NOW - 60)
            c.log.logins = 2
        return listed

    c.log.case_ids = case_ids  # type: ignore[method-assign]
    polled = c.poll()
    assert (polled.starts, polled.fault is not None) == ((0, True) if known else (1, False))
    assert c.state.known().count("4") == 0
