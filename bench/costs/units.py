"""What an event and a customer's hour take of DynamoDB, of logs and of the archive: counted on the store in memory."""

import gzip
import hashlib
import io
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from archive.change import line
from archive.kept import ARCHIVED, Kept
from bench.house import ADDED, AFTER, LIVE, PRODUCTS, RUN, AcceptingMarketplace, House, events
from bench.units import published
from ledger import tables
from ledger.attribute_values import to_attributes
from local.dynamodb.capacity import Capacity
from local.dynamodb.store import MemoryDynamoDB
from marketplace.meter_usage import UsageMeter
from metering.find.find_due_hours import find_due_hours
from metering.send.plan_batches import plan_batches
from metering.settle.settle_hours import settle_hours

#: Events of one request, and of a customer's hour.
EVENTS = 100
CUSTOMERS = 200
#: Bytes that DynamoDB adds to each stored item (Developer Guide, "Estimating the size of a table").
ITEM_OVERHEAD = 100
_KEPT = {kept.table.name: kept for kept in ARCHIVED}


@dataclass(frozen=True)
class Units:
    """Of one event, or of one customer's hour of five lines. written, read: DynamoDB's units. stored: bytes in tables.
    logged: bytes of log lines. changes: of items, which the archive takes. archived: their compressed bytes."""

    written: float
    read: float
    stored: float
    logged: float
    changes: float
    archived: float


def of_an_event() -> Units:
    """One of 100 events of a customer's hour, recorded by one request."""
    capacity = Capacity()
    house = House(MemoryDynamoDB(capacity=capacity))
    customers = [house.subscribe(f"l-{number:032d}") for number in range(10)]
    capacity.clear()
    with _logged() as log:
        for customer in customers:
            house.record(customer, list(events(customer, EVENTS, prefix=customer[-8:], dimensions=ADDED)))
    rows = house.dynamodb.data(tables.USAGE_EVENTS.name, "").rows.values()
    number = EVENTS * len(customers)
    return Units(
        written=round(published(capacity.written) / number, 3),
        read=round(capacity.total_read / number, 3),
        stored=round(sum(row.size + ITEM_OVERHEAD for row in rows) / number, 1),
        logged=round(len(log.getvalue()) / number, 1),
        changes=1,
        archived=round(
            _compressed(_KEPT[tables.USAGE_EVENTS.name], (row.item for row in rows), before=False) / number, 1
        ),
    )


def of_a_customer_hour() -> Units:
    """One of 200 customers' hours of five lines, from finding to settling, all answered Success."""
    capacity = Capacity()
    house = House(MemoryDynamoDB(capacity=capacity), now=AFTER)
    for number in range(CUSTOMERS):
        house.open_hour(house.subscribe(f"l-{number:032d}"))
    capacity.clear()
    submitter = house.submitter(UsageMeter(AcceptingMarketplace()))  # type: ignore[arg-type]
    with _logged() as log:
        page = find_due_hours(
            house.records, now=AFTER, seal_delay_minutes=10, wanted=None, cursor=None, products=PRODUCTS
        )
        house.sealer.seal_hours(page.keys)
        batches, _ = plan_batches(page.keys, house.records, house.subscribers, AFTER, LIVE)
        for batch in batches:
            submitter.submit(batch, RUN)
        settle_hours(page.keys, house.records, house.settler, LIVE)
    rows = house.dynamodb.data(tables.METERING_RECORDS.name, "").rows.values()
    kept = _KEPT[tables.METERING_RECORDS.name]
    # The record is opened, sealed, attempted, answered; the balance is written once.
    changes = 5
    return Units(
        written=round(published(capacity.written) / CUSTOMERS, 3),
        read=round(capacity.total_read / CUSTOMERS, 3),
        stored=round(sum(row.size + ITEM_OVERHEAD for row in rows) / CUSTOMERS, 1),
        logged=round(len(log.getvalue()) / CUSTOMERS, 1),
        changes=changes,
        # Each as large as the last one, which is the largest.
        archived=round(changes * _compressed(kept, (row.item for row in rows), before=True) / CUSTOMERS, 1),
    )


def _compressed(kept: Kept, items: Iterable[Mapping[str, Any]], before: bool) -> int:
    """Bytes of one object of the archive that holds a change of each item. before: with the item as it was."""
    lines = []
    for number, item in enumerate(items):
        image = to_attributes(item)
        change = {
            "SequenceNumber": f"{number:021d}",
            "ApproximateCreationDateTime": int(AFTER),
            "Keys": {key.name: image[key.name] for key in (kept.table.hash, kept.table.range) if key},
            "NewImage": image,
            **({"OldImage": image} if before else {}),
        }
        # An id of a change is as random as a hash.
        id_ = hashlib.sha256(str(number).encode()).hexdigest()[:32]
        lines.append(line(kept, {"eventName": "MODIFY", "eventID": id_, "dynamodb": change}))
    return len(gzip.compress("\n".join(lines).encode(), compresslevel=6, mtime=0))


@contextmanager
def _logged() -> Iterator[io.StringIO]:
    """Take what the rooms' loggers write meanwhile."""
    log = io.StringIO()
    loggers = [logging.getLogger(room) for room in ("metering", "usage", "ledger")]
    handlers = [handler for one in loggers for handler in one.handlers if isinstance(handler, logging.StreamHandler)]
    before = [handler.setStream(log) for handler in handlers]
    try:
        yield log
    finally:
        for handler, stream in zip(handlers, before, strict=True):
            handler.setStream(stream or log)
