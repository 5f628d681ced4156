"""What happens to a sealed record's lines: attempts are journalled, verdicts stored, ended records tidied.

Each verdict is one conditional write on its own line's attribute, so that two settlers cannot erase each other, and
``settleVersion`` counts them, so that tidying never removes a mark that a settler has just set.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ledger.metering_record import ATTEMPTS, ENDED, FAILED, RANK, VERDICT, MeteringRecord, from_item
from ledger.transaction import update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class Settlement:
    """Writes on the sealed lines of ``yawl-metering-records``."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def journal(self, record: MeteringRecord, dimensions: Sequence[str], attempt: str) -> bool:
        """Note on each line, before the call, that this attempt may reach Marketplace.

        False, and nothing noted: one of the lines has ended since it was read, and must not be sent any more (it may
        have ended ``not_sent``, which says that it never was).
        """
        verdicts = {f"#v{number}": VERDICT + name for number, name in enumerate(dimensions)}
        still_open = [f"(attribute_not_exists({name}) OR {name}.#rank < :ended)" for name in verdicts]
        return self._change_attempts(
            "ADD",
            record,
            dimensions,
            attempt,
            " AND ".join(["#state = :sealed", *still_open]),
            {**verdicts, "#rank": "rank"},
            {":ended": min(RANK[verdict] for verdict in ENDED)},
        )

    def answered(self, record: MeteringRecord, dimensions: Sequence[str], attempt: str) -> bool:
        """The attempt was answered without a verdict on these lines (throttled, rejected as a whole, unprocessed)."""
        return self._change_attempts("DELETE", record, dimensions, attempt, "#state = :sealed", {}, {})

    def _change_attempts(
        self,
        action: str,
        record: MeteringRecord,
        dimensions: Sequence[str],
        attempt: str,
        condition: str,
        names: dict[str, str],
        values: dict[str, Any],
    ) -> bool:
        attempts = {f"#a{number}": ATTEMPTS + name for number, name in enumerate(dimensions)}
        answer = self._update(
            record,
            f"{action} " + ", ".join(f"{name} :attempt" for name in attempts),
            condition,
            {**names, **attempts, "#state": "state"},
            {**values, ":attempt": {attempt}, ":sealed": "sealed"},
        )
        return answer is not None

    def settle(
        self,
        record: MeteringRecord,
        dimension: str,
        verdict: str,
        *,
        now: float,
        attempt: str | None = None,
        status_changed_at: int | None = None,
        metering_record_id: str | None = None,
        detail: str | None = None,
        only_if_sole_attempt: bool = False,
        only_if_never_attempted: bool = False,
    ) -> MeteringRecord | None:
        """Store a verdict if it rises (equals overwrite while pending). Returns the record after it, or None.

        attempt: the attempt that this answers, removed in the same write. only_if_sole_attempt: no other attempt may be
        unanswered. only_if_never_attempted: no attempt may be unanswered at all.
        """
        stored: dict[str, Any] = {"verdict": verdict, "rank": RANK[verdict], "at": Decimal(str(now))}
        optional = {"statusChangedAt": status_changed_at, "meteringRecordId": metering_record_id, "detail": detail}
        stored |= {name: value for name, value in optional.items() if value is not None}
        names = {"#v": VERDICT + dimension, "#rank": "rank", "#state": "state"}
        values: dict[str, Any] = {":v": stored, ":rank": RANK[verdict], ":one": 1, ":sealed": "sealed"}
        change = "SET #v = :v"
        condition = "#state = :sealed AND (attribute_not_exists(#v) OR #v.#rank < :rank"
        condition += ")" if verdict in ENDED else " OR #v.#rank = :rank)"
        if verdict in FAILED:
            change += ", meteringFailed = :true"
            values[":true"] = "true"
        change += " ADD settleVersion :one"
        if attempt is not None:
            change += " DELETE #a :attempt"
            values[":attempt"] = {attempt}
        if only_if_sole_attempt:
            condition += " AND (attribute_not_exists(#a) OR (size(#a) = :one AND contains(#a, :mine)))"
            values[":mine"] = attempt
        if only_if_never_attempted:
            condition += " AND attribute_not_exists(#a)"
        if attempt is not None or only_if_never_attempted:
            names["#a"] = ATTEMPTS + dimension
        return self._update(record, change, condition, names, values)

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
        answer = self._update(
            record,
            "REMOVE " + ", ".join(removes),
            "#state = :sealed AND settleVersion = :seen",
            {"#state": "state"},
            {":sealed": "sealed", ":seen": record.settle_version},
        )
        return answer is not None

    def _update(
        self, record: MeteringRecord, change: str, condition: str, names: dict[str, str], values: dict[str, Any]
    ) -> MeteringRecord | None:
        item = update(
            self._table,
            Key={"customerIdentifier": record.customer_identifier, "timestamp": record.hour},
            UpdateExpression=change,
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
        return from_item(item) if item else None
