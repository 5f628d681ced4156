"""Puts together what reads one engine: the cloud's reconciler with the agent's memory, spool and readers."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

from runtime.clock import Clock, now
from runtime.metric_names import YawlMetric
from yawl.log.connect import engine_log, resource_log
from yawl.log.ports import EngineLog, EngineLogError
from yawl.reconcile import audit, outbox
from yawl.reconcile.attribute_later import LateAttribution
from yawl.reconcile.log_starts import LogStarts
from yawl.reconcile.poll import Audit, Poll, Polled
from yawl.reconcile.source import StartSource
from yawl.reconcile.users import Users
from yawl.start import Specification
from yawl_metering import UsageClient
from yawl_metering_agent.config import EngineSettings
from yawl_metering_agent.log_tables import LogTables
from yawl_metering_agent.sender import SpoolSender
from yawl_metering_agent.sql_starts import SeenRows, SqlStarts
from yawl_metering_agent.state import SqliteSeenRows, SqliteState, StateFile


@dataclass
class Log:
    """An engine's log as the settings say it is read, for one reading."""

    source: StartSource
    specifications: Callable[[], Sequence[Specification]]
    audited: Audit
    clock_offset_ms: Callable[[], int | None]
    close: Callable[[], None]


def open_log(settings: EngineSettings, seen: SeenRows, clock: Clock = now) -> Log:
    """The log of an engine, which has answered. Raises EngineLogError."""
    engine = settings.engine
    if settings.reader == "sql":
        tables = LogTables.connect(str(settings.database))
        source = SqlStarts(engine, tables, seen)
        # Without ``most`` the audit asks for ``started`` and ``specifications`` alone.
        audited = _audit(cast(EngineLog, tables), most=None)
        return Log(source, tables.specifications, audited, lambda: None, tables.close)
    log = engine_log(
        str(engine.address), str(engine.user), str(settings.password), ca_bundle=settings.trust_file, clock=clock
    )
    # ``LogStarts`` waits for an engine that has announced that it starts; nobody waits for the agent.
    log.specifications()
    audited = _audit(log)
    return Log(LogStarts(engine, log), log.specifications, audited, lambda: log.clock_offset_ms, lambda: None)


def _audit(log: EngineLog, most: int | None = audit.MOST_COUNTED) -> Audit:
    def compare(day: str, ours: Mapping[int, int]) -> audit.Audited:
        return audit.compare(log, log.specifications(), day, ours, most)

    return compare


@dataclass
class Reader:
    """Reads one engine again and again. seconds_left: 0 ends a reading soon.

    counts, attributed: of the last reading, its metrics and its messages that got their customer late.
    """

    settings: EngineSettings
    file: StateFile
    client: UsageClient
    clock: Clock = now
    note: Callable[..., None] = lambda *_args, **_fields: None
    seconds_left: Callable[[], float] = lambda: float("inf")
    counts: Counter[YawlMetric] = field(default_factory=Counter)
    attributed: int = 0

    def read(self) -> Polled:
        """Read the engine once, and hand on what was found. Raises StateUnusable alone."""
        engine = replace(self.settings.engine, mode="log-only")
        state = SqliteState(self.file, engine.database, self.clock)
        self.counts.clear()
        sender = SpoolSender(self.client, self.file, engine.database)
        same_reader(state, self.settings.reader)
        try:
            log = open_log(self.settings, SqliteSeenRows(self.file, engine.database), self.clock)
        except EngineLogError as error:
            state.polled(int(self.clock() * 1000), type(error).__name__)
            return Polled(problems=(error, *outbox.send_all(state, sender).errors))
        try:
            polled = Poll(
                engine=engine,
                state=state,
                source=log.source,
                sender=sender,
                clock=self.clock,
                count=self._count,
                older=[SqliteState(self.file, each, self.clock) for each in self.file.older(engine.id, engine.epoch)],
                users=self._users(log, state),
                audited=log.audited,
                note=self.note,
                seconds_left=self.seconds_left,
            ).run()
        finally:
            with suppress(EngineLogError):
                log.close()
        self.attributed = self._attribute_later(sender)
        return polled

    def _attribute_later(self, sender: SpoolSender) -> int:
        """Try the usage without a customer again, by the agent's file as it is now."""
        later = LateAttribution(
            # The queue is a table here, so that only its decision about a message is used.
            sqs=cast(Any, None),
            url="",
            engines=lambda _: self.settings.engine,
            states=lambda database: SqliteState(self.file, database, self.clock),
            sender=sender,
            clock=self.clock,
        )
        attributed = 0
        for name, body in self.file.unattributed(self.settings.engine.id):
            if later.attribute(body) == "attributed":
                self.file.drop_unattributed(name)
                attributed += 1
        return attributed

    def _count(self, metric: YawlMetric, number: int) -> None:
        self.counts[metric] += number

    def _users(self, log: Log, state: SqliteState) -> Users | None:
        engine = self.settings.engine
        if not engine.dimensions.users:
            return None
        address, user, password = str(engine.resource_address), str(engine.user), str(self.settings.password)
        people = resource_log(address, user, password, ca_bundle=self.settings.trust_file, clock=self.clock)
        return Users(engine=engine, log=people, specifications=log.specifications, state=state)


def same_reader(state: SqliteState, reader: str) -> None:
    """Begin the log anew where another kind of reader has left its position: it counts cases, or keys of rows.

    What is committed stays known, so nothing is billed again.
    """
    if state.reader() != reader:
        state.advance(floor=None, checkpoint=None)
        state.note_reader(reader)
