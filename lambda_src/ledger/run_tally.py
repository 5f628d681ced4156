"""Counts of one metering run, by product: rejections by error, whether Marketplace accepted anything, and stops.

Each run has one item in ``yawl-metering-state``. The copies of the submitter write it when a line is rejected, and each
once for its first success, so that a run notices across all copies that every line of a product fails for one reason.
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
ACCEPTED, REJECTED, STOPPED = "accepted#", "rejected#", "stopped#"


class RunTally:
    """The tallies in ``yawl-metering-state``. ``run``: what names the run, for example its start."""

    def __init__(self, table: "Table") -> None:
        self._table = table
        self._accepted: set[tuple[str, str]] = set()

    def accepted(self, run: str, product_code: str, now: float) -> None:
        """Note that Marketplace accepted a line of a product in this run; one write per run, product and copy."""
        if (run, product_code) not in self._accepted:
            self._write(self._change(run, now).add({ACCEPTED + product_code: 1}))
            self._accepted.add((run, product_code))

    def rejected(self, run: str, product_code: str, code: str, now: float) -> int:
        """Count a rejected line. Returns how many of the product were rejected for this reason so far, 0 if any of it
        was accepted."""
        counter = f"{REJECTED}{product_code}#{code}"
        item = self._write(self._change(run, now).add({counter: 1}))
        return 0 if ACCEPTED + product_code in item else int(item[counter])

    def stopped(self, run: str, product_code: str, reason: str, now: float) -> None:
        """Note that nothing could be sent for a product in this run, and why."""
        self._write(self._change(run, now).set({STOPPED + product_code: reason}))

    def stops(self, run: str) -> dict[str, str]:
        """Why nothing could be sent, by product code, as it is now (strongly consistent)."""
        item = self._table.get_item(Key=_key(run), ConsistentRead=True).get("Item", {})
        return {name.removeprefix(STOPPED): str(why) for name, why in item.items() if name.startswith(STOPPED)}

    def _change(self, run: str, now: float) -> ItemUpdate:
        change = ItemUpdate(self._table.name, _key(run))
        return change.set({"expiresAt": int(now) + KEPT_SECONDS, "schema": SCHEMA})

    def _write(self, change: ItemUpdate) -> Mapping[str, Any]:
        return update(self._table, **change.request()) or {}


def _key(run: str) -> dict[str, str]:
    return {"customerIdentifier": f"run#{run}", "item": ITEM}
