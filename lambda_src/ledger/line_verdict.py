"""The write that stores verdicts on lines of one sealed record.

Each verdict is an attribute of its own and only rises, so that two settlers cannot erase each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger.metering_record import ATTEMPTS, ATTEMPTS_OF_ALL, ENDED, FAILED, RANK, VERDICT, MeteringRecord


@dataclass(frozen=True, kw_only=True)
class LineVerdict:
    """What became of a line.

    status_changed_at: the subscriber's, as read before the call. only_if_sole_attempt: no other attempt than the one
    that is answered may be unanswered. only_if_never_attempted: no attempt may have been made, answered or not.
    """

    verdict: str
    status_changed_at: int | None = None
    metering_record_id: str | None = None
    detail: str | None = None
    only_if_sole_attempt: bool = False
    only_if_never_attempted: bool = False

    def stored(self, now: float) -> dict[str, Any]:
        """The attribute's value."""
        optional = {
            "statusChangedAt": self.status_changed_at,
            "meteringRecordId": self.metering_record_id,
            "detail": self.detail,
        }
        stored: dict[str, Any] = {"verdict": self.verdict, "rank": RANK[self.verdict], "at": Decimal(str(now))}
        return stored | {name: value for name, value in optional.items() if value is not None}


def settling(
    record: MeteringRecord, verdicts: Mapping[str, LineVerdict], *, now: float, attempt: str | None, end: bool
) -> dict[str, Any]:
    """The update's expressions: all of these verdicts, by dimension, or none.

    attempt: the one that they answer, removed in the same write; if it stands on the record, these are all its lines.
    end: take the record out of the pending index, on condition that nobody has settled since ``record`` was read; for a
    record whose other lines have all ended.
    """
    names: dict[str, str] = {"#state": "state", "#rank": "rank"}
    values: dict[str, Any] = {":one": 1, ":sealed": "sealed"}
    sets, deletes, conditions = [], [], ["#state = :sealed"]
    for number, (dimension, line) in enumerate(sorted(verdicts.items())):
        mine, attempts, rank = f"#v{number}", f"#a{number}", f":r{number}"
        names[mine] = VERDICT + dimension
        values[f":v{number}"], values[rank] = line.stored(now), RANK[line.verdict]
        sets.append(f"{mine} = :v{number}")
        rises = f"{mine}.#rank < {rank}" if line.verdict in ENDED else f"{mine}.#rank <= {rank}"
        conditions.append(f"(attribute_not_exists({mine}) OR {rises})")
        if attempt is not None and attempt not in record.attempts:
            deletes.append(f"{attempts} :attempt")
            names[attempts] = ATTEMPTS + dimension
        if line.only_if_sole_attempt:
            conditions.append(_only_mine(attempts))
        if line.only_if_never_attempted:
            conditions += [f"attribute_not_exists({name})" for name in (attempts, "#all", mine)]
        if line.only_if_sole_attempt or line.only_if_never_attempted:
            names |= {attempts: ATTEMPTS + dimension, "#all": ATTEMPTS_OF_ALL}
    if any(line.only_if_sole_attempt for line in verdicts.values()):
        # once, and by comparing sets: an expression has 300 operators and 4 KB at most, and a record 25 lines here
        conditions.append(_only_mine("#all"))
    if attempt is not None:
        values[":attempt"] = {attempt}
        if attempt in record.attempts:
            deletes, names["#all"] = ["#all :attempt"], ATTEMPTS_OF_ALL
    if any(line.verdict in FAILED and record.lines[name].quantity for name, line in verdicts.items()):
        sets.append("meteringFailed = :true")
        values[":true"] = "true"
    change = f"SET {', '.join(sets)} ADD settleVersion :one"
    if deletes:
        change += f" DELETE {', '.join(deletes)}"
    if end:
        change += " REMOVE meteringPending"
        conditions.append("settleVersion = :seen")
        values[":seen"] = record.settle_version
    return {
        "UpdateExpression": change,
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _only_mine(attempts: str) -> str:
    return f"(attribute_not_exists({attempts}) OR {attempts} = :attempt)"


def ends(record: MeteringRecord, verdicts: Mapping[str, LineVerdict]) -> bool:
    """Whether these verdicts end every line of the record that has not ended."""
    new = {name: line.verdict in ENDED for name, line in verdicts.items()}
    return all(new.get(name, line.ended) for name, line in record.lines.items())
