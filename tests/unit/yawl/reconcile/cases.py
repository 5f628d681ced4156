"""Engines, logs and stores for the tests of this folder."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ledger import tables
from local.dynamodb.declared_tables import with_tables
from local.dynamodb.store import MemoryDynamoDB
from runtime.metric_names import YawlMetric
from yawl.engine import Dimensions, Engine
from yawl.log.ports import CaseStart, EngineLogError, EngineUnreachable
from yawl.reconcile.known import FoundCase, FoundStart
from yawl.reconcile.log_starts import LogStarts
from yawl.reconcile.poll import Poll, Polled
from yawl.start import Specification
from yawl.state.dynamodb import DynamoDBState
from yawl.state.ports import Message

#: 2026-11-30T00:00:00Z, in seconds.
DAY = 1_795_996_800
NOW = DAY + 12 * 3600.0
ENGINE = Engine(
    id="eng",
    since=DAY - 86_400.0,
    customers={"": "customer-1"},
    dimensions=Dimensions(executions="workflow_executions", worklets="worklet_invocations", users="active_users"),
)
A, B = Specification("UID_a", "0.1", "Orders", 1), Specification("UID_b", "0.2", "Claims", 5)


def start(key: int, at: float = NOW - 600, by: str | None = "acme", of: Specification | None = A) -> FoundStart:
    return FoundStart(key, int(at * 1000), by, of)


def found(case_id: str, *starts: FoundStart, skipped: int = 0) -> FoundCase:
    return FoundCase(case_id, starts, skipped)


@dataclass
class Log:
    """An EngineLog. cases: by specification, the case id and its row; None: no row yet. unlisted: rows of no list."""

    cases: dict[Specification, list[tuple[str, CaseStart | None]]] = field(default_factory=dict)
    unlisted: dict[str, list[CaseStart]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=lambda: {1: "admin", 2: "acme", 3: "workletService"})
    clock_offset_ms: int | None = 0
    logins: int = 1
    calls: list[tuple[str, Any]] = field(default_factory=list)
    broken: set[tuple[str, Any]] = field(default_factory=set)
    error: EngineLogError = field(default_factory=lambda: EngineUnreachable("test"))

    def case(self, case_id: str, key: int, at: float = NOW - 600, by: int = 2, of: Specification = A) -> None:
        self.cases.setdefault(of, []).append((case_id, CaseStart(key, int(at * 1000), by)))

    def specifications(self) -> Sequence[Specification]:
        self._called("specifications", None)
        return list(self.cases)

    def case_ids(self, specification: Specification) -> list[str]:
        self._called("case_ids", specification)
        return [case_id for case_id, _ in self.cases[specification]]

    def case_starts(self, case_id: str) -> Sequence[CaseStart]:
        self._called("case_starts", case_id)
        rows = [row for cases in self.cases.values() for each, row in cases if each == case_id and row is not None]
        return sorted([*rows, *self.unlisted.get(case_id, [])])

    def net_instances(self, specification: Specification) -> Mapping[str, Sequence[int]]:
        self._called("net_instances", specification)
        keys: dict[str, list[int]] = {}
        for case_id, row in self.cases[specification]:
            if row is not None:
                keys.setdefault(case_id, []).append(row.net_instance)
        return keys

    def service_name(self, key: int) -> str | None:
        self._called("service_name", key)
        return self.names.get(key)

    def started(self, specification: Specification, first_ms: int, last_ms: int) -> int | None:
        self._called("started", specification)
        rows = [row for _, row in self.cases[specification] if row is not None]
        return sum(first_ms <= row.at_ms <= last_ms for row in rows)

    def asked(self, name: str) -> list[Any]:
        return [about for each, about in self.calls if each == name]

    def _called(self, name: str, about: Any) -> None:
        self.calls.append((name, about))
        if (name, about) in self.broken or (name, "*") in self.broken:
            raise self.error


@dataclass
class Post:
    """A Sender. sent: messages with their deduplication ids."""

    sent: list[tuple[Message, str]] = field(default_factory=list)
    broken: bool = False

    def send(self, message: Message, deduplication_id: str) -> None:
        if self.broken:
            raise ConnectionError("test")
        self.sent.append((message, deduplication_id))


@dataclass
class Connector:
    """An engine with its log, its store in memory, and what was sent and counted."""

    engine: Engine = ENGINE
    log: Log = field(default_factory=Log)
    post: Post = field(default_factory=Post)
    now: float = NOW
    counted: dict[YawlMetric, int] = field(default_factory=dict)
    noted: list[dict[str, Any]] = field(default_factory=list)
    dynamodb: Any = field(default_factory=lambda: with_tables(MemoryDynamoDB()))

    @property
    def state(self) -> DynamoDBState:
        return DynamoDBState(self.dynamodb, tables.ENGINES.name, self.engine.database, lambda: self.now)

    @property
    def table(self) -> Any:
        return self.dynamodb.Table(tables.ENGINES.name)

    def poll(self, **changes: Any) -> Polled:
        """One reading; the counts are those of this one alone."""
        self.counted.clear()
        poll = Poll(
            engine=self.engine,
            state=self.state,
            source=LogStarts(self.engine, self.log),
            sender=self.post,
            clock=lambda: self.now,
            count=self._count,
            note=lambda _text, **fields: self.noted.append(fields),
            pause=lambda _attempt: None,
        )
        return replace(poll, **changes).run()

    def _count(self, metric: YawlMetric, number: int) -> None:
        self.counted[metric] = self.counted.get(metric, 0) + number


@contextmanager
def connector(**values: Any) -> Iterator[Connector]:
    yield Connector(**values)
