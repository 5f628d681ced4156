"""What is not yet delivered: events in a SQLite file that the processes of an app share.

The module knows nothing of usage: an event is a customer, an id, a text, and when to send it. It is open until a
process takes it, and calls with the same slot are added to it. Taking freezes it, in the transaction that leases it,
and is on disk before it returns; from then on id and text never change. Only ``settle`` removes it. A lease keeps other
processes from sending the same event at the same time. It is a courtesy, since the metering system counts an id once;
it ends with its time, or when its process is found to be gone.
"""

import logging
import os
import socket
import sqlite3
import time
import uuid
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from yawl_metering.database import PAGE, Damaged, Database, SpoolUnwritable, read_damaged
from yawl_metering.old_journals import journals

logger = logging.getLogger("yawl_metering")

#: The number is that of the form. A file of another version of the client is left alone.
FILE = "spool-1.sqlite"
#: An event that is being sent is left alone by other processes for so many seconds.
LEASE = 120.0
#: An event is its own process's to send until it is overdue by so many seconds.
GRACE = 60.0
#: Most millionths that calls are merged up to: every dimension takes a thousand million.
MOST_MICRO = 10**15
VOID = "void "

# The columns. body: the event as it is sent, but for the quantity of a merged event, which micro counts in millionths.
# checksum: of key and body, plus micro, for SQLite does not notice a changed byte within a value. slot: what calls that
# may join have in common; NULL once frozen. Times are epoch seconds.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    customer TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, micro INTEGER, checksum INTEGER NOT NULL,
    slot TEXT UNIQUE, at REAL NOT NULL, due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, waits_since REAL, owner TEXT, lease REAL NOT NULL DEFAULT 0,
    UNIQUE (customer, id))"""
_COLUMNS = "number, customer, id, body, micro, checksum, at, waits_since, attempts"
_ADD = """UPDATE event SET micro = micro + :micro, checksum = checksum + :micro
WHERE slot = :slot AND micro <= :most - :micro"""
_RAISE = """UPDATE event SET micro = max(micro, :micro), checksum = checksum - micro + max(micro, :micro)
WHERE slot = :slot"""
_INSERT = """INSERT INTO event (customer, id, body, micro, checksum, slot, at, due, waits_since, owner)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (customer, id) DO NOTHING"""
# A void waits until its event has its verdict: before that there is nothing to take back.
_READY = """(substr(event.id, 1, 5) <> 'void ' OR NOT EXISTS (
    SELECT 1 FROM event AS e WHERE e.customer = event.customer AND e.id = substr(event.id, 6)))"""
# Of what was never tried, open events only where there is no frozen one, so that calls can join them for longer. A time
# that is too far ahead was written by a clock that was wrong.
_TAKE = f"""UPDATE event SET slot = NULL, owner = :owner, lease = :now + :lease WHERE number IN (
    SELECT number FROM event WHERE number > :above AND number <= :upto AND (lease <= :now OR lease > :now + :lease)
    AND (:everything OR due > :now + :longest OR (:untried AND attempts = 0 AND (
            slot IS NULL OR NOT EXISTS (SELECT 1 FROM event WHERE slot IS NULL AND attempts = 0)))
         OR due + (owner IS NOT :owner) * :grace <= :now)
    AND {_READY} ORDER BY number LIMIT :most)
RETURNING {_COLUMNS}"""
_NEXT_DUE = f"""SELECT min(CASE WHEN due > :now + :longest THEN :now ELSE max(
    due + (owner IS NOT :owner) * :grace, CASE WHEN lease > :now + :lease THEN 0 ELSE lease END) END)
FROM event WHERE {_READY}"""
_HELD = f"""SELECT count(*) - count(slot), count(slot), coalesce(sum(attempts = 0 AND {_READY}), 0),
    coalesce(sum(length(body)), 0), min(CASE WHEN slot IS NULL THEN at END)
