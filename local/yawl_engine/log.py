"""The engine's log: rows of specifications, net instances, events and services, as interface E shows them.

Two threads of the engine write the rows after the fact. So a row appears some time after what it records, and its
time is that of its writing. Keys grow, with a gap at each restart, because Hibernate hands them out in blocks of 50.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from local.yawl_engine.specification import Specification

START, COMPLETE, CANCEL = "CaseStart", "CaseComplete", "CaseCancel"
NO_KEY = -1
BLOCK = 50


@dataclass(frozen=True)
class NetInstance:
    """One started root net. specification: the row's key. net: the net's key. written: epoch seconds."""

    key: int
    case_id: str
    specification: int
    net: int
    written: float


@dataclass(frozen=True)
class Event:
    """One row of the event log. instance: its net instance's key; service: the launcher's key; -1 where unknown."""

    key: int
    descriptor: str
    instance: int
    service: int
    written: float

    @property
    def at_ms(self) -> int:
        """Milliseconds since the epoch."""
        return int(self.written * 1000)


Row = TypeVar("Row", NetInstance, Event)


@dataclass(frozen=True)
class Logged:
    """A specification's row: its key and that of its root net, which it gets at ``net_written``."""

    key: int
    net: int
    specification: Specification
    net_written: float


class Sequence:
    """Keys of one table."""

    def __init__(self) -> None:
        self._next = 1

    def take(self) -> int:
        """The next key."""
        key = self._next
        self._next += 1
        return key

    def restart(self) -> None:
        """Gives up the rest of the block."""
        self._next = (self._next + BLOCK - 2) // BLOCK * BLOCK + 2


class EngineLog:
    """The rows. behind: seconds after which a row is written. start_rows_behind: the same for CaseStart rows, beyond
    that. Not safe for several threads: the engine holds its lock."""

    def __init__(self, now: Callable[[], float], behind: float) -> None:
        self._now = now
        self.behind = behind
        self.start_rows_behind = 0.0
        self._specifications: list[Logged] = []
        self._instances: dict[int, NetInstance] = {}
        self._of_specification: dict[int, list[NetInstance]] = defaultdict(list)
        self._of_case: dict[str, list[NetInstance]] = defaultdict(list)
        self._events: dict[int, list[Event]] = defaultdict(list)
        self._services: dict[str, int] = {}
        self._sequences: dict[str, Sequence] = defaultdict(Sequence)

    def restart(self) -> None:
        """The keys jump to the next block."""
        for sequence in self._sequences.values():
            sequence.restart()

    # --- writing

    def start(self, specification: Specification, case_id: str, service: str | None, fault: str = "") -> int:
        """Writes the rows of a start; returns the net instance's key. service: None where the engine does not know.

        fault: one of a launch (``local.yawl_engine.faults``).
        """
        logged = self._row_of(specification, doubled=fault == "doubled")
        own, net = (NO_KEY, NO_KEY) if fault == "unlisted" else (logged.key, logged.net)
        instance = NetInstance(self._sequences["instance"].take(), case_id, own, net, self._now() + self.behind)
        self._instances[instance.key] = instance
        self._of_specification[own].append(instance)
        self._of_case[case_id].append(instance)
        # The query for the row of such a service fails, and with it the row of the start.
        if service is None or "'" not in service:
            known = None if fault == "without-service" else service
            self.add(START, instance.key, known, self.start_rows_behind)
        return instance.key

    def end(self, descriptor: str, case_id: str, service: str | None = None) -> None:
        """Writes the end of a case: if its id was used before, for the first case of that id."""
        self.add(descriptor, self._of_case[case_id][0].key, service)

    def add(self, descriptor: str, instance: int, service: str | None = None, later: float = 0.0) -> None:
        """Writes an event. service: a name; None: -1."""
        key = NO_KEY if service is None else self._service_key(service)
        row = Event(self._sequences["event"].take(), descriptor, instance, key, self._now() + self.behind + later)
        self._events[instance].append(row)

    def _row_of(self, specification: Specification, doubled: bool) -> Logged:
        """The row, written at the first start of the specification; the last one where there are two."""
        found = [logged for logged in self._specifications if logged.specification == specification]
        for _ in range(0 if found else 1 + doubled):
            keys = (self._sequences["specification"].take(), self._sequences["net"].take())
            row = Logged(*keys, specification, self._now() + self.behind)
            found.append(row)
            self._specifications.append(row)
        return found[-1]

    def _service_key(self, name: str) -> int:
        if name not in self._services:
            self._services[name] = self._sequences["service"].take()
        return self._services[name]

    # --- reading: rows that are written by now

    def specifications(self) -> list[Logged]:
        """The specifications that ever started."""
        return list(self._specifications)

    def find(self, identifier: str, version: str, uri: str) -> Logged | None:
        """The specification's row, the first if there are two; None if there is none."""
        for logged in self._specifications:
            found = logged.specification
            if (found.identifier, found.version, found.uri) == (identifier, version, uri):
                return logged
        return None

    def by_key(self, key: int) -> Logged | None:
        """The specification's row, or None."""
        return next((logged for logged in self._specifications if logged.key == key), None)

    def instances(self, specification: int) -> list[NetInstance]:
        """The root net instances of a specification. While its row has no net yet, those that have none are listed."""
        logged = self.by_key(specification)
        has_net = logged is None or logged.net_written <= self._now()
        return self._written(self._of_specification[specification if has_net else NO_KEY])

    def events(self, case_id: str, descriptor: str = "") -> list[Event]:
        """The events of all cases that had this id, in the order of their keys."""
        found = (event for instance in self._of_case.get(case_id, ()) for event in self._events_of(instance))
        return [event for event in found if descriptor in ("", event.descriptor)]

    def events_of_service(self, name: str, descriptor: str) -> list[Event]:
        """The events of cases that a service or a client account caused."""
        key = self._services.get(name)
        found = [event for event in self._all_events() if (event.service, event.descriptor) == (key, descriptor)]
        return sorted(found, key=lambda event: event.key)

    def service_name(self, key: int) -> str | None:
        """The name of a service's row, or None."""
        return next((name for name, own in self._services.items() if own == key), None)

    def durations(self, specification: int, descriptor: str, first: int, last: int) -> list[int]:
        """Milliseconds from its start to each such event of the specification within these times (both included)."""
        found = []
        for instance in self.instances(specification):
            events = self._events_of(instance)
            begun = next((event.at_ms for event in events if event.descriptor == START), 0)
            found += [e.at_ms - begun for e in events if e.descriptor == descriptor and first <= e.at_ms <= last]
        return found

    def case_count(self) -> int:
        """How many starts were logged."""
        return len(self._instances)

    def _all_events(self) -> Iterator[Event]:
        for instance in self._instances.values():
            yield from self._events_of(instance)

    def _events_of(self, instance: NetInstance) -> list[Event]:
        return self._written(self._events[instance.key])

    def _written(self, rows: list[Row]) -> list[Row]:
        now = self._now()
        return [row for row in rows if row.written <= now]
