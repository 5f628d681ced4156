"""The write that seals an hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger.hold import HELD, PENDING_HELD
from ledger.item_update import ItemUpdate
from ledger.metering_record import FAILED, RANK, VERDICT, Line, MeteringRecord
from ledger.transaction import Operation
from runtime.clock import iso


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """What sealing freezes.

    identity: the fields by which Marketplace knows the buyer. sent_timestamp: the lines' Timestamp, in epoch
    seconds.
    """

    identity: Mapping[str, str]
    sent_timestamp: int
    lines: Sequence[Line]
    #: Recorded units that the contract covers, by dimension, also of dimensions without a line.
    included: Mapping[str, Decimal] = field(default_factory=dict)
    #: The lines end at once with this verdict and are never sent (``expired``, ``not_sent``); None: they are sent.
    verdict: str | None = None
    #: The lines hold all units, since what the contract includes is not known.
    before_allowance: bool = False


def seal_record(table_name: str, record: MeteringRecord, frozen: Frozen, now: float) -> Operation:
    """The operation that freezes a record, on condition that nothing was added since it was read.

    A record without lines ends here: the same write takes it out of the pending index.
    """
    totals: dict[str, Decimal] = {}
    for (dimension, _period), quantity in record.counted.items():
        totals[dimension] = totals.get(dimension, Decimal(0)) + quantity
    usage = [
        {"dimension": name, "value": total, **_unless(Decimal(0), included=frozen.included.get(name, Decimal(0)))}
        for name, total in sorted(totals.items())
    ]
    until = min((line.deadline for line in frozen.lines), default=0)
    lines = {line.dimension: _stored(line, totals.get(line.dimension, Decimal(0)), until) for line in frozen.lines}
    sealed = {
        "state": "sealed",
        "lines": lines,
        "dimensionUsage": usage,
        "identity": dict(frozen.identity),
        "sentTimestamp": frozen.sent_timestamp,
        "sealedAt": iso(now),
        "settleVersion": 0,
    }
    change = ItemUpdate(table_name, {"customerIdentifier": record.customer_identifier, "timestamp": record.hour})
    change.when(change.equals("version", record.version), change.one_of("state", "open", "closing")).set(sealed)
    if lines:
        change.set({"deadline": until})
    if frozen.before_allowance:
        change.set({"beforeAllowance": True})
    if frozen.verdict:
        verdict = {"verdict": frozen.verdict, "rank": RANK[frozen.verdict], "at": Decimal(str(now))}
        change.set({VERDICT + name: verdict for name in lines})
        if frozen.verdict in FAILED and any(line.quantity for line in frozen.lines):
            change.set({"meteringFailed": "true"})
    on_hold = {HELD + line.dimension: line.hold.attribute() for line in frozen.lines if line.hold is not None}
    if on_hold:
        change.set({**on_hold, "meteringPending": PENDING_HELD})
    if not lines or frozen.verdict:
        change.remove("meteringPending")
    return change.operation()


def _stored(line: Line, value: Decimal, until: int) -> dict[str, Any]:
    """A line as the record stores it, without what the record says already. DynamoDB bills a write by the item's
    kilobytes, and a record of five lines is sealed within the first."""
    return {
        "quantity": line.quantity,
        **_unless(value, counted=line.counted),
        **_unless({}, included=dict(line.included)),
        **_unless(1, scale=line.scale),
        **_unless(0, decimals=line.decimals),
        **_unless(until, deadline=line.deadline),
        **line.allocations.attributes(),
    }


def _unless(usual: Any, **named: Any) -> dict[str, Any]:
    """The named values that differ from the usual one."""
    return {name: value for name, value in named.items() if value != usual}
