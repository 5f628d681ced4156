"""Starts by SQL: each once, with the number that every reader gives it, in whatever order rows become visible."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.agent.log_database import NO_KEY, LogDatabase
from yawl.engine import Dimensions, Engine
from yawl.reconcile.known import FoundCase, Known
from yawl.reconcile.plan import chunks, plan
from yawl.reconcile.source import CounterFellBack, Findings, Reading
from yawl.start import Specification
from yawl.state.ports import Anchor, Progress
from yawl_metering_agent.log_tables import DatabaseUnreachable, LogTables
from yawl_metering_agent.sql_starts import SqlStarts

HOUR = 3_600_000
SINCE = 1_795_000_000
NOW = SINCE * 1000 + 100 * HOUR
ENGINE = Engine(id="eng", since=SINCE, customers={"": "l-1"}, dimensions=Dimensions(executions="workflow_executions"))


class Tables(LogTables):
    """The tables, with the number of rows that were read."""

    def __init__(self, connection: Any, mark: str = "?") -> None:
        super().__init__(connection, mark)
        self.read = 0

    def _rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        rows = super()._rows(statement, *parameters)
        self.read += len(rows)
        return rows


class Seen:
    """``SeenRows`` in memory."""

    def __init__(self) -> None:
        self.kept: set[int] = set()

    def events(self) -> set[int]:
        return set(self.kept)

    def remember(self, events: Iterable[int], above: int) -> None:
        self.kept = {event for event in self.kept | {*events} if event > above}


@dataclass
class Readings:
    """Readings of a database, one after another, with what is committed and stored in between."""

    log: LogDatabase
    known: Known = field(default_factory=Known)
    progress: Progress = field(default_factory=Progress)
    now_ms: int = NOW
    seen: Seen = field(default_factory=Seen)
    findings: Findings = field(init=False)
    rows_read: int = 0

    def read(self, later_ms: int = 0, *, stop_after: int | None = None) -> list[str]:
        """Commit what a reading finds; ``case#number`` of each billed start. stop_after: commits, then a crash."""
        self.now_ms += later_ms
        tables = Tables.connect(self.log.address)
        source = SqlStarts(ENGINE, tables, self.seen)
        self.findings = Findings(self.progress)
        reading = Reading(known=self.known, progress=self.progress, announced=(), now_ms=self.now_ms)
        billed: list[str] = []
        for number, chunk in enumerate(chunks(source.find(reading, self.findings))):
            if number == stop_after:
                return billed
            planned = plan(chunk, self.known, ENGINE)
            self.known = self.known.committed(planned.change.known)
            billed += [f"{start.case_id}#{start.number}" for start in planned.starts]
        self.progress = self.findings.progress
        self.rows_read = tables.read
        tables.close()
        return billed


@pytest.fixture
def log(tmp_path: Path) -> LogDatabase:
    database = LogDatabase(tmp_path / "engine.sqlite")
    database.specification(1, 1, "Orders")
    database.specification(2, 7, "Claims")
    database.service(1, "admin")
    database.service(2, "workletService")
    return database


@pytest.fixture
def readings(log: LogDatabase) -> Readings:
    return Readings(log)


def found(log: LogDatabase) -> dict[str, FoundCase]:
    source = SqlStarts(ENGINE, LogTables.connect(log.address), Seen())
    reading = Reading(known=Known(), progress=Progress(), announced=(), now_ms=NOW)
    return {case.case_id: case for case in source.find(reading, Findings(Progress()))}


def test_a_start_has_what_the_log_says_of_it(log: LogDatabase) -> None:
    log.start("1", NOW - 5, net=7, service=2, instance=41)
    (start,) = found(log)["1"].starts
    specification = Specification("UID_Claims", "0.1", "Claims", 2)
    assert start == (41, NOW - 5, "workletService", specification, True)


def test_a_lost_specification_and_a_launch_without_a_service_are_none(log: LogDatabase) -> None:
    log.start("1", NOW, net=NO_KEY, service=NO_KEY)
    (start,) = found(log)["1"].starts
    assert (start.launched_by, start.specification) == (None, None)


