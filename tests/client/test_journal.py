"""The file on a real disk: cut anywhere, damaged anywhere, it says what was said before."""

import logging
import stat
from decimal import Decimal
from pathlib import Path

import pytest

from tests.client.app import App, Clock
from tests.client.crashing_disk import Machine
from tests.client.door import START, Door
from yawl_metering import Settings, journal
from yawl_metering.disk import RealDisk
from yawl_metering.lanes import adopt_dead, open_lane
from yawl_metering.replay import replay
from yawl_metering.spool import Spool
from yawl_metering.usage import Usage


def call(quantity: int, customer: str = "l-1", user: str | None = None) -> Usage:
    dimension = "active_users" if user else "api_calls"
    return Usage(customer, dimension, "app", Decimal(quantity), START, user, ())


def written(root: Path) -> tuple[Spool, Path, list[tuple[int, dict[tuple[str, str], Decimal]]]]:
    """A spool with some of everything, and after each step: bytes of the file, what is held by then."""
    spool = open_lane(RealDisk(), root, Settings())
    path = journal.path_of(spool.folder, 1)
    held: dict[tuple[str, str], Decimal] = {}
    steps = []

    def note() -> None:
        held.clear()
        for group in spool.groups.values():
            held[group.first.customer, group.event_id] = group.total
        for key, waiting in spool.waiting.items():
            held[key] = Decimal(waiting.event.text.split('"quantity":"')[1].split('"')[0])
        steps.append((path.stat().st_size, dict(held)))

    note()
    for number in range(6):
        spool.merge(call(2**number, f"l-{number % 2}"), "sum", START, 0.0)
        note()
    spool.put(call(1, user="ann"), None, START)
    note()
    spool.freeze(1.0)
    note()
    spool.asked_to_wait(list(spool.waiting)[:1], START)
    note()
    spool.end(list(spool.waiting)[1:2])
    note()
    return spool, path, steps


def test_cut_at_every_byte_it_holds_the_calls_that_had_returned(tmp_path: Path) -> None:
    _, path, steps = written(tmp_path)
    content = path.read_bytes()
    sizes = [size for size, _ in steps]
    assert len(content) == sizes[-1]
    for cut in range(sizes[0], len(content) + 1):
        contents = journal.read(content[:cut])
        found = replay(contents.payloads)
        expected = [held for size, held in steps if size <= cut][-1]
        totals = {key: Decimal(e.text.split('"quantity":"')[1].split('"')[0]) for key, e in found.events.items()}
        assert totals == expected or cut not in sizes, cut
        # within the write of several lines, each is already true by itself
        assert set(expected) - set(totals) <= {key for key in expected if key not in steps[-1][1]}
        assert (contents.damaged, found.damaged) == (0, 0)
        assert contents.torn == (content[cut - 1 : cut] != b"\n")


def test_a_cut_line_of_a_single_call_is_as_if_it_never_was(tmp_path: Path) -> None:
    spool = open_lane(RealDisk(), tmp_path, Settings())
    path = journal.path_of(spool.folder, 1)
    for _ in range(3):
        spool.merge(call(1), "sum", START, 0.0)
    content = path.read_bytes()
    last = len(content) - len(content.splitlines()[-1]) - 1
    for cut in range(last, len(content)):
        [event] = replay(journal.read(content[:cut]).payloads).events.values()
        assert '"quantity":"2"' in event.text


@pytest.mark.parametrize("position", range(0, 900, 13))
def test_a_flipped_bit_is_named_and_the_rest_is_delivered(
    tmp_path: Path, position: int, caplog: pytest.LogCaptureFixture
) -> None:
    spool, path, _ = written(tmp_path)
    content = bytearray(path.read_bytes())
    position %= len(content) - 1
    content[position] ^= 4
    path.write_bytes(content)
    lines = bytes(content).split(b"\n")
    spool._lock.release()
    new = open_lane(RealDisk(), tmp_path, Settings())
    with caplog.at_level(logging.ERROR):
        adopted = adopt_dead(RealDisk(), tmp_path, new)
    last_line = position >= len(content) - len(lines[-2]) - 2
    assert adopted.damaged + adopted.torn > 0
    if not last_line:
        assert adopted.damaged > 0
        assert "unreadable" in caplog.text
        assert [p.name for p in tmp_path.iterdir() if p.name.startswith("damaged-")], "kept for people"


def test_another_versions_file_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "lane-1-of-the-future"
    folder.mkdir()
    path = journal.path_of(folder, 4)
    path.write_bytes(journal.line(b"v 2") + journal.line(b"what nobody knows"))
    spool = open_lane(RealDisk(), tmp_path, Settings())
    assert adopt_dead(RealDisk(), tmp_path, spool).lanes == 0
    assert path.exists()
    assert "another version" in caplog.text


def test_the_highest_number_counts(tmp_path: Path) -> None:
    """After a crash between renaming and removing there are two."""
    spool = open_lane(RealDisk(), tmp_path, Settings())
    spool.merge(call(1), "sum", START, 0.0)
    old = journal.path_of(spool.folder, 1).read_bytes()
    for _ in range(10):
        spool.rewrite()
    spool.merge(call(1), "sum", START, 0.0)
    journal.path_of(spool.folder, 9).write_bytes(old)
    spool._lock.release()
    new = open_lane(RealDisk(), tmp_path, Settings())
    adopt_dead(RealDisk(), tmp_path, new)
    [waiting] = new.waiting.values()
    assert '"quantity":"2"' in waiting.event.text
    assert sorted(p.name for p in tmp_path.iterdir()) == [new.folder.name, "lock"]


def test_only_the_owner_may_read_what_names_users(tmp_path: Path) -> None:
    root = tmp_path / "spool"
    spool = open_lane(RealDisk(), root, Settings())
    spool.put(call(1, user="ann"), None, START)
    for path in [root, *root.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_living_processs_spool_is_its_own(tmp_path: Path) -> None:
    first = open_lane(RealDisk(), tmp_path, Settings())
    first.merge(call(1), "sum", START, 0.0)
    second = open_lane(RealDisk(), tmp_path, Settings())
    assert adopt_dead(RealDisk(), tmp_path, second).lanes == 0
    first._lock.release()
    assert adopt_dead(RealDisk(), tmp_path, second).events == 1


def test_what_is_too_much_is_taken_over_later() -> None:
    machine, door, clock = Machine(), Door(), Clock()
    tags = (("t", "x" * 250),)
    dead = App(machine, door, clock, max_spool_bytes=40 * 1024 * 1024)
    for number in range(2500):
        dead.record(event_id=f"dead-{number}", tags=tags)
    dead.disk.kill()
    small = App(machine, door, clock, max_spool_bytes=4 * 1024 * 1024)
    assert small.process.stats().adopted == 2500, "an empty one takes it whatever its size: somebody must"
    other = App(machine, door, clock, max_spool_bytes=4 * 1024 * 1024)
    other.record()
    other.process._spool.freeze(clock.now)
    small.disk.kill()
    other.process._adopt_again()
    assert other.process.stats().adopted == 0
    other.drain()
    other.process._adopt_again()
    other.drain()
    assert len(door.stored) == 2501
