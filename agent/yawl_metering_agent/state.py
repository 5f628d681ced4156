"""What the agent remembers of its engines, in one SQLite file. What DynamoDB keeps for the functions, this keeps here.

A change is one transaction that is on the disk (fsync) when ``commit`` returns: the starts, and the messages that they
make. If the file is lost, the engine's log is read again from ``since`` on. All events then have the ids that they had,
and the metering system counts an id once.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from runtime.clock import Clock, now
from yawl.announced_start import AnnouncedStart
from yawl.reconcile.known import Case, Known, Segment, packed, unpacked
from yawl.reconcile.plan import day_of
from yawl.state.ports import Anchor, Change, Fault, Health, Message, Overtaken, Parcel, Progress

FILE = "state-1.sqlite"
#: Seconds that a statement waits for another process of the agent.
BUSY = 30.0
#: Days for which counts of billed starts are kept; the audit asks for yesterday's.
COUNTED_DAYS = 40

_TABLES = """
CREATE TABLE IF NOT EXISTS segment (
    database TEXT, position INTEGER, bits TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (database, position));
CREATE TABLE IF NOT EXISTS case_id (
    database TEXT, name TEXT, count INTEGER NOT NULL, given_up INTEGER NOT NULL, net_instances TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY (database, name));
CREATE TABLE IF NOT EXISTS started (
    database TEXT, day TEXT, specification INTEGER, number INTEGER NOT NULL,
    PRIMARY KEY (database, day, specification));
CREATE TABLE IF NOT EXISTS mark (
    database TEXT, name TEXT, expires INTEGER NOT NULL, PRIMARY KEY (database, name));
