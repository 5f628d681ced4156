"""The table of metering records: reads, additions and the seal. Writes on sealed lines are in ``ledger.settlement``.

A record has ``meteringPending`` from its creation until its last line has ended; the index over it is sparse.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from ledger.hold import PENDING_HELD
from ledger.item_update import ItemUpdate
from ledger.metering_record import CARRIED, COUNTED, MeteringRecord, from_item
from ledger.reading import HOUR_NAME, Cursor, RecordKey, every_page, index_keys, many, next_page
from ledger.seal_record import Frozen, seal_record
from ledger.tables import FAILED_INDEX, PENDING_INDEX, SCHEMA
from ledger.transaction import Operation, update, write_one
from runtime import telemetry
from runtime.clock import iso
from runtime.failure import described

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

MAX_SHARDS = 16
#: find-due-hours asks for all of these, whatever the stage's setting, so that a change of the setting loses no record.
PENDING_VALUES = ("true", *(f"true#{shard}" for shard in range(MAX_SHARDS)), PENDING_HELD)

logger = telemetry.logger("ledger")


def pending_value(customer_identifier: str, shards: int) -> str:
    """The index value of a customer's records: ``true``, or ``true#<shard>`` where the stage has several."""
    if shards <= 1:
        return "true"
    return f"true#{zlib.crc32(customer_identifier.encode()) % shards}"


