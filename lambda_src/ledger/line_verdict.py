"""The write that stores verdicts on lines of one sealed record.

Each verdict is an attribute of its own and only rises, so that two settlers cannot erase each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger.hold import RELEASED
from ledger.item_update import ItemUpdate
from ledger.metering_record import ATTEMPTS, ATTEMPTS_OF_ALL, ENDED, FAILED, RANK, VERDICT, MeteringRecord


@dataclass(frozen=True, kw_only=True)
class LineVerdict:
    """How a line ended, or why it is still pending.

    status_changed_at: the subscriber's, as read before the call. request_id: AWS's id of the call that was answered.
    run: the name of the workflow's execution that made it. only_if_sole_attempt: store it only if no other attempt is
    unanswered. only_if_never_attempted: store it only if no attempt was ever made, answered or not.
    only_if_not_released: store it only if no person has let the line go.
    """

    verdict: str
    status_changed_at: int | None = None
    metering_record_id: str | None = None
    request_id: str | None = None
    run: str | None = None
    detail: str | None = None
    only_if_sole_attempt: bool = False
    only_if_never_attempted: bool = False
    only_if_not_released: bool = False

    def stored(self, now: float) -> dict[str, Any]:
        """The value of the record's verdict attribute, at ``now`` (epoch seconds)."""
        optional = {
            "statusChangedAt": self.status_changed_at,
            "meteringRecordId": self.metering_record_id,
            "requestId": self.request_id,
            "run": self.run,
            "detail": self.detail,
        }
        stored: dict[str, Any] = {"verdict": self.verdict, "rank": RANK[self.verdict], "at": Decimal(str(now))}
        return stored | {name: value for name, value in optional.items() if value is not None}


def settling(
    change: ItemUpdate,
    record: MeteringRecord,
    verdicts: Mapping[str, LineVerdict],
    *,
    now: float,
    attempt: str | None,
    end: bool,
) -> ItemUpdate:
    """``change`` with all of these verdicts, by dimension: it stores all of them or none.

    attempt: the attempt being answered; this write removes it. If it is stored on the record, ``verdicts`` must cover
    every line. end: take the record out of the pending index, if no other settler wrote since ``record`` was read; for
    a record whose other lines have all ended.
    """
    stored = {VERDICT + dimension: line.stored(now) for dimension, line in sorted(verdicts.items())}
    failed = any(line.verdict in FAILED and record.lines[name].quantity for name, line in verdicts.items())
    only_if_sole_attempt = any(line.only_if_sole_attempt for line in verdicts.values())
    change.add({"settleVersion": 1}).set(stored)
    for dimension, line in sorted(verdicts.items()):
        mine, attempts = VERDICT + dimension, ATTEMPTS + dimension
        # A verdict only rises; while the line is pending, an equal one takes its place too.
        lower = change.compared(mine, "rank", "<" if line.verdict in ENDED else "<=", RANK[line.verdict])
        change.when(change.absent_or(mine, lower))
        if attempt is not None and attempt not in record.attempts:
            change.delete({attempts: {attempt}})
        if line.only_if_sole_attempt:
            change.when(_no_other(change, attempts, attempt))
        if line.only_if_never_attempted:
            change.when(change.absent(attempts), change.absent(ATTEMPTS_OF_ALL), change.absent(mine))
        if line.only_if_not_released:
            change.when(change.absent(RELEASED + dimension))
    if only_if_sole_attempt:
        # Checked once, not per line: DynamoDB allows 300 operators and 4 KB per expression, and a record may have 25
        # lines here.
        change.when(_no_other(change, ATTEMPTS_OF_ALL, attempt))
    if attempt in record.attempts:
        change.delete({ATTEMPTS_OF_ALL: {attempt}})
    if failed:
        change.set({"meteringFailed": "true"})
    if end:
        change.remove("meteringPending").when(change.equals("settleVersion", record.settle_version))
    return change


def _no_other(change: ItemUpdate, attempts: str, attempt: str | None) -> str:
    """The condition that no other attempt is unanswered."""
    return change.absent_or(attempts, change.equals(attempts, {attempt}))


def ends(record: MeteringRecord, verdicts: Mapping[str, LineVerdict]) -> bool:
    """Whether these verdicts end every line of the record that has not ended."""
    others = (line for name, line in record.lines.items() if name not in verdicts)
    return all(new.verdict in ENDED for new in verdicts.values()) and all(line.ended for line in others)
