"""What the functions of this room work with, put together from their settings; tests pass other logs and queues."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from botocore.config import Config

from ledger import dynamodb
from ledger.reading import every_page
from ledger.tables import SCHEMA
from runtime import aws, clock
from runtime.clock import Clock
from runtime.settings import EngineUsageSettings
from yawl.engine import NO_DATABASE, Engine
from yawl.engines import Engines
from yawl.log import connect
from yawl.log.ports import EngineLog, ResourceLog
from yawl.reconcile import audit
from yawl.reconcile.attribute_later import LateAttribution
from yawl.reconcile.log_starts import LogStarts
from yawl.reconcile.poll import Audit, Count, Poll
from yawl.reconcile.pushed_starts import PushedStarts
from yawl.reconcile.source import StartSource
from yawl.reconcile.sqs_sender import SqsSender
from yawl.reconcile.users import Users
from yawl.state.dynamodb import DynamoDBState
from yawl.state.ports import EngineState, Sender

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

#: A queue or a secret that does not answer within some seconds is asked again by the next reading.
_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
#: How many databases before the present one may have messages that are not sent.
_OLDER = 2
#: The partition that names every database that was ever read; no engine's id begins so.
_DATABASES = "#databases"

#: Opens the logs of an engine; the second is None where its users are not counted.
Logs = Callable[[Engine], tuple[EngineLog, ResourceLog | None]]


class Parts:
    """What all readings of one process share."""

    def __init__(
        self,
        settings: EngineUsageSettings,
        tables: "DynamoDBServiceResource | None" = None,
        sender: Sender | None = None,
        logs: Logs | None = None,
        clock: Clock = clock.now,
    ) -> None:
        """tables, sender, logs: None connects to the function's own."""
        self._settings, self._clock = settings, clock
        self._tables = tables or dynamodb.connect()
        self.sender = sender or SqsSender(
            aws.client("sqs", config=_CONFIG), settings.ENGINE_USAGE_QUEUE_URL, settings.UNATTRIBUTED_QUEUE_URL
        )
        self._logs = logs or opened_logs
        self.engines = Engines.connect(settings.ENGINES_PATH)
        self._remembered: set[str] = set()

    def state(self, database: str) -> DynamoDBState:
        """The store of an engine's database."""
        return DynamoDBState(self._tables, self._settings.ENGINES_TABLE, database, self._clock)

    def states(self, engine: Engine) -> list[DynamoDBState]:
        """The stores of ``databases_of`` an engine."""
        return [self.state(database) for database in databases_of(engine)]

    def databases(self) -> list[str]:
        """Every database that was ever read, also of engines that the stage does not declare any more."""
        table = self._tables.Table(self._settings.ENGINES_TABLE)
        request = {"KeyConditionExpression": "engine = :all", "ExpressionAttributeValues": {":all": _DATABASES}}
        return [str(item["item"]) for item in every_page(table.query, **request)]

    def _remember(self, engine: Engine) -> None:
        """Name the engine's databases, before anything is committed to them."""
        table = self._tables.Table(self._settings.ENGINES_TABLE)
        for database in {engine.database, f"{engine.id}#{NO_DATABASE}"} - self._remembered:
            table.put_item(Item={"engine": _DATABASES, "item": database, "schema": SCHEMA})
            self._remembered.add(database)

    def poll(
        self,
        engine: Engine,
        *,
        count: Count,
        note: Callable[..., None],
        seconds_left: Callable[[], float],
    ) -> Poll:
        """A reading of the engine. Raises the errors of the table and of Secrets Manager."""
        self._remember(engine)
        state, *older = self.states(engine)
        return poll(engine, state, self.sender, self._logs, self._clock, count, older, note, seconds_left)

    def late_attribution(self) -> LateAttribution:
        """The look through the queue of unattributed usage."""
        engines = {engine.id: engine for engine in self.engines.all()}
        return LateAttribution(
            sqs=aws.client("sqs", config=_CONFIG),
            url=self._settings.UNATTRIBUTED_QUEUE_URL,
            engines=engines.get,
            states=self.state,
            sender=self.sender,
            clock=self._clock,
        )


def databases_of(engine: Engine) -> list[str]:
    """The engine's databases, the present one first; the last is of its access logs."""
    oldest = max(1, engine.epoch - _OLDER)
    return [f"{engine.id}#{epoch}" for epoch in (*range(engine.epoch, oldest - 1, -1), NO_DATABASE)]


def poll(
    engine: Engine,
    state: EngineState,
    sender: Sender,
    logs: Logs,
    clock: Clock,
    count: Count,
    older: Sequence[EngineState] = (),
    note: Callable[..., None] = lambda *_args, **_fields: None,
    seconds_left: Callable[[], float] = lambda: float("inf"),
) -> Poll:
    """A reading of the engine with these stores, logs and queues."""
    source: StartSource = PushedStarts()
    users = None
    audited: Audit | None = None
    if engine.mode != "push-only":
        log, resource_log = logs(engine)
        source = LogStarts(engine, log)

        def compare(day: str, ours: Mapping[int, int]) -> audit.Audited:
            return audit.compare(log, log.specifications(), day, ours)

        audited = compare
        if resource_log is not None and engine.dimensions.users:
            users = Users(engine=engine, log=resource_log, specifications=log.specifications, state=state)
    return Poll(
        engine=engine,
        state=state,
        source=source,
        sender=sender,
        clock=clock,
        count=count,
        older=older,
        users=users,
        audited=audited,
        note=note,
        seconds_left=seconds_left,
    )


def opened_logs(engine: Engine) -> tuple[EngineLog, ResourceLog | None]:
    """The engine's logs over HTTP, with the password from Secrets Manager."""
    assert engine.address and engine.user and engine.secret_name  # The stage file is refused without them.
    password = _password(engine.secret_name)
    resource = engine.resource_address
    return (
        connect.engine_log(engine.address, engine.user, password),
        connect.resource_log(resource, engine.user, password) if resource else None,
    )


def _password(secret_name: str) -> str:
    """The secret's text, or the value of ``password`` where the text is a JSON object."""
    client = aws.client("secretsmanager", config=_CONFIG)
    text = str(client.get_secret_value(SecretId=secret_name)["SecretString"])
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return str(value["password"]) if isinstance(value, dict) and "password" in value else text
