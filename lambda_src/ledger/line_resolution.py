"""How a failed line is resolved: by what Marketplace has on file, or by a person who decides what becomes of its units.

Each function here builds one write of the line's record, for a transaction with whatever goes with it (the operator's
note, the balance, an open hour). All of them have the condition that no verdict or resolution of the record was written
since it was read (``settleVersion``), so that of two people, or of a person and an audit, one wins and the other reads
anew. A repeat finds a line that is resolved, and is refused by name.

Rule: docs/protocol.md, "Repairing". Marketplace takes the first record of a buyer, dimension and hour and no second one
(BatchMeterUsage, ``DuplicateRecord``), so units may be billed in another hour only once it is certain that they are not
on file in their own.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ledger.item_update import ItemUpdate
from ledger.metering_record import ATTEMPTS, ATTEMPTS_OF_ALL, RANK, UNDER_WAY, VERDICT, Line, MeteringRecord
from ledger.transaction import Operation

#: The rank of a line whose units were carried into another hour: nothing is ever written over it, so that no later
#: answer hides that they were.
CARRIED_RANK = 4


class NotResolvable(Exception):
    """The line cannot be resolved so. ``code``: a name for programs; the message is for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


# --- what Marketplace has on file -------------------------------------------------------------------------------------


def confirm_on_file(
    table_name: str, record: MeteringRecord, dimension: str, *, now: float, metering_record_id: str | None = None
) -> Operation:
    """The operation that ends a failed line ``on_file``: Marketplace has it, with our quantity.

    metering_record_id: the one that Marketplace's log names. Raises NotResolvable, with the code ``carried`` where the
    units are in another hour by now: they are billed twice then, and a person has to adjust the bill.
    """
    line = _failed(record, dimension, written_off=True)
    known = {"meteringRecordId": metering_record_id} if metering_record_id else {}
    verdict = _stored(line, verdict="on_file", rank=RANK["on_file"], at=now, **known)
    return _resolved(table_name, record, dimension, verdict).operation()


def confirm_lost(
    table_name: str, record: MeteringRecord, dimension: str, *, now: float, complete_until: float
) -> Operation:
    """The operation that notes that a line is not on file with our quantity. The line stays failed, for a person.

    complete_until: the moment (epoch seconds) up to which Marketplace's log was read without a gap. Raises
    NotResolvable; code ``too_early`` where a call with the line may have come after that moment.
    """
    line = _failed(record, dimension)
    if line.resolution == "lost":
        raise NotResolvable("lost", "the line is confirmed as lost already")
    # Attempts are stored before a line ends, and a call is over soon after its attempt.
    if complete_until < (line.at or now) + UNDER_WAY:
        raise NotResolvable("too_early", "Marketplace's log does not reach the last call with this line yet")
    return _resolved(table_name, record, dimension, _stored(line, resolution="lost", resolved_at=now)).operation()


# --- what a person decides --------------------------------------------------------------------------------------------


def carried(table_name: str, record: MeteringRecord, dimension: str, *, now: float, to: int) -> Operation:
    """The operation that closes a line whose units go to the hour ``to`` (epoch seconds), in the transaction that adds
    them there. Raises NotResolvable; code ``unconfirmed`` while Marketplace may have billed it."""
    line = _certain(record, dimension)
    verdict = _stored(line, resolution="carried", resolved_at=now, carried_to=to, rank=CARRIED_RANK)
    return _resolved(table_name, record, dimension, verdict).operation()


def write_off(
    table_name: str, record: MeteringRecord, dimension: str, *, now: float, unconfirmed: bool = False
) -> Operation:
    """The operation that closes a line of which nothing more will be billed. unconfirmed: also one that Marketplace may
    have billed. Raises NotResolvable."""
    line = _failed(record, dimension) if unconfirmed else _certain(record, dimension)
    verdict = _stored(line, resolution="written_off", resolved_at=now)
    return _resolved(table_name, record, dimension, verdict).operation()


def retry(table_name: str, record: MeteringRecord, dimension: str, *, now: float) -> Operation:
    """The operation that makes a line pending again, with the Timestamp and quantity that it was sealed with.

    Its unanswered attempts stay on it, so that a ``DuplicateRecord`` is still ``presumed_on_file``. Raises
    NotResolvable; code ``overdue`` from its deadline on, when Marketplace may refuse the whole request with it.
    """
    line = _certain(record, dimension)
    if now >= line.deadline:
        raise NotResolvable("overdue", "its deadline is over: carry it, or write it off")
    if not record.identity:
        raise NotResolvable("no_identity", "it was sealed without the buyer's identity: carry it, or write it off")
    pending = {"verdict": "retried", "rank": RANK["retried"], "at": _seconds(now), "detail": f"was {line.verdict}"}
    # Every run looks under this value, however many shards the stage has.
    change = _resolved(table_name, record, dimension, pending)
    return change.set({"meteringPending": record.pending or "true"}).operation()


# --- the rules' parts -------------------------------------------------------------------------------------------------


def _failed(record: MeteringRecord, dimension: str, *, written_off: bool = False) -> Line:
    """The line, which must be failed. written_off: or written off."""
    line = record.lines.get(dimension)
    if line is None:
        raise NotResolvable("no_line", "the hour has no such line")
    if line.failed or (written_off and line.resolution == "written_off"):
        return line
    if line.resolution is not None:
        raise NotResolvable(line.resolution, f"the line is resolved already: {line.resolution}")
    raise NotResolvable("not_failed", f"the line has not failed: {line.verdict or 'pending'}")


def _certain(record: MeteringRecord, dimension: str) -> Line:
    """The line, which must be failed and certainly not billed."""
    line = _failed(record, dimension)
    if line.unconfirmed:
        raise NotResolvable("unconfirmed", "Marketplace may have billed it: reconciliation has to confirm it first")
    return line


def _resolved(table_name: str, record: MeteringRecord, dimension: str, verdict: Mapping[str, Any]) -> ItemUpdate:
    """The change that stores a line's verdict, if no verdict was stored since the record was read."""
    change = ItemUpdate(table_name, {"customerIdentifier": record.customer_identifier, "timestamp": record.hour})
    change.when(change.equals("state", "sealed"), change.equals("settleVersion", record.settle_version))
    if not record.lines[dimension].attempts:
        change.when(change.absent(ATTEMPTS + dimension), change.absent(ATTEMPTS_OF_ALL))
    version = record.settle_version + 1
    change.set({VERDICT + dimension: verdict, "settleVersion": version})
    if record.copied_at == record.settle_version:
        # The copies of the other lines were made: none is made and counted again.
        change.set({"failedCopiedAt": version})
    stays_failed = verdict.get("resolution") == "lost"
    others = (line for name, line in record.lines.items() if name != dimension)
    if record.marked_failed and not stays_failed and not any(line.failed for line in others):
        change.remove("meteringFailed")
    return change


def _stored(line: Line, **new: Any) -> dict[str, Any]:
    """The verdict attribute of a line with what is new of it."""
    values = {
        "verdict": line.verdict,
        "rank": RANK[str(line.verdict)],
        "at": line.at,
        "statusChangedAt": line.status_changed_at,
        "meteringRecordId": line.metering_record_id,
        "requestId": line.request_id,
        "run": line.run,
        "detail": line.detail,
    }
    names = {"resolved_at": "resolvedAt", "carried_to": "carriedTo"}
    values |= {names.get(name, name): value for name, value in new.items()}
    return {
        name: _seconds(value) if isinstance(value, float) else value
        for name, value in values.items()
        if value is not None
    }


def _seconds(seconds: float) -> Decimal:
    return Decimal(str(seconds))
