"""The tables of a YAWL engine's log, read by SQL: what starts stand in them, at a cost that history does not raise.

An engine's keys come from sequences in blocks of 50. They rise with time, with gaps, and two threads write a little
out of order. The tables have primary keys and no other index. So each regular question is a range of ``logEvent``'s
key, and only the first reading and a case id that occurs again look at all cases.

A specification is found by its root net, as the engine's own lists are. Where the log lost that (``netID`` -1), the
start has none.
"""

import importlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple, Self, TypeVar
from urllib.parse import unquote, urlsplit

from yawl.log.ports import EngineLogError
from yawl.start import Specification

T = TypeVar("T")

#: Keys whose rows travel at once.
CHUNK = 20_000
#: Milliseconds by which times may run against the keys, where a few rows are looked for by their time.
NEAR_MS = 60_000
#: Keys by which those of net instances may run against those of events.
NEAR_KEYS = 200
#: Seconds that a statement may take; the first reading of a large history is one statement for each chunk.
STATEMENT_SECONDS = 120


class DatabaseUnreachable(EngineLogError):
    """The database did not answer, refused the account, or lacks a table. The text never holds the password."""


class StartRow(NamedTuple):
    """One ``CaseStart`` row. event: its key. case_id: None while the case's own row is not written yet.

    net_instance: key of the case's root net instance. at_ms: milliseconds since the epoch, by the engine's clock.
    launched_by: name of the service or client account; None for a delayed launch. specification: None where the log
    lost it.
    """

    event: int
    case_id: str | None
    net_instance: int
    at_ms: int
    launched_by: str | None
    specification: Specification | None


_STARTS = """SELECT e.eventID, i.engineInstanceID, e.rootNetInstanceID, e.eventTime, e.serviceID, i.netID
FROM logEvent e LEFT JOIN logNetInstance i ON i.netInstanceID = e.rootNetInstanceID
WHERE e.descriptor = 'CaseStart' AND """
_COUNTS = """SELECT i.netID, count(*) FROM logEvent e JOIN logNetInstance i ON i.netInstanceID = e.rootNetInstanceID
WHERE e.eventID >= ? AND e.eventID <= ? AND e.descriptor = 'CaseStart' AND e.eventTime >= ? AND e.eventTime <= ?
GROUP BY i.netID"""


