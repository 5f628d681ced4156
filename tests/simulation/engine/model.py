"""A YAWL engine as its log and its announcements show it, with what was seen on a real one (6.1).

Case numbers rise, a caller may supply an id (also one that was used), rows become visible a moment after the start,
the lists forget a case whose specification was new, a launch that failed may leave a row, and the database may be made
anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from yawl.log.ports import NO_SERVICE, CaseStart, EngineUnreachable, ResourceEvent, SessionLost
from yawl.start import Specification

SPECIFICATIONS = tuple(Specification(f"UID_{key}", "0.1", f"Spec{key}", key) for key in (1, 2, 5))
SERVICES = {1: "admin", 2: "acme", 3: "workletService", 4: "beta"}
#: The first key of a database, and what a restart leaves out (sequences are handed out in blocks).
BLOCK = 50

Asked = TypeVar("Asked")


@dataclass(frozen=True)
class Row:
    """A start. listed: whether the lists of case ids have it. visible: by our clock, when the lists show it, and when
    its row of the start is there."""

    case_id: str
    net_instance: int
    at_ms: int
    service_key: int
    specification: Specification
    listed: bool
    listed_at: float
    row_at: float


@dataclass
class Database:
    """What one database of the engine holds."""

    rows: list[Row] = field(default_factory=list)
    people: list[tuple[ResourceEvent, float]] = field(default_factory=list)
    next_number: int = 1
    next_key: int = 1

    def visible(self, now: float) -> list[Row]:
        return [row for row in self.rows if row.row_at <= now]


class Model:
    """An engine. clock: true time, seconds. offset: by which the engine's clock is ahead."""

    def __init__(self, clock: Callable[[], float], chance: Random, offset: float) -> None:
        self._clock, self._chance, self.offset = clock, chance, offset
        self.database = Database()
        #: Databases that were thrown away.
        self.gone: list[Database] = []
        #: Since when sessions are good: what logged in before is asked to do so again.
        self.sessions_since = 0.0
        self._supplied: set[int] = set()
        #: Whether a new specification lists forgotten cases of others for a moment. By other strategies than the
        #: specification's that can only disturb the audit.
        self.confuses = False
        self._confused: tuple[Specification, float] = (SPECIFICATIONS[0], 0.0)

    def is_confused(self, specification: Specification) -> bool:
        """Whether this list is taken in the moment after its specification's first start."""
        now = self._clock()
        if self.confuses and now > self._confused[1] + 60 and self._chance.random() < 0.05:
            self._confused = (specification, now + 0.03)
        return self._confused[0] == specification and now <= self._confused[1]

    def launch(
        self,
        *,
        case_id: str | None = None,
        service_key: int = 1,
        ago: float = 0.0,
        lost: bool = False,
        slow: bool = False,
    ) -> Row:
        """Start a case; a row of it will be in the log. ago: seconds, for a history. lost: no list will have it. slow:
        its row may come much later than the lists show it."""
        database, chance, now = self.database, self._chance, self._clock() - ago
        if case_id is None:
            case_id = str(database.next_number)
            database.next_number += 1
        elif case_id.isdigit():
            self._supplied.add(int(case_id))
        # Beside supplied numbers nobody can tell which number the counter has left out.
        near = any(case_id.isdigit() and abs(int(case_id) - each) <= 600 for each in self._supplied)
        before = max((row.row_at for row in database.rows if row.case_id == case_id), default=0.0)
        listed_at = max(now + chance.choice((0.0, 0.05, 0.4)), before)
        row = Row(
            case_id=case_id,
            net_instance=database.next_key,
            at_ms=int((now + self.offset) * 1000) + chance.choice((0, 24, 169)),
            service_key=service_key,
            specification=chance.choice(SPECIFICATIONS),
            listed=not lost or near,
            listed_at=listed_at,
            row_at=listed_at + (chance.choice((0.0, 0.1, 90.0, 900.0)) if slow else 0.0),
        )
        database.next_key += 1
        database.rows.append(row)
        return row

    def fail_launch(self) -> None:
        """A launch that is refused late: its number is gone, and nothing in the log tells."""
        self.database.next_number += 1

    def restart(self) -> None:
        self.database.next_key += BLOCK - self.database.next_key % BLOCK
        self.sessions_since = self._clock()

    def fails_with_session(self) -> bool:
        """Whether a client that lost its session learns it by an error."""
        return self._chance.random() < 0.5

    def new_database(self) -> None:
        """The engine gets another database, whose numbers begin again."""
        self.gone.append(self.database)
        self.database = Database()
        self._supplied.clear()
        self.sessions_since = self._clock()

    def act(self, participant: str, kind: str) -> None:
        """A participant, or the service, does something to a work item."""
        now = self._clock()
        event = ResourceEvent(participant, kind, int((now + self.offset) * 1000))
        self.database.people.append((event, now + self._chance.choice((0.0, 0.3, 120.0))))


