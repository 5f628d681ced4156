"""The agent's memory keeps the contract that the cloud's store keeps, in a file that outlives its process."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts import test_engine_state as contract
from tests.contracts.stores import NOW
from tests.contracts.test_engine_state import (  # noqa: F401  # The same tests, on SQLite.
    test_a_change_without_anything_writes_nothing,
    test_a_fault_forgets_the_anchor,
    test_a_full_and_an_odd_segment_are_kept_exactly,
    test_a_lost_race_writes_nothing_at_all,
    test_a_mark_is_made_once,
    test_another_database_knows_nothing_of_it,
    test_messages_are_unsent_in_their_order_until_they_are_sent,
    test_nothing_is_known_at_first,
    test_of_two_commits_that_read_the_same_one_is_written,
    test_progress_is_read_back_field_by_field,
    test_starts_are_read_back,
    test_starts_of_a_day_add_up_by_specification,
)
from yawl.state.ports import Change, Fault, Health, Message, Progress
from yawl_metering_agent.readings import same_reader
from yawl_metering_agent.state import FILE, SqliteSeenRows, SqliteState, StateFile, StateUnusable

MESSAGE = Message("usage", "l-1", '{"events":[]}')


@pytest.fixture
def file(tmp_path: Path) -> Iterator[StateFile]:
    opened = StateFile(tmp_path / "state")
    yield opened
    opened.close()


@pytest.fixture
def ledger(file: StateFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of DynamoDB: the contract's stores are those of the file."""

    def state_of(_: None, database: str = "eng#1") -> SqliteState:
        return SqliteState(file, database, lambda: NOW)

    monkeypatch.setattr(contract, "state_of", state_of)


@pytest.fixture
def state(file: StateFile) -> SqliteState:
    return SqliteState(file, "eng#1", lambda: NOW)


def test_a_reading_s_end_is_noted(state: SqliteState) -> None:
    state.polled(1000, None)
    state.polled(2000, "EngineUnreachable")
    assert (state.health(), state.last_fault()) == (Health(None, 1000), (2000, "EngineUnreachable"))
    state.polled(3000, None)
    assert (state.health(), state.last_fault()) == (Health(None, 3000), None)


def test_a_person_removes_a_fault(state: SqliteState) -> None:
    state.stop(Fault("fell back", 5))
    state.resume()
    assert state.fault() is None


def test_a_mark_is_forgotten_after_its_time(file: StateFile) -> None:
    SqliteState(file, "eng#1", lambda: NOW).commit(Change(marks={"user#a": int(NOW) + 9}))
    SqliteState(file, "eng#1", lambda: NOW + 10).commit(Change(marks={"user#a": int(NOW) + 90}))


def test_old_counts_are_dropped(file: StateFile, state: SqliteState) -> None:
    state.commit(Change(started={("2026-01-01", 1): 5, ("2026-11-18", 1): 5}))
    state.commit(Change(started={("2026-11-18", 1): 1}))
    assert (state.started("2026-01-01"), state.started("2026-11-18")) == ({}, {1: 6})


def test_another_reader_s_position_is_not_used(state: SqliteState) -> None:
    same_reader(state, "http")
    state.advance(floor=7, checkpoint=(8, 9), audited_day="2026-11-18")
    same_reader(state, "http")
    assert state.progress().floor == 7
    same_reader(state, "sql")
    assert state.progress() == Progress(audited_day="2026-11-18")


def test_seen_rows_are_kept_above_the_floor(file: StateFile) -> None:
    seen = SqliteSeenRows(file, "eng#1")
    seen.remember([5, 9, 12], above=0)
    seen.remember([9, 3], above=5)
    assert (seen.events(), SqliteSeenRows(file, "eng#2").events()) == ({9, 12}, set())


def test_earlier_databases_with_messages_are_named(file: StateFile) -> None:
    for database in ("eng#1", "eng#3", "eng-2#1", "eng#2"):
        SqliteState(file, database).commit(Change(messages=(MESSAGE,)))
    assert file.older("eng", 3) == ["eng#1", "eng#2"]


def test_usage_without_a_customer_waits_once_under_its_name(file: StateFile) -> None:
    for _ in range(2):
        file.keep_unattributed("eng#1:4:0", "eng#1", "{}")
    file.keep_unattributed("other#1:4:0", "other#1", "{}")
    assert file.unattributed("eng") == [("eng#1:4:0", "{}")]
    file.drop_unattributed("eng#1:4:0")
    assert file.unattributed("eng") == []


def test_the_file_is_its_owner_s_alone(file: StateFile, tmp_path: Path) -> None:
    for path in (tmp_path / "state", tmp_path / "state" / FILE):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_commit_outlives_the_process(tmp_path: Path) -> None:
    program = f"""
import os, sys
from pathlib import Path
from yawl.state.ports import Change, Message
from yawl_metering_agent.state import SqliteState, StateFile
file = StateFile(Path({str(tmp_path)!r}))
SqliteState(file, "eng#1").commit(Change(messages=(Message("usage", "l-1", "first"),)))
try:
    with file.transaction():
        file.rows("INSERT INTO parcel (database, committed_ms, messages) VALUES ('eng#1', 1, '[]')")
        os._exit(9)
finally:
    pass
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, timeout=60, check=False)
    assert done.returncode == 9
    file = StateFile(tmp_path)
    assert [[m.body for m in p.messages] for p in SqliteState(file, "eng#1").unsent()] == [["first"]]
    file.close()


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(StateUnusable, match=FILE):
        StateFile(tmp_path)
    with pytest.raises(StateUnusable):
        StateFile(tmp_path / "nowhere", readonly=True)