class MeteringRecords:
    """The table ``yawl-metering-records``."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", table_name: str, shards: int = 1) -> None:
        self._dynamodb = dynamodb
        self._table = dynamodb.Table(table_name)
        self._shards = shards
        self.table_name = table_name

    # --- read ---------------------------------------------------------------------------------------------------------

    def get(self, customer_identifier: str, hour: int) -> MeteringRecord | None:
        """One record as it is now (strongly consistent)."""
        item = self._table.get_item(Key=_key(customer_identifier, hour), ConsistentRead=True).get("Item")
        return from_item(item) if item else None

    def get_many(self, keys: Iterable[RecordKey]) -> list[MeteringRecord]:
        """Records as they are now (strongly consistent), in no order; absent ones are left out.

        A record that cannot be read is logged and left out too: it stays in the indexes and must not hide others.
        """
        items = many(self._dynamodb, self.table_name, (_key(*key) for key in dict.fromkeys(keys)))
        return [record for record in map(_readable, items) if record is not None]

    def existing(self, keys: Sequence[RecordKey]) -> set[RecordKey]:
        """Which of these records exist (strongly consistent)."""
        return {(record.customer_identifier, record.hour) for record in self.get_many(keys)}

    def state(self, customer_identifier: str, hour: int) -> str | None:
        """``open``, ``closing``, ``sealed``, or None where there is no record (strongly consistent)."""
        item = self._table.get_item(
            Key=_key(customer_identifier, hour),
            ConsistentRead=True,
            ProjectionExpression="#state",
            ExpressionAttributeNames={"#state": "state"},
        ).get("Item")
        return str(item["state"]) if item else None

    def of_customer(
        self, customer_identifier: str, first_hour: int, last_hour: int, limit: int = 100, *, consistent: bool = True
    ) -> list[MeteringRecord]:
        """A customer's records between two hours (both included), oldest first, at most ``limit``."""
        items = every_page(
            self._table.query,
            KeyConditionExpression="customerIdentifier = :customer AND #hour BETWEEN :first AND :last",
            ExpressionAttributeNames=HOUR_NAME,
            ExpressionAttributeValues={":customer": customer_identifier, ":first": first_hour, ":last": last_hour},
            ConsistentRead=consistent,
            Limit=limit,
        )
        return [from_item(item) for item in islice(items, limit)]

    def unsettled(self, customer_identifier: str, first_hour: int) -> tuple[list[MeteringRecord], list[RecordKey]]:
        """A customer's records with the pending mark, from that hour on, oldest first; and keys of unreadable ones.

        The read is of the table and strongly consistent: the index may not show yet a record that was just opened.
        """
        items = every_page(
            self._table.query,
            KeyConditionExpression="customerIdentifier = :customer AND #hour >= :first",
            ExpressionAttributeNames=HOUR_NAME,
            ExpressionAttributeValues={":customer": customer_identifier, ":first": first_hour},
            ConsistentRead=True,
        )
        found: list[MeteringRecord] = []
        unreadable: list[RecordKey] = []
        for item in items:
            if "meteringPending" not in item:
                continue
            if (record := _readable(item)) is not None:
                found.append(record)
            else:
                unreadable.append((customer_identifier, int(item["timestamp"])))
        return found, unreadable

    def pending_keys(self, last_hour: int) -> Iterator[RecordKey]:
        """Keys of the pending index up to an hour (included): every shard, every page, oldest first within a shard."""
        for value in PENDING_VALUES:
            yield from index_keys(self._table, PENDING_INDEX, value, last_hour)

    def pending_page(
        self,
        last_hour: int,
        cursors: Mapping[str, Cursor] | None,
        *,
        fits: Callable[[RecordKey], bool],
        read: int,
    ) -> tuple[list[RecordKey], dict[str, Cursor]]:
        """The next keys of the pending index up to an hour (included), see ``ledger.reading``."""
        return next_page(self._table, PENDING_VALUES if cursors is None else cursors, last_hour, fits=fits, read=read)

    def held_keys(self, last_hour: int) -> Iterator[RecordKey]:
        """Keys of pending records with a line that is on hold, or was: every page, oldest first."""
        yield from index_keys(self._table, PENDING_INDEX, PENDING_HELD, last_hour)

    def failed_keys(self, last_hour: int) -> Iterator[RecordKey]:
        """Keys of records that have a failed, unresolved line: every page, oldest first."""
        yield from index_keys(self._table, FAILED_INDEX, "true", last_hour)

    # --- record -------------------------------------------------------------------------------------------------------

    def add(
        self,
        customer_identifier: str,
        hour: int,
        counted: Mapping[tuple[str, str], Decimal],
        *,
        exists: bool,
        now: float,
        tagged: bool = False,
        carried: bool = False,
    ) -> Operation:
        """The operation that adds recorded units, by (dimension, period), to an open record, or creates it.

        ``exists``: whether the caller saw the record. Creating it must go with a condition on the subscriber in the
        same transaction; adding needs none, since nothing opens a record once that condition cannot hold.
        ``tagged``: some of these units have tags, which only then are looked for at sealing. ``carried``: they are of a
        lost line (``ledger.carry``), and the record says how many such units it has.
        """
        change = ItemUpdate(self.table_name, _key(customer_identifier, hour))
        change.add({"version": 1})
        for prefix in (COUNTED, CARRIED) if carried else (COUNTED,):
            change.add({f"{prefix}{dimension}#{period}": units for (dimension, period), units in counted.items()})
        if tagged:
            change.set({"tagged": True})
        if exists:
            return change.when(change.equals("state", "open")).operation()
        pending = pending_value(customer_identifier, self._shards)
        change.set({"state": "open", "schema": SCHEMA, "meteringPending": pending, "createdAt": iso(now)})
        return change.when(change.absent("state")).operation()

    # --- seal ---------------------------------------------------------------------------------------------------------

    def close(self, customer_identifier: str, hour: int) -> MeteringRecord | None:
        """Set ``closing`` so that no add succeeds any more, and return the record as that left it; None if not open."""
        change = ItemUpdate(self.table_name, _key(customer_identifier, hour)).set({"state": "closing"})
        item = update(self._table, **change.when(change.equals("state", "open")).request())
        return from_item(item) if item else None

    def seal(self, record: MeteringRecord, frozen: Frozen, now: float) -> Operation:
        """The operation that freezes a record, see ``ledger.seal_record``."""
        return seal_record(self.table_name, record, frozen, now)

    def write(self, operation: Operation) -> None:
        """Write one operation of this table by itself. Raises Cancelled or Contended."""
        write_one(self._table, operation)


def _readable(item: Mapping[str, Any]) -> MeteringRecord | None:
    try:
        return from_item(item)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        key = f"{item.get('customerIdentifier')}|{item.get('timestamp')}"
        logger.error("record cannot be read", record=key, **described(error))
        return None


def _key(customer_identifier: str, hour: int) -> dict[str, Any]:
    return {"customerIdentifier": customer_identifier, "timestamp": hour}