@dataclass
class FaultyLog:
    """An EngineLog and a ResourceLog of one reading; each question is an effect of the actor that asks."""

    model: Model
    around: Callable[..., Any]
    clock: Callable[[], float]
    since: float
    calls: int = 0
    logins: int = 1

    @property
    def clock_offset_ms(self) -> int | None:
        return round(self.model.offset) * 1000

    def specifications(self) -> Sequence[Specification]:
        return self._ask(lambda rows: [s for s in SPECIFICATIONS if any(row.specification == s for row in rows)])

    def case_ids(self, specification: Specification) -> list[str]:
        def answer(rows: list[Row]) -> list[str]:
            found = [row.case_id for row in rows if row.specification == specification]
            if self.model.is_confused(specification):
                found += [row.case_id for row in self.model.database.visible(self.clock()) if not row.listed]
            return found

        return self._ask(answer)

    def case_starts(self, case_id: str) -> Sequence[CaseStart]:
        def answer(_rows: list[Row]) -> list[CaseStart]:
            rows = self.model.database.visible(self.clock())
            return [CaseStart(r.net_instance, r.at_ms, r.service_key) for r in rows if r.case_id == case_id]

        return self._ask(answer)

    def net_instances(self, specification: Specification) -> Mapping[str, Sequence[int]]:
        def answer(rows: list[Row]) -> dict[str, list[int]]:
            found: dict[str, list[int]] = {}
            for row in rows:
                if row.specification == specification:
                    found.setdefault(row.case_id, []).append(row.net_instance)
            return found

        return self._ask(answer)

    def service_name(self, key: int) -> str | None:
        return self._ask(lambda _rows: SERVICES.get(key) if key != NO_SERVICE else None)

    def started(self, specification: Specification, first_ms: int, last_ms: int) -> int | None:
        def answer(rows: list[Row]) -> int:
            there = [row for row in rows if row.specification == specification and row.row_at <= self.clock()]
            return sum(first_ms <= row.at_ms <= last_ms for row in there)

        return self._ask(answer)

    def events(self, specifications: Sequence[Specification], first_ms: int, last_ms: int) -> Sequence[ResourceEvent]:
        now = self.clock()
        return self._ask(
            lambda _rows: [
                event
                for event, visible_at in self.model.database.people
                if visible_at <= now and first_ms <= event.at_ms <= last_ms
            ]
        )

    def faulty(self, fault: str) -> object:
        """What a question raises; see ``tests.simulation.faults``."""
        raise EngineUnreachable("simulated") if fault == "no_answer" else SessionLost("simulated")

    def _ask(self, answer: Callable[[list[Row]], Asked]) -> Asked:
        self.calls += 1

        def effect() -> Asked:
            if self.since < self.model.sessions_since:
                # The engine has restarted, and the session is gone: the client logs in again, or fails with it.
                self.since = self.clock()
                self.logins += 1
                if self.model.fails_with_session():
                    raise SessionLost("simulated")
            now = self.clock()
            return answer([row for row in self.model.database.rows if row.listed and row.listed_at <= now])

        answered: Asked = self.around("EngineLog", effect, answers=self)
        return answered
