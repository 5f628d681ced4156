"""What the gateway writes into the table of engines: announced starts, and when an engine was last heard."""

from typing import TYPE_CHECKING

from ledger.tables import SCHEMA
from ledger.transaction import update
from yawl.announced_start import AnnouncedStart
from yawl.engine import Engine

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

#: RANGE key of the item that says how an engine is.
HEALTH = "health"
#: Milliseconds between two notes that one copy of the function makes of an engine being heard.
NOTE_EVERY = 30_000
#: Milliseconds in which an engine's log is read once because the engine started, however often it says so.
READ_EVERY = 60_000


class Notes:
    """The gateway's writes. Times are milliseconds since the epoch."""

    def __init__(self, table: "Table") -> None:
        self._table = table
        self._noted: dict[str, int] = {}

    def start(self, engine: Engine, start: AnnouncedStart) -> None:
        """Keep an announced start. Writing it again does no harm."""
        self._table.put_item(Item=start.to_item(engine.database))

    def heard(self, engine: Engine, now: int) -> None:
        """Note that the engine was heard, unless this copy of the function did within ``NOTE_EVERY``."""
        if now - self._noted.get(engine.database, -NOTE_EVERY) < NOTE_EVERY:
            return
        self._table.update_item(
            Key={"engine": engine.database, "item": HEALTH},
            UpdateExpression="SET lastAnnouncementAt = :now, #schema = :schema",
            ExpressionAttributeNames={"#schema": "schema"},
            ExpressionAttributeValues={":now": now, ":schema": SCHEMA},
        )
        self._noted[engine.database] = now

    def may_read_log(self, engine: Engine, now: int) -> bool:
        """Whether nobody asked for a reading of the engine's log within ``READ_EVERY``; if so, now somebody did."""
        changed = update(
            self._table,
            Key={"engine": engine.database, "item": HEALTH},
            UpdateExpression="SET initialisedAt = :now, #schema = :schema",
            ConditionExpression="attribute_not_exists(initialisedAt) OR initialisedAt < :before",
            ExpressionAttributeNames={"#schema": "schema"},
            ExpressionAttributeValues={":now": now, ":before": now - READ_EVERY, ":schema": SCHEMA},
        )
        return changed is not None