class LogTables:
    """A read-only connection to an engine's database. Its methods raise DatabaseUnreachable."""

    def __init__(self, connection: Any, mark: str = "?") -> None:
        """connection: of the DB-API (PEP 249). mark: what stands for a parameter in its statements."""
        self._connection, self._mark = connection, mark
        self._specifications: dict[int, Specification] = {}
        self._services: dict[int, str] = {}
        self._counted: tuple[tuple[int, int], dict[Specification, int]] | None = None

    @classmethod
    def connect(cls, address: str) -> Self:
        """The database at ``postgresql://user:password@host:port/name``, or ``sqlite:///path`` for a copy."""
        scheme = urlsplit(address).scheme
        if scheme == "sqlite":
            path = unquote(urlsplit(address).path)
            return cls(_guarded(lambda: sqlite3.connect(f"file:{path}?mode=ro", uri=True)))
        if scheme not in ("postgresql", "postgres"):
            raise DatabaseUnreachable("the address must begin with postgresql:// or sqlite:///")
        try:
            psycopg = importlib.import_module("psycopg")
        except ImportError:
            raise DatabaseUnreachable("psycopg is not installed: pip install 'yawl-metering-agent[sql]'") from None
        options = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_SECONDS}s"
        connection = _guarded(
            lambda: psycopg.connect(
                address, autocommit=True, connect_timeout=10, options=options, prepare_threshold=None
            )
        )
        return cls(connection, "%s")

    def close(self) -> None:
        """Close the connection."""
        _guarded(self._connection.close)

    def newest_event(self) -> int:
        """The highest key of ``logEvent``; 0 for an empty log."""
        [(newest,)] = self._rows("SELECT max(eventID) FROM logEvent")
        return newest or 0

    def first_event_of(self, at_ms: int) -> int:
        """The key of the first event that was logged at this moment or later; one above the newest if there is none.

        Right as long as the engine's clock never went back by more than the seconds of two threads.
        """
        return self._bisected("eventTime", at_ms)

    def _bisected(self, column: str, value: int, condition: str = "") -> int:
        """The first key whose row has at least this value, in a column that rises with the key and has no index."""
        query = f"SELECT eventID, {column} FROM logEvent WHERE eventID >= ? {condition} ORDER BY eventID LIMIT 1"
        low, end = 1, self.newest_event() + 1
        high = end
        while low < high:
            middle = (low + high) // 2
            # The next row from the middle on; the keys have gaps.
            [(key, found)] = self._rows(query, middle) or [(end, value)]
            if found >= value:
                high = middle
            else:
                low = key + 1
        return low

    def starts_near(self, net_instance: int) -> list[StartRow]:
        """The starts of net instances with about this key, this one's among them if the log has it."""
        condition = "AND descriptor = 'CaseStart'"
        first = self._bisected("rootNetInstanceID", net_instance - NEAR_KEYS, condition)
        last = self._bisected("rootNetInstanceID", net_instance + NEAR_KEYS, condition)
        return list(self.starts(first - 1, last))

    def starts(self, above: int, upto: int) -> Iterator[StartRow]:
        """The starts with a key above and up to these, by key."""
        self._name()
        for row in self._in_chunks(above, upto):
            yield self._start(row)

    def starts_of(self, case_ids: Sequence[str]) -> list[StartRow]:
        """All starts under these case ids, by net instance. Reads the table of all cases once."""
        self._name()
        found: list[StartRow] = []
        for first in range(0, len(case_ids), 500):
            some = case_ids[first : first + 500]
            instances = self._rows(
                "SELECT netInstanceID FROM logNetInstance WHERE parentTaskInstanceID = -1 AND engineInstanceID IN "
                f"({', '.join('?' * len(some))})",
                *some,
            )
            found += self._starts_at([instance for (instance,) in instances])
        return sorted(found, key=lambda row: row.net_instance)

    def started(self, specification: Specification, first_ms: int, last_ms: int) -> int:
        """How many cases of the specification started from ``first_ms`` to ``last_ms``, both included, as the database
        counts them. All specifications are counted at once, and kept for the next question about the same time."""
        if self._counted is None or self._counted[0] != (first_ms, last_ms):
            self._name()
            low, high = self.first_event_of(first_ms - NEAR_MS), self.first_event_of(last_ms + NEAR_MS)
            rows = self._rows(_COUNTS, low, high, first_ms, last_ms)
            counts = {self._specifications[net]: count for net, count in rows if net in self._specifications}
            self._counted = (first_ms, last_ms), counts
        return self._counted[1].get(specification, 0)

    def specifications(self) -> Sequence[Specification]:
        """Every specification version that the log has."""
        self._name()
        return list(self._specifications.values())

    # --- statements ---------------------------------------------------------------------------------------------------

    def _name(self) -> None:
        """Read the few rows that name specifications, by root net, and services."""
        rows = self._rows(
            "SELECT rootNetID, identifier, specVersion, uri, rowKey FROM logSpecification ORDER BY rowKey"
        )
        self._specifications = {}
        for net, identifier, version, uri, key in rows:
            if net != -1:
                self._specifications.setdefault(net, Specification(identifier, version, uri, key))
        self._services = dict(self._rows("SELECT serviceID, serviceName FROM logService"))

    def _in_chunks(self, above: int, upto: int) -> Iterator[tuple[Any, ...]]:
        """A range of keys holds at most as many rows as it is long."""
        for low in range(above, upto, CHUNK):
            high = min(low + CHUNK, upto)
            yield from self._rows(f"{_STARTS} e.eventID > ? AND e.eventID <= ? ORDER BY e.eventID", low, high)

    def _starts_at(self, instances: Sequence[int]) -> Iterator[StartRow]:
        for first in range(0, len(instances), 500):
            some = instances[first : first + 500]
            marks = ", ".join("?" * len(some))
            for row in self._rows(f"{_STARTS} e.rootNetInstanceID IN ({marks})", *some):
                yield self._start(row)

    def _start(self, row: tuple[Any, ...]) -> StartRow:
        event, case_id, instance, at_ms, service, net = row
        return StartRow(event, case_id, instance, at_ms, self._services.get(service), self._specifications.get(net))

    def _rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        def read() -> list[tuple[Any, ...]]:
            with closing(self._connection.cursor()) as cursor:
                cursor.execute(statement.replace("?", self._mark), parameters)
                return list(cursor.fetchall())

        return _guarded(read)


def _guarded(work: Callable[[], T]) -> T:
    """What the work returns. Drivers raise errors of their own, whose texts may hold an account and parameters."""
    try:
        return work()
    except Exception as error:
        if not _is_of_a_driver(error):
            raise
        raise DatabaseUnreachable(f"the database did not answer as expected ({_described(error)})") from None


def _is_of_a_driver(error: Exception) -> bool:
    """Whether it is an ``Error`` of PEP 249; each driver has a class of its own with that name."""
    names = {(each.__module__.partition(".")[0], each.__name__) for each in type(error).__mro__}
    return bool(names & {("psycopg", "Error"), ("sqlite3", "Error")})


def _described(error: Exception) -> str:
    """The error's class, and PostgreSQL's code if it has one."""
    return " ".join(filter(None, (type(error).__name__, getattr(error, "sqlstate", None))))
