"""What happens to a sealed record's lines: attempts are journalled, verdicts stored, ended records tidied.

Each verdict is one conditional write on its own line's attribute, so that two settlers cannot erase each other, and
``settleVersion`` counts them, so that tidying never removes a mark that a settler has just set.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ledger.attempt import OVER
from ledger.line_verdict import LineVerdict, ends, settling
from ledger.metering_record import ATTEMPTS, ATTEMPTS_OF_ALL, ENDED, RANK, VERDICT, MeteringRecord, from_item
from ledger.transaction import Operation, update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class Settlement:
    """Writes on the sealed lines of ``yawl-metering-records``."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def journal(self, record: MeteringRecord, dimensions: Sequence[str], attempt: str) -> MeteringRecord | None:
        """Note on each line, before the call, that this attempt may reach Marketplace. The record after it, which is
        what tells the other methods where the attempt stands: on the record if it takes all its lines, or on lines.

        None, and nothing noted: one of the lines has ended since it was read, and must not be sent any more (it may
        have ended ``not_sent``, which says that it never was).
        """
        verdicts = {f"#v{number}": VERDICT + name for number, name in enumerate(dimensions)}
        still_open = [f"(attribute_not_exists({name}) OR {name}.#rank < :ended)" for name in verdicts]
        return self._change_attempts(
            "ADD",
            record,
            _places(record, dimensions),
            attempt,
            " AND ".join(["#state = :sealed", *still_open]),
            {**verdicts, "#rank": "rank"},
            {":ended": min(RANK[verdict] for verdict in ENDED)},
        )

    def answered(self, record: MeteringRecord, dimensions: Sequence[str], attempt: str) -> bool:
        """The attempt was answered without a verdict on these lines (throttled, rejected as a whole, unprocessed)."""
        record = self._apart(record, dimensions, attempt)
        places = {"#all": ATTEMPTS_OF_ALL} if attempt in record.attempts else _on_lines(dimensions)
        return self._change_attempts("DELETE", record, places, attempt, "#state = :sealed", {}, {}) is not None

    def unanswered(self, record: MeteringRecord, dimensions: Sequence[str], attempt: str) -> None:
        """The attempt's call is over and nobody knows whether it was done: the lines may be sent again at once.

        Two writes, in this order, so that at no time the lines look as if nothing was unanswered.
        """
        record = self._apart(record, dimensions, attempt)
        if self._change_attempts("ADD", record, _places(record, dimensions), OVER, "#state = :sealed", {}, {}):
            self.answered(record, dimensions, attempt)

    def _apart(self, record: MeteringRecord, dimensions: Collection[str], attempt: str | None) -> MeteringRecord:
        """The record with the attempt on each of its lines, if it stands on the record and only these are meant.

        In one write, so that the other lines never look as if nothing was unanswered.
        """
        if attempt not in record.attempts or set(dimensions) == set(record.lines):
            return record
        lines = _on_lines(record.lines)
        after = self._update(
            record,
            {
                "UpdateExpression": f"ADD {', '.join(f'{name} :attempt' for name in lines)} DELETE #all :attempt",
                "ConditionExpression": "contains(#all, :mine)",
                "ExpressionAttributeNames": {**lines, "#all": ATTEMPTS_OF_ALL},
                "ExpressionAttributeValues": {":attempt": {attempt}, ":mine": attempt},
            },
        )
        # or it stood there when the record was read, and has been taken apart since
        return after or replace(record, attempts=record.attempts - {attempt})

    def _change_attempts(
        self,
        action: str,
        record: MeteringRecord,
        places: Mapping[str, str],
        attempt: str,
        condition: str,
        names: dict[str, str],
        values: dict[str, Any],
    ) -> MeteringRecord | None:
        return self._update(
            record,
            {
                "UpdateExpression": f"{action} " + ", ".join(f"{name} :attempt" for name in places),
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {**names, **places, "#state": "state"},
                "ExpressionAttributeValues": {**values, ":attempt": {attempt}, ":sealed": "sealed"},
            },
        )

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
        """Store one line's verdict if it rises (equals overwrite while pending). Returns the record after it, or None.

        attempt: the attempt that this answers, removed in the same write. details: fields of ``LineVerdict``.
        """
        verdicts = {dimension: LineVerdict(verdict=verdict, **details)}
        record = self._apart(record, verdicts, attempt)
        return self._update(record, settling(record, verdicts, now=now, attempt=attempt, end=False))

    def settle_together(
        self, record: MeteringRecord, verdicts: Mapping[str, LineVerdict], *, now: float, attempt: str
    ) -> MeteringRecord | None:
        """Store the verdicts of several lines in one write, which also ends the record if they are its last.

        ``record`` must be as just read or written. None, and nothing stored: one of them does not rise, or another
        settler was faster. Settle them one by one then.
        """
        record = self._apart(record, verdicts, attempt)
        end = record.pending is not None and ends(record, verdicts)
        return self._update(record, settling(record, verdicts, now=now, attempt=attempt, end=end))

    def operation(self, record: MeteringRecord, verdicts: Mapping[str, LineVerdict], *, now: float) -> Operation:
        """What ``settle_together`` writes, as part of a transaction; for lines with which no call was made."""
        end = record.pending is not None and ends(record, verdicts)
        return {
            "Update": {
                "TableName": self._table.name,
                "Key": {"customerIdentifier": record.customer_identifier, "timestamp": record.hour},
                **settling(record, verdicts, now=now, attempt=None, end=end),
            }
        }

    def tidy(self, record: MeteringRecord) -> bool:
        """Remove the pending mark of a record whose lines have all ended, and a failed mark that no line bears out.

        ``record`` must be as just read or written; if another settler was faster nothing happens, and it tidies.
        """
        removes = []
        if record.pending is not None and record.ended:
            removes.append("meteringPending")
        if record.marked_failed and not any(line.failed for line in record.lines.values()):
            removes.append("meteringFailed")
        if not removes:
            return False
        return (
            self._update(
                record,
                {
                    "UpdateExpression": "REMOVE " + ", ".join(removes),
                    "ConditionExpression": "#state = :sealed AND settleVersion = :seen",
                    "ExpressionAttributeNames": {"#state": "state"},
                    "ExpressionAttributeValues": {":sealed": "sealed", ":seen": record.settle_version},
                },
            )
            is not None
        )

    def copied(self, record: MeteringRecord) -> bool:
        """The failed lines of the record, as it was read, are in the dead letters."""
        request = {
            "UpdateExpression": "SET failedCopiedAt = :seen",
            "ConditionExpression": "#state = :sealed AND settleVersion = :seen",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":sealed": "sealed", ":seen": record.settle_version},
        }
        return self._update(record, request) is not None

    def _update(self, record: MeteringRecord, request: Mapping[str, Any]) -> MeteringRecord | None:
        key = {"customerIdentifier": record.customer_identifier, "timestamp": record.hour}
        item = update(self._table, Key=key, **request)
        return from_item(item) if item else None


def _places(record: MeteringRecord, dimensions: Sequence[str]) -> dict[str, str]:
    """Where an attempt with these lines is noted, as an expression's names: once, if these are all that there are."""
    return {"#all": ATTEMPTS_OF_ALL} if set(dimensions) == set(record.lines) else _on_lines(dimensions)


def _on_lines(dimensions: Iterable[str]) -> dict[str, str]:
    return {f"#a{number}": ATTEMPTS + name for number, name in enumerate(dimensions)}
