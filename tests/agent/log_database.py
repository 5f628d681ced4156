"""The tables of an engine's log in SQLite, with the names and columns that an engine has in PostgreSQL."""

import sqlite3
from contextlib import closing
from pathlib import Path

from local.yawl_engine.log import EngineLog

_TABLES = """
CREATE TABLE logEvent (eventID INTEGER PRIMARY KEY, descriptor TEXT, eventTime INTEGER, instanceID INTEGER,
    serviceID INTEGER, rootNetInstanceID INTEGER);
CREATE TABLE logNetInstance (netInstanceID INTEGER PRIMARY KEY, engineInstanceID TEXT, netID INTEGER,
    parentTaskInstanceID INTEGER);
CREATE TABLE logNet (netID INTEGER PRIMARY KEY, specKey INTEGER, netName TEXT);
CREATE TABLE logSpecification (rowKey INTEGER PRIMARY KEY, rootNetID INTEGER, identifier TEXT, specVersion TEXT,
    uri TEXT);
CREATE TABLE logService (serviceID INTEGER PRIMARY KEY, serviceName TEXT, url TEXT);
"""
NO_KEY = -1


class LogDatabase:
    """The file. ``address`` is what the agent is given."""

    def __init__(self, path: Path) -> None:
        self.path, self.address = path, f"sqlite://{path}"
        self._events = self._instances = 0
        with closing(sqlite3.connect(path)) as db:
            db.executescript(_TABLES)

    def write(self, statement: str, *rows: tuple[object, ...]) -> None:
        with closing(sqlite3.connect(self.path)) as db, db:
            db.executemany(statement, rows)

    def specification(self, key: int, net: int, uri: str, version: str = "0.1") -> None:
        self.write("INSERT INTO logSpecification VALUES (?, ?, ?, ?, ?)", (key, net, f"UID_{uri}", version, uri))

    def service(self, key: int, name: str) -> None:
        self.write("INSERT INTO logService VALUES (?, ?, '')", (key, name))

    def start(
        self,
        case_id: str,
        at_ms: int,
        *,
        net: int = 1,
        service: int = 1,
        event: int | None = None,
        instance: int | None = None,
    ) -> int:
        """Write the two rows of a start; returns the event's key. The keys are the next ones, unless given."""
        self._events = event or self._events + 1
        self._instances = instance or self._instances + 1
        self.instance(self._instances, case_id, net)
        self.event("CaseStart", at_ms, self._instances, service, self._events)
        return self._events

    def instance(self, key: int, case_id: str, net: int = 1, parent: int = NO_KEY) -> None:
        self.write("INSERT INTO logNetInstance VALUES (?, ?, ?, ?)", (key, case_id, net, parent))

    def event(self, descriptor: str, at_ms: int, instance: int, service: int, key: int) -> None:
        row = (key, descriptor, at_ms, instance, service, instance)
        self.write("INSERT INTO logEvent VALUES (?, ?, ?, ?, ?, ?)", row)

    def history(self, cases: int, first_ms: int, each_ms: int = 1000) -> None:
        """As many cases that started and ended, one after another, numbered from 1."""
        first = self._events
        with closing(sqlite3.connect(self.path)) as db, db:
            db.executemany(
                "INSERT INTO logNetInstance VALUES (?, ?, 1, -1)",
                ((self._instances + n, str(n)) for n in range(1, cases + 1)),
            )
            db.executemany(
                "INSERT INTO logEvent VALUES (?, ?, ?, ?, 1, ?)",
                (
                    (first + 2 * n + end + 1, ("CaseStart", "CaseComplete")[end], at, instance, instance)
                    for n in range(cases)
                    for end in (0, 1)
                    for at, instance in [(first_ms + n * each_ms, self._instances + n + 1)]
                ),
            )
        self._events, self._instances = first + 2 * cases, self._instances + cases

    def mirror(self, log: EngineLog) -> None:
        """Make the tables what the stand-in's log has by now."""
        specifications = [
            (each.key, each.net, each.specification.identifier, each.specification.version, each.specification.uri)
            for each in log.specifications()
        ]
        instances = [(i.key, i.case_id, i.net, NO_KEY) for i in log._written([*log._instances.values()])]
        events = [(e.key, e.descriptor, e.at_ms, e.instance, e.service, e.instance) for e in log._all_events()]
        services = [(key, name, "") for name, key in log._services.items()]
        with closing(sqlite3.connect(self.path)) as db, db:
            for table, rows in (
                ("logSpecification", specifications),
                ("logNetInstance", instances),
                ("logEvent", events),
                ("logService", services),
            ):
                db.execute(f"DELETE FROM {table}")
                marks = ", ".join("?" * len(rows[0])) if rows else ""
                db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
