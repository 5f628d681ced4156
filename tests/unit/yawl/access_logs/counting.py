"""Counting objects against tables in memory, with a queue and objects that can fail."""

import io
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from ledger.tables import ENGINES
from local.dynamodb.declared_tables import with_tables
from local.dynamodb.store import MemoryDynamoDB
from tests.unit.yawl.access_logs.log_lines import engine, notice, zipped
from yawl.access_logs.count_object import AccessLogs, Counted
from yawl.access_logs.notice import LogObject
from yawl.access_logs.read_object import Stream
from yawl.engine import Engine
from yawl.state.dynamodb import DynamoDBState
from yawl.state.ports import Message

NOW = 1795968600.0  # 2026-11-29T16:10:00Z


class Killed(Exception):
    """The function ended here."""


class Queue:
    """Takes messages, and records events as ``usage-queue`` does: an id of a customer counts once."""

    def __init__(self) -> None:
        self.sent: list[tuple[Message, str]] = []
        self.dies_before, self.dies_after = False, False

    def send(self, message: Message, deduplication_id: str) -> None:
        if self.dies_before:
            raise Killed
        self.sent.append((message, deduplication_id))
        if self.dies_after:
            raise Killed

    @property
    def events(self) -> dict[tuple[str | None, str], dict[str, Any]]:
        """By customer and id. The same id always has the same content."""
        found: dict[tuple[str | None, str], dict[str, Any]] = {}
        for message, _ in self.sent:
            for event in json.loads(message.body)["events"]:
                assert event.get("customerIdentifier") == message.customer
                assert found.setdefault((message.customer, event["id"]), event) == event
        return found

    def total(self, dimension: str, customer: str | None = "l-0123") -> Decimal:
        """The sum of the recorded quantities."""
        mine = (event for (whose, _), event in self.events.items() if whose == customer)
        return sum((Decimal(each["quantity"]) for each in mine if each["dimension"] == dimension), Decimal(0))


class Stage:
    """Engines, a bucket, the table and the queue. ``objects``: content by key, or the error that reading raises."""

    def __init__(self, engines: Sequence[Engine] = ()) -> None:
        self.engines = list(engines) or [engine()]
        self.objects: dict[str, bytes | Exception] = {}
        self.dynamodb = with_tables(MemoryDynamoDB())
        self.queue = Queue()
        self.logs = AccessLogs(
            engines=lambda: self.engines,
            read=self._read,
            state_of=self.state_of,
            sender=self.queue,
            pause=lambda _attempt: None,
        )

    def put(self, key: str, lines: Iterable[str]) -> str:
        """Store an object; returns its notice."""
        self.objects[key] = zipped(lines)
        return notice(key)

    def count(self, body: str) -> Counted:
        return self.logs.count(body)

    def state_of(self, of: Engine) -> DynamoDBState:
        return DynamoDBState(self.dynamodb, ENGINES.name, of.database, lambda: NOW)  # type: ignore[arg-type]  # in memory

    def _read(self, found: LogObject) -> Stream:
        content = self.objects[found.key]
        if isinstance(content, Exception):
            raise content
        return io.BytesIO(content)