FROM event WHERE number <= ?"""
_POSTPONE = """UPDATE event SET lease = 0, attempts = attempts + 1, due = ?, waits_since = coalesce(waits_since, ?)
WHERE customer = ? AND id = ?"""


class SpoolFull(RuntimeError):
    """No space came free in time: nothing was recorded. The app may drop, wait or retry; the client never drops."""


@dataclass(frozen=True, slots=True)
class Event:
    """A frozen event, as it is sent every time. at: epoch seconds of its first call; waits_since: of the first answer
    that asked to wait; attempts: how often it was sent."""

    number: int
    customer: str
    id: str
    text: str
    at: float
    waits_since: float | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """What a spool holds: frozen and open events, those that could be sent and never were, bytes of their texts, epoch
    seconds of the oldest frozen one."""

    frozen: int
    open: int
    untried: int
    bytes: int
    oldest: float | None


def _checksum(customer: str, event_id: str, body: str, micro: int | None) -> int:
    return crc32(f"{customer}\0{event_id}\0{body}".encode()) + (micro or 0)


def _event(row: tuple[Any, ...]) -> Event:
    number, customer, event_id, body, micro, checksum, at, waits_since, attempts = row
    if checksum != _checksum(customer, event_id, body, micro):
        raise Damaged("an event is not what was written")
    text = body if micro is None else f'{body[:-1]},"quantity":"{decimal(micro)}"}}'
    return Event(number, customer, event_id, text, at, waits_since, attempts)


def decimal(micro: int) -> str:
    """Millionths as a decimal without an exponent or trailing zeros."""
    whole, rest = divmod(micro, 1_000_000)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


class Spool:
    """Safe for threads, processes and forks. All methods raise SpoolUnwritable when the disk or the file fails.

    max_bytes: of which a quarter holds events, and a quarter is kept free for freezing them. sync_calls: whether each
    write survives a power cut. longest_wait: most seconds for which an event is postponed.
    """

    def __init__(
        self,
        directory: Path,
        *,
        max_bytes: int = 64 * 1024 * 1024,
        sync_calls: bool = False,
        longest_wait: float = 3600.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._directory, self._pages, self._now, self._longest = directory, max_bytes // 4 // PAGE, now, longest_wait
        #: What names this process in the file, this spool's part of it included.
        self.owner = f"{_host()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
        _spools.add(self)
        self._dirty, self.torn, self._damaged_lines = False, 0, 0
        pages = 2 * self._pages
        self._db = Database(
            directory / FILE, _SCHEMA, sync=sync_calls, most_pages=pages, check=_check, salvage=_salvage
        )
        for other in set(directory.glob("spool-*.sqlite")) - {directory / FILE}:
            logger.error("%s was written by another version of the client; it is left alone", other)

    @property
    def damaged(self) -> int:
        """Rows, ranges of rows and lines of old journals that could not be read, so far."""
        return self._db.damaged + self._damaged_lines

    # --- recording ----------------------------------------------------------------------------------------------------

    def join(self, slot: str, micro: int, *, highest: bool) -> bool:
        """Add a call to the open event of its slot, for which there is always room. False if none takes it."""
        return self._db.run(lambda db: self._join(db, slot, micro, highest))

    def _join(self, db: sqlite3.Connection, slot: str, micro: int, highest: bool) -> bool:
        self._dirty = True
        named = {"slot": slot, "micro": micro, "most": MOST_MICRO}
        return db.execute(_RAISE if highest else _ADD, named).rowcount > 0

    def open(self, slot: str, micro: int, event: Event, due: float, *, highest: bool) -> None:
        """Begin an event that calls of its slot may join, unless another process just did. Raises SpoolFull."""

        def write(db: sqlite3.Connection) -> None:
            if not self._join(db, slot, micro, highest):
                # The slot's open event, if there is one, cannot take so large a call.
                db.execute("UPDATE event SET slot = NULL WHERE slot = ?", (slot,))
                self._insert(db, event, due, micro, slot)

        self._db.transact(write)

    def put(self, event: Event, due: float) -> bool:
        """Add an event of its own; the same again is nothing new. False if its id is held with another text. Raises
        SpoolFull too."""

        def write(db: sqlite3.Connection) -> bool:
            if self._insert(db, event, due):
                return True
            held = db.execute("SELECT body FROM event WHERE customer = ? AND id = ?", (event.customer, event.id))
            return bool(held.fetchone() == (event.text,))

        return self._db.transact(write)

    def _insert(
        self, db: sqlite3.Connection, event: Event, due: float, micro: int | None = None, slot: str | None = None
    ) -> bool:
        [[pages]], [[free]] = db.execute("PRAGMA page_count"), db.execute("PRAGMA freelist_count")
        if pages - free >= self._pages:
            raise SpoolFull(f"{(pages - free) * PAGE} bytes of usage wait to be delivered")
        self._dirty = True
        return db.execute(_INSERT, _row(event, due, micro, slot, self.owner)).rowcount > 0

    # --- delivery -----------------------------------------------------------------------------------------------------

    def take(
        self, *, above: int = 0, upto: int, most: int = 500, everything: bool = False, untried: bool = False
    ) -> list[Event]:
        """Freeze and lease events with numbers above and up to these, in order: those that are due, or ``untried``
        too, or ``everything``. When this returns, all that was recorded before survives a power cut."""
        named: dict[str, object] = {
            "above": above,
            "upto": upto,
            "most": most,
            "everything": everything,
            "untried": untried,
        }
        named |= self._times()
        return self._db.transact(lambda db: [_event(row) for row in sorted(db.execute(_TAKE, named))], durable=True)

    def settle(self, ended: Iterable[Event], postponed: Iterable[tuple[Event, float, float | None]]) -> None:
        """Remove events, and postpone others: until when, and since when they were asked to wait.

        Customer and id name the event: a repair gives new numbers, and the answer may come late, after another process
        has sent the event.
        """

        def write(db: sqlite3.Connection) -> None:
            db.executemany("DELETE FROM event WHERE customer = ? AND id = ?", [(e.customer, e.id) for e in ended])
            db.executemany(_POSTPONE, [(due, since, e.customer, e.id) for e, due, since in postponed])

        self._db.transact(write)

    def release(self) -> None:
        """End this process's leases. Other processes may then send the events."""
        self._db.run(lambda db: db.execute("UPDATE event SET lease = 0 WHERE owner = ? AND lease > 0", (self.owner,)))

    def adopt(self) -> int:
        """Take over the events of processes that are gone, and those in journals of the client's older versions.
        Returns how many."""
        adopted = self._db.transact(self._adopt)
        for journal in journals(self._directory):
            with journal:
                rows = [_row(Event(0, *event), self._now(), None, None, self.owner) for event in journal.rows.values()]
                self._db.transact(lambda db, rows=rows: db.executemany(_INSERT, rows), durable=True)  # type: ignore[misc]
            adopted += len(rows)
            self.torn, self._damaged_lines = self.torn + journal.torn, self._damaged_lines + journal.damaged
        return adopted

    def _adopt(self, db: sqlite3.Connection) -> int:
        change, adopted = "UPDATE event SET owner = ?, lease = 0 WHERE owner IS ?", 0
        for (owner,) in db.execute("SELECT DISTINCT owner FROM event").fetchall():
            if owner is None or _is_gone(owner):
                adopted += db.execute(change, (self.owner, owner)).rowcount
        return adopted

    def last(self) -> int:
        """The highest number of an event; 0 if none is held. No later event gets a lower one, except after a repair."""
        return int(self._db.run(lambda db: db.execute("SELECT coalesce(max(number), 0) FROM event").fetchone()[0]))

    def next_due(self) -> float | None:
        """When there is something to send, in epoch seconds; None if nothing is held."""
        due: float | None = self._db.run(lambda db: db.execute(_NEXT_DUE, self._times()).fetchone()[0])
        return due

    def held(self, upto: int = 2**62) -> Held:
        """What there is of events with a number up to this. Reads them all."""
        return Held(*self._db.run(lambda db: db.execute(_HELD, (upto,)).fetchone()))

    def sync(self) -> None:
        """Bring all that was recorded to the disk, so that it survives a power cut. If another process is at that, the
        next call tries again."""
        if self._dirty:
            self._dirty = False
            self._dirty = not self._db.checkpoint()

    def close(self) -> None:
        """Close, and leave the events that are left for another process to send."""
        leave = "UPDATE event SET owner = NULL, lease = 0 WHERE owner = ?"
        with suppress(SpoolUnwritable):
            self._db.run(lambda db: db.execute(leave, (self.owner,)))
        self.abandon()

    def abandon(self) -> None:
        """Close without a trace, as the end of a killed process does: other processes find that the owner is gone."""
        _spools.discard(self)
        self._db.close()

    def _times(self) -> dict[str, object]:
        return {"now": self._now(), "lease": LEASE, "grace": GRACE, "longest": self._longest, "owner": self.owner}


