"""Writes on the lines of a sealed record: store attempts and verdicts, and take ended records out of the indexes.

Each verdict is one conditional write on its own line's attribute, so that two settlers cannot erase each other, and
``settleVersion`` counts them, so that tidying never removes a mark that a settler has just set.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ledger.conservation import check_lines
from ledger.item_update import ItemUpdate
from ledger.line_verdict import LineVerdict, ends, settling
from ledger.metering_record import ATTEMPTS, ATTEMPTS_OF_ALL, ENDED, OVER, RANK, VERDICT, MeteringRecord, from_item
from ledger.transaction import Operation, update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


_LOWEST_END = min(RANK[verdict] for verdict in ENDED)


class Settlement:
    """Writes on the sealed lines of ``yawl-metering-records``."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def store_attempt(self, record: MeteringRecord, dimensions: Sequence[str], attempt: str) -> MeteringRecord | None:
        """Store the attempt before the call. Pass the returned record to ``withdraw_attempt``, ``mark_over`` and
        ``settle``: it shows whether the attempt stands on the record (if it takes all of its lines) or on its lines.

        Returns None, and stores nothing, if one of the lines has ended since it was read: such a line must not be sent
        any more (it may have ended ``not_sent``, which says that it never was).
        """
        noted = _noted(record, dimensions, attempt)
        change = self._change(record).add(noted)
        for dimension in dimensions:
            verdict = VERDICT + dimension
            still_open = change.compared(verdict, "rank", "<", _LOWEST_END)
            change.when(change.absent_or(verdict, still_open))
        return self._update(record, change)

    def withdraw_attempt(self, record: MeteringRecord, dimensions: Sequence[str], attempt: str) -> bool:
        """Remove an attempt that was answered without a verdict on these lines (throttled, rejected as a whole,
        unprocessed)."""
        record = self._on_each_line(record, dimensions, attempt)
        noted = {ATTEMPTS_OF_ALL: {attempt}} if attempt in record.attempts else _on_lines(dimensions, attempt)
        return self._update(record, self._change(record).delete(noted)) is not None

    def mark_over(self, record: MeteringRecord, dimensions: Sequence[str], attempt: str) -> None:
        """Note that the attempt's call ended without an answer: the lines may be sent again at once.

        ``OVER`` is written before the attempt is removed, so that the lines never look as if nothing was unanswered.
        """
        record = self._on_each_line(record, dimensions, attempt)
        if self._update(record, self._change(record).add(_noted(record, dimensions, OVER))):
            self.withdraw_attempt(record, dimensions, attempt)

    def _on_each_line(self, record: MeteringRecord, dimensions: Collection[str], attempt: str | None) -> MeteringRecord:
        """Move the attempt from the record to its lines when only some of the lines are meant; the record after it.

        It takes one write, so that the other lines never look as if nothing was unanswered.
        """
        if attempt is None or attempt not in record.attempts or set(dimensions) == set(record.lines):
            return record
        change = self._change(record).add(_on_lines(record.lines, attempt))
        change.delete({ATTEMPTS_OF_ALL: {attempt}})
        change.when(change.contains(ATTEMPTS_OF_ALL, attempt))
        # Without an answer the attempt was on the record when it was read, and another writer has moved it since.
        return self._update(record, change) or replace(record, attempts=record.attempts - {attempt})

    def settle(
        self,
        record: MeteringRecord,
        dimension: str,
        verdict: str,
        *,
        now: float,
        attempt: str | None = None,
        **details: Any,
    ) -> MeteringRecord | None:
        """Store one line's verdict if it rises (an equal one overwrites while the line is pending). Returns the record
        after it, or None.

        attempt: the attempt that this answers; the same write removes it. details: fields of ``LineVerdict``.
        """
        verdicts = {dimension: LineVerdict(verdict=verdict, **details)}
        record = self._on_each_line(record, verdicts, attempt)
        return self._update(
            record, settling(self._change(record), record, verdicts, now=now, attempt=attempt, end=False)
        )

    def settle_together(
        self, record: MeteringRecord, verdicts: Mapping[str, LineVerdict], *, now: float, attempt: str
    ) -> MeteringRecord | None:
        """Store the verdicts of several lines in one write, which also ends the record if these were its last.

        ``record`` must be as just read or written. Returns None, and stores nothing, if one of the verdicts does not
        rise or another settler was faster: settle the lines one by one then.
        """
        record = self._on_each_line(record, verdicts, attempt)
        end = record.pending is not None and ends(record, verdicts)
        return self._update(record, settling(self._change(record), record, verdicts, now=now, attempt=attempt, end=end))

    def operation(self, record: MeteringRecord, verdicts: Mapping[str, LineVerdict], *, now: float) -> Operation:
        """The write of ``settle_together`` as part of a transaction, for lines with which no call was made."""
        end = record.pending is not None and ends(record, verdicts)
        return settling(self._change(record), record, verdicts, now=now, attempt=None, end=end).operation()

    def tidy(self, record: MeteringRecord) -> bool:
        """Take a record out of the pending index if all its lines have ended, and out of the failed one if none failed.

        ``record`` must be as just read or written. If another settler was faster, that one tidies. Returns whether
        something was removed.
        """
        removes = []
        if record.pending is not None and record.ended:
            removes.append("meteringPending")
        if record.marked_failed and not any(line.failed for line in record.lines.values()):
            removes.append("meteringFailed")
        if not removes:
            return False
        change = self._change(record).remove(*removes)
        return self._update(record, change.when(change.equals("settleVersion", record.settle_version))) is not None

    def copied(self, record: MeteringRecord) -> bool:
        """Note that the failed lines of the record, as it was read, are in the dead letters."""
        change = self._change(record).set({"failedCopiedAt": record.settle_version})
        return self._update(record, change.when(change.equals("settleVersion", record.settle_version))) is not None

    def _change(self, record: MeteringRecord) -> ItemUpdate:
        """A change of the record, which must be sealed."""
        key = {"customerIdentifier": record.customer_identifier, "timestamp": record.hour}
        change = ItemUpdate(self._table.name, key)
        return change.when(change.equals("state", "sealed"))

    def _update(self, record: MeteringRecord, change: ItemUpdate) -> MeteringRecord | None:
        """The record after the change; None where a condition did not hold. Raises NotConserved."""
        item = update(self._table, **change.request())
        if item is None:
            return None
        after = from_item(item)
        check_lines(record, after)
        return after


def _noted(record: MeteringRecord, dimensions: Collection[str], attempt: str) -> dict[str, set[str]]:
    """The attributes that note an attempt with these lines: the record's own, if these are all of its lines."""
    if set(dimensions) == set(record.lines):
        return {ATTEMPTS_OF_ALL: {attempt}}
    return _on_lines(dimensions, attempt)


def _on_lines(dimensions: Iterable[str], attempt: str) -> dict[str, set[str]]:
    return {ATTEMPTS + dimension: {attempt} for dimension in dimensions}
