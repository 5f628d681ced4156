"""Counts of one metering run: rejections by error, and whether Marketplace accepted anything.

Each run has one item in ``yawl-metering-state``. The copies of the submitter write it when a line is rejected, and each
once for its first success, so that a run notices across all copies that every line fails for one reason.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ledger.item_update import ItemUpdate
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
        """Note that Marketplace accepted a line in this run; one write per run and copy."""
        if run not in self._accepted:
            self._count(run, "accepted", now)
            self._accepted.add(run)

    def rejected(self, run: str, code: str, now: float) -> int:
        """Count a rejected line. Returns how many were rejected for this reason so far, 0 if any line was accepted."""
        item = self._count(run, REJECTED + code, now)
        return 0 if "accepted" in item else int(item[REJECTED + code])

    def _count(self, run: str, counter: str, now: float) -> Mapping[str, Any]:
        change = ItemUpdate(self._table.name, {"customerIdentifier": f"run#{run}", "item": ITEM})
        change.add({counter: 1}).set({"expiresAt": int(now) + KEPT_SECONDS, "schema": SCHEMA})
        return update(self._table, **change.request()) or {}
