"""The spool's file: damaged, left by an old version, shared by processes, and who may read it."""

import fcntl
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.client.app import LOG, App, Clock, files, left_in, restore
from tests.client.door import START, Door
from yawl_metering import SpoolUnwritable
from yawl_metering.spool import FILE, GRACE, LEASE

#: Folders that three killed processes of version 0.1.0 have left.
OLD = Path(__file__).parent / "old_spool"


def filled(root: Path, number: int = 300) -> App:
    """An app that recorded so many events of its own, all in the file and none in its log."""
    app = App(root, Door(), Clock())
    for n in range(number):
        app.record(f"l-{n % 3}", event_id=f"e-{n}", quantity=n + 1)
    app.kill()
    app = App(root, Door(), Clock())
    app.process.spool.abandon()
    assert not (root / LOG).exists()
    return app


def overwrite(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)


def delivered(root: Path) -> tuple[App, Door]:
    door = Door()
    app = App(root, door, Clock())
    for _ in range(3):  # one may find damage, and the next has a new file
        app.round("all")
    return app, door


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", range(16))
@pytest.mark.parametrize("within", [0, 2000])
def test_damage_is_named_and_the_rest_is_delivered(
    root: Path, page: int, within: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Bytes of one page are overwritten. What SQLite can still reach counts as it was recorded."""
    filled(root)
    pages = (root / FILE).stat().st_size // 4096
    assert pages > 16
    overwrite(root / FILE, page * pages // 16 * 4096 + within, b"\xa5" * 200)
    app, door = delivered(root)
    for (_, event_id), event in door.stored.items():
        assert event.quantity == int(event_id[2:]) + 1
    lost = 300 - len(door.stored)
    assert (app.stats.damaged > 0) == ("damaged" in caplog.text)
    assert lost == 0 or app.stats.damaged > 0
    assert lost < 40 or page == 0 or within == 0, "no more than one page of rows where the tree is whole"
    if app.stats.damaged:
        [kept] = root.glob("damaged-*.sqlite")
        assert stat.S_IMODE(kept.stat().st_mode) & 0o077 == 0
    app.record(event_id="after")
    app.deliver_all()
    assert ("l-1", "after") in door.stored


def test_a_changed_byte_within_a_value_is_noticed(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    """SQLite checks its structure alone; the quantity would be billed otherwise."""
    filled(root)
    content = (root / FILE).read_bytes()
    offset = content.index(b'"quantity":"124"')
    overwrite(root / FILE, offset + 12, b"9")
    app, door = delivered(root)
    assert len(door.stored) == 299
    assert ("l-0", "e-123") not in door.stored
    assert app.stats.damaged == 1
    assert "1 rows" in caplog.text


@pytest.mark.parametrize("content", [b"no database" * 1000, b"SQLite format 3\0" + b"\xff" * 9000, b"\0" * 8192])
def test_a_file_that_is_none_is_set_aside(root: Path, content: bytes) -> None:
    root.mkdir()
    (root / FILE).write_bytes(content)
    app, door = delivered(root)
    assert app.stats.damaged > 0
    assert [path.read_bytes()[:100] for path in root.glob("damaged-*")] == [content[:100]]
    app.record()
    app.deliver_all()
    assert door.totals() == {("l-1", "api_calls"): 1}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_is_cut_off(root: Path, share: float) -> None:
    filled(root)
    os.truncate(root / FILE, int((root / FILE).stat().st_size * share))
    app, door = delivered(root)
    assert app.stats.damaged > 0
    assert len(door.stored) < 300
    assert share < 0.9 or len(door.stored) > 200


def test_damage_within_the_log_loses_what_is_behind_it(root: Path) -> None:
    """SQLite cannot tell it from a log whose end was never written; the log is about a flush interval long."""
    app = App(root, Door(), Clock())
    app.process.spool.sync()
    for number in range(10):
        app.record(event_id=f"e-{number}")
    app.kill()
    size = (root / LOG).stat().st_size
    overwrite(root / LOG, size // 2, b"\xa5" * 64)
    _, door = delivered(root)
    assert [event_id for _, event_id in door.stored] == [f"e-{n}" for n in range(len(door.stored))]
    assert 0 < len(door.stored) < 10


def test_damage_that_a_running_process_meets(root: Path) -> None:
    """The call that meets it was not recorded; the next one has a new file."""
    app = App(root, Door(), Clock())
    for number in range(300):
        app.record(event_id=f"e-{number}")
    app.process.spool.sync()
    overwrite(root / FILE, 0, b"\xa5" * 100)
    app.process.spool._db.disconnect()  # it had the page in memory
    with pytest.raises(SpoolUnwritable):
        app.record(event_id="lost")
    app.record(event_id="kept")
    app.deliver_all()
    assert ("l-1", "kept") in app.door.stored
    assert ("l-1", "lost") not in app.door.stored
    assert app.stats.damaged > 0


def test_a_damaged_file_is_not_replaced_under_another_process(root: Path) -> None:
    """What that records would be lost. It says so, and the repair comes when all have let go."""
    filled(root)
    first = App(root, Door(), Clock())
    overwrite(root / FILE, 3 * 4096, b"\xa5" * 500)
    with pytest.raises(SpoolUnwritable, match="other processes"):
        App(root, Door(), Clock())
    first.process.spool.abandon()
    app, door = delivered(root)
    assert app.stats.damaged > 0
    assert len(door.stored) > 200


# --- files of other versions ------------------------------------------------------------------------------------------


def frozen_texts() -> set[str]:
    """The fixture's frozen events, but for the one that is ended, and the void that waits for another."""
    lines = [
        line for n in (1, 3) for line in (OLD / f"lane-{n}" / "journal-1").read_text(encoding="ascii").splitlines()
    ]
    return {
        line.split('"event":', 1)[1][:-1]
        for line in lines
        if line[9] == "e" and ',"quantity":"4"' not in line and "void" not in line
    }


def test_an_old_spool_is_taken_over_once(root: Path) -> None:
    shutil.copytree(OLD, root)
    app = App(root, Door(), Clock(START + 100))
    assert app.stats.adopted == len(app.held()) == 12
    texts = {event.text for event in app.process.spool.take(upto=99, everything=True)}
    app.process.spool.release()
    assert len(frozen_texts()) == 6
    assert frozen_texts() < texts, "the same bytes as before"
    app.deliver_all()
    totals = {key: str(total.normalize()) for key, total in app.door.totals().items()}
    assert totals == {
        ("l-9", "api_calls"): "9",
        ("l-2", "active_users"): "1",
        ("l-1", "api_calls"): "125",
        ("l-2", "data_processed_gb"): "0.75",
        ("l-2", "peak_nodes"): "7",
        ("l-2", "api_calls"): "1",
        ("l-3", "api_calls"): "111",
    }
    assert ("l-1", "case-1") in app.door.voided
    app.process.spool.close()
    assert left_in(root) == {}
    assert [path.name for path in root.iterdir() if path.is_dir()] == []
    assert App(root, Door(), Clock()).stats.adopted == 0


def test_the_day_of_an_old_event_goes_on(root: Path) -> None:
    shutil.copytree(OLD, root)
    app = App(root, Door(), Clock(START + 86_500))
    [waiting] = [event for event in app.process.spool.take(upto=99, everything=True) if event.customer == "l-9"]
    assert waiting.waits_since == START


def test_an_old_journal_that_is_cut_off_or_damaged(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.copytree(OLD, root)
    torn, damaged = (root / f"lane-{n}" / "journal-1" for n in (2, 3))
    os.truncate(torn, torn.stat().st_size - 3)
    overwrite(damaged, damaged.read_bytes().index(b"e-1"), b"x")
    app = App(root, Door(), Clock())
    assert (app.stats.torn, app.stats.damaged) == (1, 1)
    app.deliver_all()
    assert app.door.totals()["l-1", "api_calls"] == 105, "the call that was cut off had not returned"
    assert app.door.totals()["l-3", "api_calls"] == 101
    assert [path.name for path in root.glob("damaged-*")] == ["damaged-lane-3"]
    assert "unreadable" in caplog.text


def test_a_living_process_of_the_old_version_keeps_its_journal(root: Path) -> None:
    shutil.copytree(OLD, root)
    with (root / "lane-1" / "lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        app = App(root, Door(), Clock())
        assert app.stats.adopted == 4
    assert app.process.spool.adopt() == 8


def test_a_crash_after_taking_over_takes_over_again(root: Path) -> None:
    """The same ids: the metering system counts them once."""
    shutil.copytree(OLD, root)
    door = Door()
    App(root, door, Clock()).deliver_all()
    shutil.copytree(OLD, root, dirs_exist_ok=True)
    App(root, door, Clock()).deliver_all()
    assert door.totals()["l-3", "api_calls"] == 111
    assert door.totals()["l-1", "api_calls"] == 125
    assert door.reused == []


def test_files_of_another_version_are_left_alone(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = root / "lane-1-of-the-future"
    folder.mkdir(parents=True)
    (folder / "journal-4").write_bytes(b"6b67e968 v 1\n".replace(b"6b67e968 v 1", b"f26eb8d2 v 2"))
    (root / "spool-2.sqlite").write_bytes(b"what nobody knows")
    app = App(root, Door(), Clock())
    assert app.stats.adopted == 0
    assert (folder / "journal-4").exists()
    assert (root / "spool-2.sqlite").read_bytes() == b"what nobody knows"
    assert caplog.text.count("another version") == 2


# --- several processes ------------------------------------------------------------------------------------------------


def test_calls_of_two_processes_become_one_event(root: Path) -> None:
    first, second = (App(root, Door(), Clock()) for _ in range(2))
    for app in (first, second, first):
        app.record()
        app.record(dimension="peak_nodes", quantity=7 if app is second else 3)
    first.round("all")
    assert {key: int(total) for key, total in first.door.totals().items()} == {
        ("l-1", "api_calls"): 3,
        ("l-1", "peak_nodes"): 7,
    }
    assert len(first.door.stored) == 2
    second.record()
    second.round("all")
    assert len(second.door.stored) == 1, "a call after the freezing is another event"


def test_an_event_that_is_being_sent_is_left_alone_until_its_lease_ends(root: Path) -> None:
    clock = Clock()
    first, second = (App(root, Door(), clock) for _ in range(2))
    first.record(event_id="e-1")
    [event] = first.process.spool.take(upto=9, everything=True)
    second.round("all")
    assert second.door.requests == []
    clock.now += LEASE + 1
    second.round("all")
    assert second.door.requests[0][0]["id"] == event.id
    first.process.spool.settle([event], [])


def test_a_late_answer_ends_its_own_event_alone(root: Path) -> None:
    """Another process has sent the event meanwhile, and recorded a new one."""
    clock = Clock()
    first, second = (App(root, Door(), clock) for _ in range(2))
    first.record(event_id="e-1")
    [event] = first.process.spool.take(upto=9, everything=True)
    clock.now += LEASE + 1
    second.round("all")
    second.record(event_id="e-2")
    first.process.spool.settle([event], [])
    first.process.spool.settle([], [(event, clock.now + 300, None)])
    assert second.held() == [("l-1", "e-2")]
    second.round("all")
    assert second.door.requests[-1][0]["id"] == "e-2"


def test_an_answer_after_a_repair_ends_its_own_event_alone(root: Path) -> None:
    """A repair gives the rows new numbers while a request is under way."""
    app = App(root, Door(), Clock())
    for number in range(1, 6):
        app.record(event_id=f"e-{number}")
    taken = app.process.spool.take(upto=9, everything=True)
    app.process.spool.settle(taken[:1], [])
    app.process.spool._db.disconnect()
    with closing(sqlite3.connect(root / FILE)) as db, db:
        db.execute("UPDATE event SET checksum = checksum + 1 WHERE id = 'e-2'")
    app.process.spool._db._checked = False
    assert [event_id for _, event_id in app.held()] == ["e-3", "e-4", "e-5"]
    app.process.spool.settle([taken[2]], [])
    assert [event_id for _, event_id in app.held()] == ["e-4", "e-5"]


def test_a_process_sends_what_it_recorded_itself(root: Path) -> None:
    """So it learns the verdicts on its users; others help when an event is overdue, or when its process is gone."""
    clock = Clock()
    first, second = (App(root, Door(), clock) for _ in range(2))
    first.record(event_id="e-1")
    clock.now += 31
    second.round()
    assert second.door.requests == []
    due = second.process.spool.next_due()
    assert due == START + 30 + GRACE
    clock.now = due
    second.round()
    assert len(second.door.stored) == 1
    first.record(event_id="e-2")
    first.process.spool.abandon()
    assert second.process.spool.adopt() == 1
    clock.now += 31
    second.round()
    assert len(second.door.stored) == 2


def test_a_void_waits_for_an_event_that_another_process_sends(root: Path) -> None:
    clock = Clock()
    first, second = (App(root, Door(), clock) for _ in range(2))
    first.record(event_id="e-1")
    [event] = first.process.spool.take(upto=9, everything=True)
    second.void("e-1")
    second.round("all")
    assert second.door.requests == []
    first.process.spool.settle([event], [])
    second.round("all")
    assert second.door.requests == [[{"void": "e-1", "source": "app", "customerIdentifier": "l-1"}]]


def test_a_clock_that_was_ahead_holds_nothing_up(root: Path) -> None:
    clock = Clock(START + 9_000_000)
    app = App(root, Door(), clock)
    app.record(event_id="e-1")
    [event] = app.process.spool.take(upto=9, everything=True)
    app.process.spool.settle([], [(event, clock.now + 300, None)])
    clock.now = START
    app.round()
    assert len(app.door.requests) == 1


# --- what is in it ----------------------------------------------------------------------------------------------------


def test_only_the_owner_may_read_what_names_users(root: Path) -> None:
    app = App(root, Door(), Clock())
    app.record(dimension="active_users", user="ann@example.com")
    names = {path.name for path in root.iterdir()}
    assert {FILE, LOG, f"{FILE}-shm"} <= names
    for path in [root, *root.iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_delivered_users_leave_the_disk(root: Path) -> None:
    app = App(root, Door(), Clock())
    for number in range(50):
        app.record(dimension="active_users", user=f"user-{number}@example.com")
    app.process.spool.sync()
    assert b"@example.com" in b"".join(files(root).values())
    app.deliver_all()
    app.process.spool.close()
    assert b"@example.com" not in b"".join(files(root).values())


def test_the_file_does_not_grow_with_what_was_delivered(root: Path) -> None:
    app = App(root, Door(), Clock(), max_spool_bytes=4 * 1024 * 1024)
    most = 0
    for number in range(4000):
        app.record(event_id=f"e-{number}", tags=(("t", "x" * 250),))
        if number % 200 == 199:
            app.deliver_all()
            most = max(most, sum(path.stat().st_size for path in root.iterdir()))
    assert most < 2 * 1024 * 1024


def test_what_a_dead_process_left_may_be_more_than_a_living_one_holds(root: Path) -> None:
    """Taking over and delivering need no room; recording does."""
    dead = App(root, Door(), Clock(), max_spool_bytes=40 * 1024 * 1024)
    for number in range(4000):
        dead.record(event_id=f"dead-{number}", tags=(("t", "x" * 250),))
    left = files(root)
    dead.kill()
    restore(root, left)
    small = App(root, Door(), Clock(), max_spool_bytes=4 * 1024 * 1024)
    assert small.stats.adopted == 4000
    small.deliver_all()
    small.record()
    small.deliver_all()
    assert len(small.door.stored) == 4001
