"""The writes that close hours of a restored ledger. Each may be repeated: what is sealed is not sealed again."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ledger.balance import Balance, Balances
from ledger.item_update import ItemUpdate
from ledger.metering_record import RANK, VERDICT, MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.subscribers import accepts_usage
from ledger.tables import SCHEMA
from ledger.transaction import Operation
from marketplace.dimensions import Dimension
from marketplace.hour import SECONDS, hour_of
from ops.restore.fence_rules import Fence, OnFile
from runtime.clock import iso

#: Says in the verdict why the line's hour may have other counters than quantity.
DETAIL = "fenced after a restore: Marketplace has it"


def fence(
    records: MeteringRecords,
    customer: str,
    closed: Fence,
    dimensions: Mapping[str, Dimension],
    subscribers_table: str,
    now: float,
    open_hour: tuple[int, bool],
) -> list[Operation]:
    """The transaction that seals an hour with what is on file, and moves what Marketplace has nothing of.

    open_hour: the hour that takes moved units, and whether its record exists (``open_hour_of``).
    """
    change = ItemUpdate(records.table_name, {"customerIdentifier": customer, "timestamp": closed.hour})
    if closed.record is None:
        change.when(change.absent("state")).set({"schema": SCHEMA, "createdAt": iso(now), "version": 1})
    else:
        change.when(change.equals("version", closed.record.version), change.one_of("state", "open", "closing"))
        change.remove("meteringPending")
    change.set(
        {
            "state": "sealed",
            "lines": {name: _line(each, dimensions.get(name)) for name, each in closed.on_file.items()},
            "dimensionUsage": _usage(closed.record),
            "identity": {},
            "sentTimestamp": closed.hour,
            "sealedAt": iso(now),
            "settleVersion": 0,
            "deadline": 0,
            **{VERDICT + name: _verdict(each, now) for name, each in closed.on_file.items()},
        }
    )
    if not closed.moved:
        return [change.operation()]
    hour, exists = open_hour
    moved = records.add(customer, hour, closed.moved, exists=exists, now=now, carried=True)
    return [change.operation(), moved, accepts_usage(subscribers_table, customer, now)]


def drop(balances: Balances, balance: Balance, dropped: Mapping[str, Decimal]) -> Operation:
    """The operation that sets remainders to nothing, on condition that the balance is still the one read."""
    return balances.replace(balance, remainder=dict.fromkeys(dropped, Decimal(0)), used={})


def open_hour_of(records: MeteringRecords, customer: str, now: float, fenced: set[int]) -> tuple[int, bool]:
    """The running hour, or the first after it that takes usage and is not about to be closed; whether it exists."""
    hour = hour_of(now)
    while hour in fenced or (state := records.state(customer, hour)) not in (None, "open"):
        hour += SECONDS
    return hour, state is not None


def _line(each: OnFile, dimension: Dimension | None) -> dict[str, Any]:
    scale = dimension.scale if dimension else 1
    decimals = dimension.decimals if dimension else 0
    return {"quantity": each.quantity, "counted": Decimal(0), "scale": scale, "decimals": decimals}


def _usage(record: MeteringRecord | None) -> list[dict[str, Any]]:
    totals: dict[str, Decimal] = {}
    for (dimension, _period), units in (record.counted if record else {}).items():
        totals[dimension] = totals.get(dimension, Decimal(0)) + units
    return [{"dimension": name, "value": total} for name, total in sorted(totals.items())]


def _verdict(each: OnFile, now: float) -> dict[str, Any]:
    known = {"meteringRecordId": each.metering_record_id} if each.metering_record_id else {}
    return {"verdict": "on_file", "rank": RANK["on_file"], "at": Decimal(str(now)), "detail": DETAIL, **known}
