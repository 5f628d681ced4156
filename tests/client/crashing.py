"""SQLite whose process can be killed, and whose power can be cut, before and after every statement that writes.

A kill keeps what was committed. A power cut keeps of SQLite's log what was synced, and of what was written since as
many bytes as the cut says. Within a statement there is nothing else to see: SQLite appends to its log and commits by
its last page, so a crash there is a log that is cut at some byte.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.client.app import LOG, files

WRITES = ("INSERT", "UPDATE", "DELETE", "COMMIT", "CREATE")

#: In memory where there is such a place: a story is told some hundred times.
FAST = Path("/dev/shm") if Path("/dev/shm").is_dir() else None


class Crashed(BaseException):
    """The process is no more. Not an Exception: nothing in the code may survive it."""


class Disk:
    """What the connections that are made while it is ``mounted`` write to.

    crash_at: number of the statement at which the process ends, before it or ``after`` it. fail: asked at each
    statement by its first word; what it returns is raised instead. synced: the log as it survives a power cut.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.effects = 0
        self.crash_at: int | None = None
        self.after = self.dead = self.full = False
        self.fail: Callable[[str], sqlite3.Error | None] = lambda _: None
        self.syncs = 0
        self.synced = b""
        self._sync()
        self.left: dict[str, bytes] = {}

    @contextmanager
    def mounted(self) -> Iterator["Disk"]:
        connect, disk = sqlite3.connect, self

        class Connection(_Connection):
            pass

        Connection.disk = disk
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sqlite3, "connect", lambda *given, **more: connect(*given, **more, factory=Connection))
            yield self

    def after_power_cut(self, keep: float) -> dict[str, bytes]:
        """The files then. keep: the share of the log's unsynced bytes, from 0 to 1."""
        left, synced = dict(self.left), self.synced
        if LOG in left:
            log = left[LOG]
            same = next((n for n, (a, b) in enumerate(zip(log, synced, strict=False)) if a != b), len(synced))
            cut = same + int(max(0, len(log) - same) * keep)
            left[LOG] = log[:cut] + synced[cut:]
        return left

    def _sync(self) -> None:
        log = self.root / LOG
        self.synced, self.syncs = log.read_bytes() if log.exists() else b"", self.syncs + 1

    def crash(self) -> None:
        self.dead = True
        self.left = files(self.root)
        raise Crashed


class _Connection(sqlite3.Connection):
    disk: Disk

    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        return self._do(statement, lambda: super(_Connection, self).execute(statement, values))

    def executemany(self, statement: str, values: Any) -> sqlite3.Cursor:
        return self._do(statement, lambda: super(_Connection, self).executemany(statement, values))

    def rollback(self) -> None:
        if not self.disk.dead:
            super().rollback()

    def _do(self, statement: str, act: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
        disk, word = self.disk, statement.split()[0]
        if disk.dead:
            raise Crashed
        if word not in WRITES:
            if statement.startswith("PRAGMA synchronous"):
                disk.full = statement.endswith("FULL")
            cursor = act()
            if statement == "PRAGMA wal_checkpoint":
                disk._sync()
            return cursor
        disk.effects += 1
        crashes = disk.effects == disk.crash_at
        if crashes and not disk.after:
            disk.crash()
        error = disk.fail(word)
        if error is not None:
            raise error
        cursor = act()
        if disk.full and not self.in_transaction:
            disk._sync()
        if crashes:
            disk.crash()
        return cursor


def failure(code: int, text: str = "of the test") -> sqlite3.OperationalError:
    """An error as SQLite gives it."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error