def test_a_specification_without_a_root_net_is_not_that_of_lost_cases(log: LogDatabase) -> None:
    log.specification(3, NO_KEY, "Racing")
    log.start("1", NOW, net=NO_KEY)
    assert found(log)["1"].starts[0].specification is None


def test_sub_nets_and_other_events_are_no_starts(log: LogDatabase, readings: Readings) -> None:
    log.start("1", NOW)
    log.instance(50, "1.1", net=9, parent=4)
    log.event("NetStart", NOW, 50, NO_KEY, 60)
    log.event("CaseComplete", NOW, NO_KEY, NO_KEY, 61)
    assert readings.read() == ["1#1"]


def test_each_start_is_found_once(log: LogDatabase, readings: Readings) -> None:
    log.start("1", NOW)
    assert readings.read() == ["1#1"]
    log.start("2", NOW + 1)
    log.start("by hand", NOW + 1)
    assert readings.read(HOUR // 12) == ["2#1", "by hand#1"]
    assert [readings.read(HOUR // 12) for _ in range(40)] == [[]] * 40


def test_cases_from_before_since_are_known_and_not_billed(log: LogDatabase, readings: Readings) -> None:
    log.history(50, SINCE * 1000 - 60 * HOUR, HOUR)
    log.start("51", SINCE * 1000 - 1)
    log.start("52", SINCE * 1000)
    assert readings.read() == ["52#1"]
    assert [readings.known.count(str(number)) for number in (1, 50, 51, 52)] == [1, 1, 1, 1]


def test_a_case_id_that_occurs_again_has_the_next_number(log: LogDatabase, readings: Readings) -> None:
    log.history(3, SINCE * 1000 - 60 * HOUR)
    log.start("daily", NOW - 30 * HOUR)
    log.start("3", NOW - 29 * HOUR)
    assert readings.read() == ["daily#1", "3#2"]
    for number in (2, 3):
        log.start("daily", readings.now_ms + HOUR)
        log.start("2", readings.now_ms + HOUR)
        assert readings.read(3 * HOUR) == [f"daily#{number}", f"2#{number}"]
        assert readings.read(3 * HOUR) == []


def test_a_row_that_becomes_visible_behind_later_ones_is_found(log: LogDatabase, readings: Readings) -> None:
    log.start("1", NOW, event=52, instance=52)
    assert readings.read() == ["1#1"]
    log.start("2", NOW - 1, event=51, instance=51)
    assert readings.read(HOUR // 2) == ["2#1"]
    log.start("1", NOW + HOUR // 2, event=53, instance=53)
    log.start("3", NOW, event=50, instance=50)
    assert readings.read(HOUR // 4) == ["1#2", "3#1"] or readings.known.count("3") == 1


def test_a_second_start_that_becomes_visible_behind_the_first_readings_is_found(
    log: LogDatabase, readings: Readings
) -> None:
    log.start("7", NOW - 1000, event=10, instance=10)
    log.start("8", NOW, event=20, instance=20)
    assert sorted(readings.read()) == ["7#1", "8#1"]
    log.start("7", NOW, event=15, instance=15)
    assert readings.read(HOUR // 12) == ["7#2"]
    assert readings.read(HOUR // 12) == []


def test_a_case_whose_own_row_is_not_there_yet_waits(log: LogDatabase, readings: Readings) -> None:
    log.event("CaseStart", NOW, 70, 1, 5)
    assert readings.read() == []
    assert (readings.findings.without_row, readings.read(2 * HOUR)) == (0, [])
    assert readings.findings.without_row == 1
    log.instance(70, "1")
    assert readings.read(HOUR // 12) == ["1#1"]


def test_a_start_ahead_of_our_clock_waits_however_long_that_takes(log: LogDatabase, readings: Readings) -> None:
    log.start("1", NOW + 5 * HOUR)
    log.start("2", NOW)
    assert readings.read() == ["2#1"]
    for _ in range(4):
        assert readings.read(HOUR) == []
    assert readings.read(HOUR) == ["1#1"]


def test_a_reading_that_ended_half_way_is_made_again(log: LogDatabase, readings: Readings) -> None:
    log.history(9000, SINCE * 1000 - 10_000 * HOUR, HOUR)
    for number in range(9001, 9251):
        log.start(str(number), NOW)
    log.start("17", NOW)
    billed = readings.read(stop_after=2)
    assert 0 < len(billed) < 251
    billed += readings.read()
    assert sorted(billed) == sorted([*(f"{number}#1" for number in range(9001, 9251)), "17#2"])
    assert [readings.known.count(str(number)) for number in (1, 17, 9000)] == [1, 2, 1]


def test_a_second_start_whose_commit_failed_is_found_again(log: LogDatabase, readings: Readings) -> None:
    log.start("1", NOW - 1)
    assert readings.read() == ["1#1"]
    log.start("1", NOW)
    assert readings.read(HOUR // 12, stop_after=0) == []
    assert readings.read() == ["1#2"]


def test_its_rows_do_not_grow_with_history(tmp_path: Path) -> None:
    read = {}
    for cases in (500, 20_000):
        log = LogDatabase(tmp_path / f"{cases}.sqlite")
        log.specification(1, 1, "Orders")
        log.history(cases, SINCE * 1000 - cases * 1000 - 2 * HOUR)
        readings = Readings(log)
        assert readings.read() == []
        for number in range(cases + 1, cases + 11):
            log.start(str(number), readings.now_ms)
        assert len(readings.read(HOUR // 12)) == 10
        read[cases] = [readings.rows_read]
        assert readings.read(HOUR // 12) == []
        read[cases].append(readings.rows_read)
    assert read[20_000] == read[500]
    assert max(read[500]) < 20


def test_the_anchor_is_found_and_missed(log: LogDatabase) -> None:
    log.history(100, NOW - 50 * HOUR, HOUR)
    log.start("daily", NOW, instance=4711)
    source = SqlStarts(ENGINE, LogTables.connect(log.address), Seen())
    source.check(Anchor("daily", 4711, NOW))
    source.check(Anchor("50", 50, NOW - HOUR))
    for other in (Anchor("daily", 4712, NOW), Anchor("daily", 4711, NOW + 1), Anchor("50", 50, NOW)):
        with pytest.raises(CounterFellBack):
            source.check(other)


def test_a_new_database_behind_the_address_is_noticed_when_it_is_empty(tmp_path: Path) -> None:
    empty = LogDatabase(tmp_path / "empty.sqlite")
    with pytest.raises(CounterFellBack):
        SqlStarts(ENGINE, LogTables.connect(empty.address), Seen()).check(Anchor("1", 1, NOW))


def test_a_days_starts_are_counted_by_specification(log: LogDatabase) -> None:
    day = NOW - NOW % (24 * HOUR)
    for at_ms in (day - 1, day, day + 24 * HOUR - 1, day + 24 * HOUR):
        log.start(str(at_ms), at_ms)
        log.start(f"lost {at_ms}", at_ms, net=NO_KEY)
    tables = LogTables.connect(log.address)
    orders, claims = tables.specifications()
    assert [tables.started(each, day, day + 24 * HOUR - 1) for each in (orders, claims)] == [2, 0]


@pytest.mark.parametrize(
    "address",
    ["sqlite:///nowhere/x", "postgresql://reader:hunter2@127.0.0.1:9/yawl", "mysql://reader:hunter2@h/y", "x"],
)
def test_an_unusable_address_is_named_without_its_password(address: str) -> None:
    with pytest.raises(DatabaseUnreachable) as caught:
        LogTables.connect(address).newest_event()
    assert "hunter2" not in str(caught.value)


def test_a_database_without_the_tables_is_named(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.touch()
    with pytest.raises(DatabaseUnreachable):
        LogTables.connect(f"sqlite://{path}").newest_event()