CREATE TABLE IF NOT EXISTS parcel (
    id INTEGER PRIMARY KEY AUTOINCREMENT, database TEXT NOT NULL, committed_ms INTEGER NOT NULL,
    messages TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS note (database TEXT, name TEXT, value TEXT NOT NULL, PRIMARY KEY (database, name));
CREATE TABLE IF NOT EXISTS unattributed (id TEXT PRIMARY KEY, database TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS read_event (database TEXT, event INTEGER, PRIMARY KEY (database, event)) WITHOUT ROWID;
"""


class StateUnusable(OSError):
    """The file of the agent's memory cannot be opened, read or written. Nothing was committed."""


class StateFile:
    """The file, for all engines. Its methods raise StateUnusable; processes may share it."""

    def __init__(self, directory: Path, *, readonly: bool = False) -> None:
        """directory: made if it is not there, for its owner alone. readonly: the file has to be there."""
        path = directory / FILE
        try:
            if readonly:
                self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY, isolation_level=None)
                return
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._db = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
            for setting in ("journal_mode = WAL", "synchronous = FULL", "fullfsync = ON", "secure_delete = ON"):
                self._db.execute(f"PRAGMA {setting}").fetchall()
            self._db.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise StateUnusable(f"{path}: {error}") from error

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """All rows that a statement gives; alone, it commits by itself."""
        try:
            with closing(self._db.execute(statement, parameters)) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            raise StateUnusable(f"the agent's state: {error}") from error

    def many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """The statement for each row."""
        try:
            self._db.executemany(statement, rows)
        except sqlite3.Error as error:
            raise StateUnusable(f"the agent's state: {error}") from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is done within is on the disk when it ends; of what an exception leaves, nothing is."""
        self.rows("BEGIN IMMEDIATE")
        try:
            yield
            self.rows("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.rollback()
            raise

    def older(self, engine: str, epoch: int) -> list[str]:
        """The engine's earlier databases that have messages to be sent."""
        rows = self.rows("SELECT DISTINCT database FROM parcel ORDER BY database")
        earlier = {f"{engine}#{number}" for number in range(1, epoch)}
        return [database for (database,) in rows if database in earlier]

    def keep_unattributed(self, name: str, database: str, body: str) -> None:
        """Keep a message of usage without a customer, once under its name."""
        self.rows("INSERT OR IGNORE INTO unattributed (id, database, body) VALUES (?, ?, ?)", name, database, body)

    def unattributed(self, engine: str) -> list[tuple[str, str]]:
        """Names and bodies of the messages without a customer, of all databases of an engine; the oldest first."""
        rows = self.rows("SELECT id, body, database FROM unattributed ORDER BY rowid")
        return [(name, body) for name, body, database in rows if database.rpartition("#")[0] == engine]

    def drop_unattributed(self, name: str) -> None:
        """Forget a message whose usage has its customer."""
        self.rows("DELETE FROM unattributed WHERE id = ?", name)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class SqliteState:
    """``yawl.state.ports.EngineState`` in the file."""

    def __init__(self, file: StateFile, database: str, clock: Clock = now) -> None:
        """database: ``Engine.database``."""
        self._file, self._database, self._clock = file, database, clock

    # --- starts -------------------------------------------------------------------------------------------------------

    def known(self) -> Known:
        """See ``EngineState.known``."""
        with self._file.transaction():
            segments = self._rows("SELECT position, bits, version FROM segment WHERE database = ?")
            cases = self._rows("SELECT name, count, net_instances, version, given_up FROM case_id WHERE database = ?")
        return Known(
            {position: Segment(unpacked(bits), version) for position, bits, version in segments},
            {name: Case(count, frozenset(json.loads(keys)), *rest) for name, count, keys, *rest in cases},
        )

    def commit(self, change: Change) -> None:
        """See ``EngineState.commit``."""
        with self._file.transaction():
            for position, segment in change.known.segments.items():
                self._next_version("segment", "position", position, segment.version, {"bits": packed(segment.bits)})
            for name, case in change.known.cases.items():
                keys = json.dumps(sorted(case.net_instances))
                columns = {"count": case.count, "given_up": case.given_up, "net_instances": keys}
                self._next_version("case_id", "name", name, case.version, columns)
            self._mark(change.marks)
            self._file.many(
                "INSERT INTO started VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET number = number + excluded.number",
                [(self._database, day, key, number) for (day, key), number in change.started.items()],
            )
            self._rows("DELETE FROM started WHERE database = ? AND day < ?", self._oldest_day())
            if change.messages:
                self._rows(
                    "INSERT INTO parcel (database, committed_ms, messages) VALUES (?, ?, ?)",
                    int(self._clock() * 1000),
                    json.dumps(change.messages),
                )

    def _oldest_day(self) -> str:
        return day_of(int((self._clock() - COUNTED_DAYS * 86_400) * 1000))

    def _next_version(
        self, table: str, key: str, value: int | str, version: int, columns: Mapping[str, object]
    ) -> None:
        """Write an entry, if it still has the version that was read. The names are this module's own."""
        if version:
            setting = ", ".join(f"{column} = ?" for column in columns)
            statement = f"UPDATE {table} SET {setting}, version = version + 1 WHERE {key} = ? AND version = ? "
            found = self._file.rows(
                f"{statement} AND database = ? RETURNING version", *columns.values(), value, version, self._database
            )
        else:
            names, marks = ", ".join(columns), ", ".join("?" * len(columns))
            found = self._rows(
                f"INSERT INTO {table} (database, {key}, version, {names}) VALUES (?, ?, 1, {marks})"
                " ON CONFLICT DO NOTHING RETURNING version",
                value,
                *columns.values(),
            )
        if not found:
            raise Overtaken(f"{table} {value}")

    def _mark(self, marks: Mapping[str, int]) -> None:
        if not marks:
            return
        self._rows("DELETE FROM mark WHERE database = ? AND expires < ?", int(self._clock()))
        for name, expires in marks.items():
            added = "INSERT INTO mark VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING name"
            if not self._rows(added, name, expires):
                raise Overtaken(f"mark {name}")

    def marked(self, names: Iterable[str]) -> set[str]:
        """See ``EngineState.marked``."""
        found = (self._rows("SELECT name FROM mark WHERE database = ? AND name = ?", name) for name in set(names))
        return {row[0] for rows in found for row in rows}

    def started(self, day: str) -> Mapping[int, int]:
        """See ``EngineState.started``."""
        return dict(self._rows("SELECT specification, number FROM started WHERE database = ? AND day = ?", day))

    def announced(self, first_ms: int, last_ms: int) -> Iterator[AnnouncedStart]:
        """No announcements reach the agent."""
        return iter(())

    # --- messages -----------------------------------------------------------------------------------------------------

    def unsent(self) -> Sequence[Parcel]:
        """See ``EngineState.unsent``."""
        rows = self._rows("SELECT id, committed_ms, messages FROM parcel WHERE database = ? ORDER BY id")
        return [
            Parcel(f"{self._database}:{number}", at, tuple(Message(*each) for each in json.loads(messages)))
            for number, at, messages in rows
        ]

    def oldest_unsent_ms(self) -> int | None:
        """When the oldest messages were committed that are not known to be sent; None if all are."""
        [(oldest,)] = self._rows("SELECT min(committed_ms) FROM parcel WHERE database = ?")
        return int(oldest) if oldest is not None else None

    def sent(self, parcel: Parcel) -> None:
        """See ``EngineState.sent``."""
        self._rows("DELETE FROM parcel WHERE database = ? AND id = ?", int(parcel.id.rpartition(":")[2]))

    # --- notes --------------------------------------------------------------------------------------------------------

    def progress(self) -> Progress:
        """See ``EngineState.progress``."""
        values = self._notes("progress.")
        if values.get("anchor"):
            values["anchor"] = Anchor(*values["anchor"])
        if values.get("checkpoint"):
            values["checkpoint"] = tuple(values["checkpoint"])
        if "services" in values:
            values["services"] = {int(key): name for key, name in values["services"].items()}
        return Progress(**values)

    def advance(self, **fields: Any) -> None:
        """See ``EngineState.advance``."""
        with self._file.transaction():
            for name, value in fields.items():
                self._note(f"progress.{name}", dict(value) if isinstance(value, Mapping) else value)

    def fault(self) -> Fault | None:
        """See ``EngineState.fault``."""
        value = self._notes("fault").get("")
        return Fault(*value) if value else None

    def stop(self, fault: Fault) -> None:
        """See ``EngineState.stop``."""
        with self._file.transaction():
            self._note("fault", fault)
            self._note("progress.anchor", None)

    def resume(self) -> None:
        """Forget the fault, since a person has looked at it."""
        self._rows("DELETE FROM note WHERE database = ? AND name = 'fault'")

    def health(self) -> Health:
        """See ``EngineState.health``."""
        return Health(None, self._notes("polled_ms").get(""))

    def polled(self, at_ms: int, fault: str | None) -> None:
        """See ``EngineState.polled``."""
        with self._file.transaction():
            if fault is None:
                self._note("polled_ms", at_ms)
            self._note("last_fault", [at_ms, fault] if fault else None)

    def reader(self) -> str | None:
        """Which kind of reader has left ``Progress.floor``; None: none has."""
        return self._notes("reader").get("")

    def note_reader(self, reader: str) -> None:
        """Store which kind of reader reads from now on."""
        self._note("reader", reader)

    def last_fault(self) -> tuple[int, str] | None:
        """When the last reading failed, and how; None if it did not."""
        value = self._notes("last_fault").get("")
        return (value[0], value[1]) if value else None

    def _notes(self, prefix: str) -> dict[str, Any]:
        """Values by the rest of their names."""
        rows = self._rows("SELECT name, value FROM note WHERE database = ? AND name LIKE ? || '%'", prefix)
        return {name.removeprefix(prefix): json.loads(value) for name, value in rows}

    def _note(self, name: str, value: object) -> None:
        self._rows("INSERT OR REPLACE INTO note VALUES (?, ?, ?)", name, json.dumps(value))

    def _rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The statement's first parameter is this engine's database."""
        return self._file.rows(statement, self._database, *parameters)


class SqliteSeenRows:
    """``yawl_metering_agent.sql_starts.SeenRows`` in the file."""

    def __init__(self, file: StateFile, database: str) -> None:
        """database: ``Engine.database``."""
        self._file, self._database = file, database

    def events(self) -> set[int]:
        """See ``SeenRows.events``."""
        return {
            event for (event,) in self._file.rows("SELECT event FROM read_event WHERE database = ?", self._database)
        }

    def remember(self, events: Iterable[int], above: int) -> None:
        """See ``SeenRows.remember``."""
        with self._file.transaction():
            self._file.rows("DELETE FROM read_event WHERE database = ? AND event <= ?", self._database, above)
            new = [(self._database, event) for event in events if event > above]
            self._file.many("INSERT OR IGNORE INTO read_event VALUES (?, ?)", new)