#: Those that this process has open. One that crossed a fork is not the child's.
_spools: "weakref.WeakSet[Spool]" = weakref.WeakSet()


def _host() -> str:
    """Where a process id says which process; a container has its own."""
    with suppress(OSError):
        return f"{socket.gethostname()} {Path('/proc/self/ns/pid').readlink()}"
    return socket.gethostname()


def _is_gone(owner: str) -> bool:
    """Whether an owner's process is known to have ended; False where that cannot be known."""
    host, pid, _ = owner.rsplit("/", 2)
    if host != _host():
        return False
    if int(pid) == os.getpid():
        return owner not in {spool.owner for spool in list(_spools)}
    with suppress(PermissionError):
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return True
    return False


def _row(event: Event, due: float, micro: int | None, slot: str | None, owner: str | None) -> tuple[object, ...]:
    check = _checksum(event.customer, event.id, event.text, micro)
    return (event.customer, event.id, event.text, micro, check, slot, event.at, due, event.waits_since, owner)


def _check(db: sqlite3.Connection) -> None:
    for row in db.execute(f"SELECT {_COLUMNS} FROM event"):
        _event(row)


def _salvage(old: sqlite3.Connection, new: sqlite3.Connection) -> int:
    """Moves what can be read and is what was written; all of it is frozen and due. Returns how much is lost."""
    damaged: set[tuple[Any, ...]] = set()

    def move(row: tuple[Any, ...]) -> None:
        try:
            event = _event(tuple(value.decode() if isinstance(value, bytes) else value for value in row))
        except (ValueError, TypeError):
            damaged.add(row)
        else:
            new.execute(_INSERT, _row(event, 0.0, None, None, None))

    return read_damaged(old, "event", _COLUMNS, move) + len(damaged)
