"""The spool's directory, shared by processes: each has a folder of its own, and delivers what dead ones left.

A folder belongs to whoever holds its lock. Folders are made and looked through under the directory's own lock, so that
one that is just being made is not taken for a dead one's.
"""

import logging
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from yawl_metering import journal
from yawl_metering.disk import Disk, Lock
from yawl_metering.replay import Replayed, UnknownForm, replay
from yawl_metering.settings import Settings
from yawl_metering.spool import LOCK, OVERHEAD, Spool, merged_id

logger = logging.getLogger("yawl_metering")

LANE = "lane-"
DAMAGED = "damaged-"


@dataclass
class Adopted:
    """What dead processes left. ``lanes``: folders; ``torn``: of these, with a last line that was cut off."""

    lanes: int = 0
    events: int = 0
    torn: int = 0
    damaged: int = 0


def open_lane(disk: Disk, root: Path, settings: Settings, new_id: Callable[[], str] = merged_id) -> Spool:
    """A new folder, held by this process. Raises OSError."""
    disk.make_directory(root)
    folder = root / f"{LANE}{time.time_ns()}-{uuid.uuid4().hex[:12]}"
    directory = _lock_directory(disk, root)
    try:
        disk.make_directory(folder)
        lock = disk.lock(folder / LOCK, wait=False, create=True)
        assert lock is not None, "the folder's name is new"
        disk.sync_directory(root)
    finally:
        directory.release()
    return Spool(disk, folder, lock, settings, new_id)


def adopt_dead(disk: Disk, root: Path, into: Spool) -> Adopted:
    """Take over what dead processes left, as far as there is room. Raises OSError; what is not taken is still there.

    A dead one's file is removed only when its events are safe in ours: a crash between leaves them in both, under the
    same ids, and the metering system counts an id once.
    """
    adopted = Adopted()
    for folder, lock in _dead(disk, root, into.folder):
        try:
            _adopt(disk, root, folder, into, adopted)
        finally:
            lock.release()
    return adopted


def _lock_directory(disk: Disk, root: Path) -> Lock:
    lock = disk.lock(root / LOCK, wait=True, create=True)
    assert lock is not None, "it waits until it has it"
    return lock


def _dead(disk: Disk, root: Path, own: Path) -> list[tuple[Path, Lock]]:
    directory = _lock_directory(disk, root)
    try:
        found = []
        for name in disk.names(root):
            if name.startswith(LANE) and name != own.name:
                # a folder without a lock file was never used: its maker died before it had one
                lock = disk.lock(root / name / LOCK, wait=False, create=True)
                if lock is not None:
                    found.append((root / name, lock))
        return found
    finally:
        directory.release()


def _adopt(disk: Disk, root: Path, folder: Path, into: Spool, adopted: Adopted) -> None:
    names = disk.names(folder)
    number = journal.newest(names)
    if number:
        contents = journal.read(disk.read(journal.path_of(folder, number)))
        try:
            left = replay(contents.payloads)
        except UnknownForm as form:
            logger.error("%s was written by another version of the client (form %s); it is left alone", folder, form)
            return
        if into.waiting and into.live_bytes + _size(left) > into.most_live_bytes:
            return
        into.adopt(left.events.values())
        damaged = contents.damaged + left.damaged
        adopted.lanes += 1
        adopted.events += len(left.events)
        adopted.torn += contents.torn
        adopted.damaged += damaged
        if damaged:
            kept = root / f"{DAMAGED}{folder.name}-{number}"
            logger.error("%d unreadable lines in a spool: calls may be lost; the file is kept as %s", damaged, kept)
            disk.rename(journal.path_of(folder, number), kept)
    with suppress(OSError):  # another process looks just now; what is left of the folder is empty
        journal.remove_folder(disk, folder, LOCK)


def _size(left: Replayed) -> int:
    return sum(len(event.text) + OVERHEAD for event in left.events.values())
