"""What the gateway writes into the table of engines: announced starts, and when an engine was last heard."""

from typing import TYPE_CHECKING

from ledger.item_update import ItemUpdate
from ledger.tables import SCHEMA
from ledger.transaction import update
from yawl.announced_start import AnnouncedStart
from yawl.engine import Engine

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

#: RANGE key of the item that says how an engine is.
HEALTH = "health"
#: Milliseconds between two notes by one copy of the function that an engine was heard.
NOTE_EVERY = 30_000
#: Milliseconds in which an engine's log is read once for its starts, however many it announces: it announces one start
#: to each of its addresses, and whoever has a secret may forge more.
READ_EVERY = 60_000


class Notes:
    """The gateway's writes. Times are milliseconds since the epoch."""

    def __init__(self, table: "Table") -> None:
        self._table = table
        self._noted: dict[str, int] = {}

    def start(self, engine: Engine, start: AnnouncedStart) -> None:
        """Keep an announced start. A repeat does no harm."""
        self._table.put_item(Item=start.to_item(engine.database))

    def heard(self, engine: Engine, now: int) -> None:
        """Note that the engine was heard, unless this copy of the function did so within ``NOTE_EVERY``."""
        if now - self._noted.get(engine.database, -NOTE_EVERY) >= NOTE_EVERY:
            update(self._table, **self._health(engine).set({"lastAnnouncementAt": now}).request())
            self._noted[engine.database] = now

    def claim_reading(self, engine: Engine, now: int) -> bool:
        """Whether the caller shall have the engine's log read: no copy of the function did within ``READ_EVERY``."""
        change = self._health(engine)
        due = change.absent_or("initialisedAt", change.less("initialisedAt", now - READ_EVERY))
        return update(self._table, **change.set({"initialisedAt": now}).when(due).request()) is not None

    def _health(self, engine: Engine) -> ItemUpdate:
        change = ItemUpdate(self._table.name, {"engine": engine.database, "item": HEALTH})
        return change.set({"schema": SCHEMA})
