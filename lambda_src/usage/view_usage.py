"""``GET /subscribers/{customerIdentifier}/usage``: the recorded usage hour by hour, and the lines' verdicts."""

from collections.abc import Mapping
from typing import Any

from ledger.metering_record import Line, MeteringRecord
from ledger.metering_records import MeteringRecords
from marketplace.hour import SECONDS, hour_of
from marketplace.quantity import text
from runtime.api_error import bad_request
from runtime.clock import from_iso, iso

LIMIT = 100
DEFAULT_HOURS = 24


def view_usage(
    customer_identifier: str, query: Mapping[str, str], records: MeteringRecords, now: float
) -> dict[str, Any]:
    """Hours from ``from`` to ``to`` (ISO times; default the last 24 hours and the running one), oldest first.

    At most 100 hours an answer; ``next`` is then the ``from`` of the next one. Raises ApiError bad_request for a
    text that is no time with a zone, or if ``to`` lies before ``from``.
    """
    first = _time(query, "from", hour_of(now) - DEFAULT_HOURS * SECONDS)
    # When the running hour is sealed, new usage is in an hour that has not begun yet.
    last = _time(query, "to", hour_of(now) + SECONDS)
    if last < first:
        raise bad_request("`to` lies before `from`.", "to")
    found = records.of_customer(customer_identifier, first, last, LIMIT)
    answer: dict[str, Any] = {
        "customerIdentifier": customer_identifier,
        "from": iso(first),
        "to": iso(last),
        "hours": [_hour(record, now) for record in found],
    }
    if len(found) == LIMIT and found[-1].hour < last:
        answer["next"] = iso(found[-1].hour + SECONDS)
    return answer


def _time(query: Mapping[str, str], name: str, default: int) -> int:
    if name not in query:
        return default
    try:
        hour = hour_of(from_iso(query[name]))
        iso(hour)  # Raises where the offset puts it before the year 1 or after 9999 in UTC.
        return hour
    except (ValueError, OverflowError):
        raise bad_request(f"`{name}` must be an ISO 8601 time with a zone.", name) from None


def _hour(record: MeteringRecord, now: float) -> dict[str, Any]:
    counted = [
        {"dimension": dimension, "period": period, "counted": text(units)}
        for (dimension, period), units in sorted(record.counted.items())
    ]
    included = {dimension: text(units) for dimension, units in sorted(record.included.items()) if units}
    state = "settled" if record.ended else record.state
    lines = [_line(line, now) for _, line in sorted(record.lines.items())]
    view = {"hour": iso(record.hour), "state": state, "usage": counted, "included": included, "lines": lines}
    return view if record.sent_timestamp is None else view | {"timestamp": iso(record.sent_timestamp)}


def _line(line: Line, now: float) -> dict[str, Any]:
    view: dict[str, Any] = {
        "dimension": line.dimension,
        "quantity": text(line.quantity),
        "included": text(sum(line.included.values(), start=line.quantity * 0)),
        "scale": line.scale,
        "verdict": line.verdict or "pending",
    }
    if line.allocations.sets or line.allocations.folded_sets:
        view |= {"tagSets": line.allocations.sets, "foldedTagSets": line.allocations.folded_sets}
    if line.unconfirmed:
        view["unconfirmed"] = True
    if line.is_on_hold(now):
        view["onHold"] = True
    optional = {
        "meteringRecordId": line.metering_record_id,
        "detail": line.detail,
        "resolution": line.resolution,
        "carriedTo": iso(line.carried_to) if line.carried_to is not None else None,
    }
    return view | {name: value for name, value in optional.items() if value is not None}
