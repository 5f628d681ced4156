"""The write that freezes an hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger.metering_record import FAILED, RANK, VERDICT, Line, MeteringRecord
from ledger.transaction import Operation
from runtime.clock import iso


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """What sealing freezes. ``identity``: fields by which Marketplace knows the buyer; ``timestamp``: what is sent."""

    identity: Mapping[str, str]
    timestamp: int
    lines: Sequence[Line]
    #: recorded units that the contract covers, by dimension, also where nothing is left to send
    included: Mapping[str, Decimal] = field(default_factory=dict)
    #: lines that end at once with this verdict and are never sent (``expired``), None for lines to send
    verdict: str | None = None


def seal_record(table_name: str, record: MeteringRecord, frozen: Frozen, now: float) -> Operation:
    """The operation that freezes a record, on condition that nothing was added since it was read.

    A record without lines ends here: its pending mark goes in the same write.
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
    values: dict[str, Any] = {
        ":sealed": "sealed",
        ":open": "open",
        ":closing": "closing",
        ":version": record.version,
        ":lines": lines,
        ":usage": usage,
        ":identity": dict(frozen.identity),
        ":sent": frozen.timestamp,
        ":at": iso(now),
        ":zero": 0,
    }
    names = {"#state": "state", "#version": "version", "#lines": "lines", "#identity": "identity"}
    change = (
        "SET #state = :sealed, #lines = :lines, dimensionUsage = :usage, #identity = :identity,"
        " sentTimestamp = :sent, sealedAt = :at, settleVersion = :zero"
    )
    if lines:
        names["#deadline"], values[":deadline"] = "deadline", until
        change += ", #deadline = :deadline"
    if frozen.verdict:
        if frozen.verdict in FAILED and any(line.quantity for line in frozen.lines):
            change += ", meteringFailed = :true"
            values[":true"] = "true"
        for number, name in enumerate(sorted(lines)):
            names[f"#v{number}"] = VERDICT + name
            values[f":v{number}"] = {"verdict": frozen.verdict, "rank": RANK[frozen.verdict], "at": Decimal(str(now))}
            change += f", #v{number} = :v{number}"
    if not lines or frozen.verdict:
        change += " REMOVE meteringPending"
    return {
        "Update": {
            "TableName": table_name,
            "Key": {"customerIdentifier": record.customer_identifier, "timestamp": record.hour},
            "UpdateExpression": change,
            "ConditionExpression": "#version = :version AND (#state = :open OR #state = :closing)",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
    }


def _stored(line: Line, value: Decimal, until: int) -> dict[str, Any]:
    """A line as the record keeps it: only what cannot be told from the record. A write costs by the item's kilobytes,
    and a record of five lines is sealed within the first."""
    return {
        "quantity": line.quantity,
        **_unless(value, counted=line.counted),
        **_unless({}, included=dict(line.included)),
        **_unless(1, scale=line.scale),
        **_unless(0, decimals=line.decimals),
        **_unless(until, deadline=line.deadline),
        **line.allocated.attributes(),
    }


def _unless(usual: Any, **named: Any) -> dict[str, Any]:
    """What is named, where it is not the usual."""
    return {name: value for name, value in named.items() if value != usual}
