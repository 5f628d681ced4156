"""How the lines of one metering run fare: rejections by error, and whether anything was accepted.

One item per run in ``yawl-metering-state``, written only when something is rejected and once for the first success
that a copy of the submitter sees. From it a run knows that everything fails alike, whichever copies saw it.
"""

from typing import TYPE_CHECKING

from ledger.tables import SCHEMA
from ledger.transaction import update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

ITEM = "tally"
KEPT_SECONDS = 7 * 86400
REJECTED = "rejected#"


class RunTally:
    """The tallies in ``yawl-metering-state``. ``run``: what names the run, for example its start."""

    def __init__(self, table: "Table") -> None:
        self._table = table
        self._accepted: set[str] = set()

    def accepted(self, run: str, now: float) -> None:
        """Something was accepted in this run; one write per run and copy."""
        if run not in self._accepted:
            self._change(run, "ADD accepted :n", {}, now)
            self._accepted.add(run)

    def rejected(self, run: str, code: str, now: float) -> int:
        """A line was rejected; how many were so far for this reason, 0 if anything was accepted in this run."""
        item = self._change(run, "ADD #code :n", {"#code": REJECTED + code}, now)
        return 0 if "accepted" in item else int(item[REJECTED + code])

    def _change(self, run: str, change: str, names: dict[str, str], now: float) -> dict[str, int]:
        item = update(
            self._table,
            Key={"customerIdentifier": f"run#{run}", "item": ITEM},
            UpdateExpression=f"{change} SET expiresAt = :expires, #schema = :schema",
            ExpressionAttributeNames={**names, "#schema": "schema"},
            ExpressionAttributeValues={":n": 1, ":expires": int(now) + KEPT_SECONDS, ":schema": SCHEMA},
        )
        return dict(item or {})
