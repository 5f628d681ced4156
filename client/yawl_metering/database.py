"""A SQLite file that the threads and processes of an app share. Needs the standard library alone.

A write that returned is committed, so it survives the process. Whether it survives a power cut is the transaction's to
say. The file is checked when it is opened, and again after an error that a damaged file explains; a damaged one is set
aside under another name, and what can be read of it goes into a new one.

SQLite's connections and locks must not cross a fork. So all connections of a process are closed before it forks, and
parent and child open their own at their next statement.
"""

import fcntl
import logging
import os
import shutil
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

logger = logging.getLogger("yawl_metering")

T = TypeVar("T")

#: A statement waits so many seconds for those of other processes.
BUSY = 10.0
PAGE = 4096
LOCK = "spool.lock"
#: A repair waits so many seconds for other processes to let go of the file, and gives up after so many failed reads.
_ALONE, _MOST_FAILURES = 1.0, 2_000
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class SpoolUnwritable(OSError):
    """The disk or the file did not take the call: nothing was recorded."""


class Damaged(ValueError):
    """A row is not what was written, though SQLite can read it."""


#: Held during each statement of this process, and while it forks.
_lock = threading.RLock()
_open: "weakref.WeakSet[Database]" = weakref.WeakSet()


def _before_fork() -> None:
    _lock.acquire()
    for database in list(_open):
        database.disconnect()


os.register_at_fork(before=_before_fork, after_in_parent=_lock.release, after_in_child=_lock.release)


