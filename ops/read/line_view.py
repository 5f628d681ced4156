"""A line and what can be done with it, as several commands show them."""

from decimal import Decimal
from typing import Any

from ledger.metering_record import Line, MeteringRecord
from ops.line_id import short_hour
from ops.read.errors_page import meaning
from ops.read.waiting import line_id
from runtime.clock import iso

#: What lines are shown with.
COLUMNS = ("dimension", "#counted", "#included", "#billed units", "verdict", "since", "MeteringRecordId", "note")


def line_data(record: MeteringRecord, line: Line) -> dict[str, Any]:
    """A line for programs."""
    return {
        "line": line_id(record, line),
        "dimension": line.dimension,
        "counted": line.counted,
        "included": sum(line.included.values(), Decimal(0)),
        "quantity": line.quantity,
        "scale": line.scale,
        "verdict": line.verdict or "pending",
        "at": iso(int(line.at)) if line.at is not None else None,
        "deadline": iso(line.deadline),
        "meteringRecordId": line.metering_record_id,
        "requestId": line.request_id,
        "run": line.run,
        "detail": line.detail,
        "resolution": line.resolution,
        "carriedTo": short_hour(line.carried_to) if line.carried_to is not None else None,
        "failed": line.failed,
        "unconfirmed": line.unconfirmed,
        "unansweredAttempts": sorted(line.attempts),
    }


def line_row(data: dict[str, Any]) -> tuple[Any, ...]:
    """The same as a row of COLUMNS."""
    notes = [data["detail"], data["resolution"]]
    notes += [f"to {data['carriedTo']}"] if data["carriedTo"] else []
    notes += ["may have been billed"] if data["unconfirmed"] else []
    note = ", ".join(filter(None, notes))
    shown = ("dimension", "counted", "included", "quantity", "verdict", "at", "meteringRecordId")
    return (*(data[name] for name in shown), note)


def verdict_means(verdict: str) -> list[str]:
    """What docs/errors.md says about a verdict."""
    row = meaning(verdict, "Lines of an hour")
    return row.sentences if row else []


def can_be_done(record: MeteringRecord, line: Line, now: float) -> list[str]:
    """The commands for a failed line, the most likely one first."""
    named = line_id(record, line)
    if not line.failed:
        return []
    if line.unconfirmed:
        return [
            f"ops explain {named}: AWS Marketplace may have billed it; reconciliation with CloudTrail decides that",
            f'ops write-off {named} --unconfirmed --why "...": if nobody can find out',
        ]
    retry = (
        [f'ops retry {named} --why "...": the same line again, until {iso(line.deadline)}']
        if now < line.deadline
        else []
    )
    return [
        *retry,
        f'ops carry {named} --why "...": bill its units in the open hour',
        f'ops write-off {named} --why "...": leave it unbilled, by name',
    ]