class Database:
    """Safe for threads, processes and forks. What fails raises SpoolUnwritable.

    sync: whether every commit survives a power cut. most_pages: size of the file. check: raises Damaged where a row is
    not what was written. salvage: gets the connections to the damaged file and to the new one, moves what it can, and
    returns how many rows or ranges of rows were lost.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        *,
        sync: bool,
        most_pages: int,
        check: Callable[[sqlite3.Connection], None],
        salvage: Callable[[sqlite3.Connection, sqlite3.Connection], int],
    ) -> None:
        self._path, self._schema, self._check, self._salvage = path, schema, check, salvage
        self._sync, self._most_pages = sync, most_pages
        self._connection: sqlite3.Connection | None = None
        self._guard, self._pid, self._checked, self._closed = -1, os.getpid(), False, False
        #: Rows and ranges of rows that could not be read, since this was made.
        self.damaged = 0
        self.run(lambda _: None)

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work and return what it returns; each of its statements commits by itself. Raises SpoolUnwritable if
        the disk or the file fails."""
        with _lock:  # An exception of a signal's handler cannot come between taking and holding it.
            try:
                return work(self._connected())
            except (sqlite3.Error, Damaged) as error:
                if _is_damage(error):
                    self._checked = False
                    self.disconnect()
                raise SpoolUnwritable(f"the spool could not be read or written: {error}") from error

    def transact(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = False) -> T:
        """Do all of the work or nothing. durable: when this returns, the work survives a power cut, with all that was
        committed before. Raises SpoolUnwritable."""

        def whole(db: sqlite3.Connection) -> T:
            if durable:
                db.execute("PRAGMA synchronous = FULL")
            try:
                db.execute("BEGIN IMMEDIATE")
                result = work(db)
                db.execute("COMMIT")
                return result
            finally:
                if self._connection is db:
                    db.rollback()
                    if durable and not self._sync:
                        db.execute("PRAGMA synchronous = NORMAL")

        return self.run(whole)

    def checkpoint(self) -> bool:
        """All that was committed survives a power cut. False if another process is doing that, perhaps for less."""
        return not self.run(lambda db: db.execute("PRAGMA wal_checkpoint").fetchone()[0])

    def close(self) -> None:
        """Close the file for ever. SQLite merges its log into the file if no other process has it open."""
        with _lock:
            self._closed = True
            self.disconnect()

    def disconnect(self) -> None:
        """Close the connection; the next statement opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()
        if self._guard >= 0:
            os.close(self._guard)
            self._guard = -1

    def _connected(self) -> sqlite3.Connection:
        if self._closed or self._pid != os.getpid():
            raise SpoolUnwritable("the spool is closed" if self._closed else "the spool was opened before a fork")
        if self._connection is not None:
            return self._connection
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._guard = os.open(self._path.with_name(LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._guard, fcntl.LOCK_SH)
            if not self._checked and not self._is_sound():
                self._repair()
            self._checked = True
            self._connection = self._connect(self._path)
        except BaseException:
            self.disconnect()
            raise
        _open.add(self)
        return self._connection

    def _connect(self, path: Path) -> sqlite3.Connection:
        # SQLite would make its file readable for all; the log gets the mode of the file.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
        try:
            db.text_factory = lambda value: value.decode("utf-8", "replace")
            log = min(self._most_pages // 4, 1000)
            for setting in (
                "journal_mode = WAL",
                "synchronous = FULL",
                "fullfsync = ON",  # On macOS fsync alone leaves data in the drive's cache.
                "secure_delete = ON",  # Delivered events leave the file, and users' names with them.
                f"max_page_count = {self._most_pages}",
                f"wal_autocheckpoint = {log}",
                f"journal_size_limit = {log * PAGE}",
            ):
                db.execute(f"PRAGMA {setting}").fetchall()
            db.execute(self._schema)
            db.execute(f"PRAGMA synchronous = {'FULL' if self._sync else 'NORMAL'}")
        except BaseException:
            db.close()
            raise
        return db

    def _is_sound(self) -> bool:
        try:
            with closing(self._connect(self._path)) as db:
                self._check(db)
                return bool(db.execute("PRAGMA quick_check").fetchone() == ("ok",))
        except (sqlite3.DatabaseError, Damaged) as error:
            if _is_damage(error) or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR:
                return False  # A schema that makes no sense is damage, too.
            raise

    def _repair(self) -> None:
        """Raises SpoolUnwritable where other processes have the file open: what they write would be lost."""
        deadline = time.monotonic() + _ALONE
        while True:
            try:
                fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SpoolUnwritable("the spool is damaged, and other processes have it open") from None
                time.sleep(0.05)
        if not self._is_sound():  # Another process may have repaired it meanwhile.
            self._replace()
        fcntl.flock(self._guard, fcntl.LOCK_SH)

    def _replace(self) -> None:
        """The new file takes the damaged one's name when it is whole: a crash before that repeats the repair.

        Only a crash just between the removal of the log and the new name loses what the log alone held. The file that
        is set aside has it.
        """
        aside, new = (self._path.with_name(f"{kind}-{time.time_ns()}.sqlite") for kind in ("damaged", "repaired"))
        for end in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copy(f"{self._path}{end}", f"{aside}{end}")
        with closing(sqlite3.connect(aside)) as old, closing(self._connect(new)) as db:
            old.text_factory = bytes
            old.execute("PRAGMA writable_schema = ON")  # This reads a file that is shorter than its header says.
            db.execute("PRAGMA synchronous = FULL")
            db.execute("BEGIN IMMEDIATE")
            lost = self._salvage(old, db)
            db.execute("COMMIT")
        for end in ("-wal", "-shm"):
            Path(f"{self._path}{end}").unlink(missing_ok=True)
        new.replace(self._path)
        self.damaged += max(lost, 1)
        logger.error("the spool was damaged, %d rows or ranges of rows are lost; it is kept as %s", lost, aside)


def _is_damage(error: Exception) -> bool:
    return isinstance(error, Damaged) or getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def read_damaged(db: sqlite3.Connection, table: str, columns: str, take: Callable[[tuple[Any, ...]], object]) -> int:
    """Hands over what rows of a table with a ``number`` can be read, some of them twice. Returns how many could not be
    read, if they were there. In small ranges, since a damaged number can end a range too early."""
    query = f"SELECT {columns} FROM {table} WHERE number BETWEEN ? AND ? ORDER BY number"

    def read(low: int, high: int) -> bool:
        try:
            for row in db.execute(query, (low, high)):
                take(row)
        except sqlite3.Error:
            return False
        return True

    try:
        lowest, highest = db.execute(f"SELECT min(number), max(number) FROM {table}").fetchone()
    except sqlite3.Error:
        lowest, highest = 1, 100_000
    lowest, highest = lowest or 1, min(highest or 0, (lowest or 1) + 2**32)
    width, failed = max(16, (highest - lowest) // 200_000), 0
    for low in range(lowest, highest + 1, width):
        if failed < _MOST_FAILURES and not read(low, low + width - 1):
            failed += sum(not read(number, number) for number in range(low, low + width))
    return failed
