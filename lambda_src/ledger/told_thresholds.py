"""Which thresholds of an allowance the vendor's app was told of: an item ``told#<dimension>#<period>`` of
``yawl-metering-state`` for each customer, dimension and period in which one was reached. Nothing in it decides what is
billed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ledger.item_update import ItemUpdate
from ledger.tables import SCHEMA
from ledger.transaction import update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

TOLD = "told#"
#: A period is at most a contract's term, and the balance keeps what was used in it. Two years cover the terms that AWS
#: Marketplace offers with renewals of a month or a year; after three, a repeat is the smaller evil.
KEPT_SECONDS = 3 * 366 * 86400


class ToldThresholds:
    """The items in ``yawl-metering-state``."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def of(self, customer_identifier: str, dimension: str, period: str) -> frozenset[int]:
        """The percents of which the app was told (strongly consistent)."""
        key = self._key(customer_identifier, dimension, period)
        item = self._table.get_item(Key=key, ConsistentRead=True).get("Item", {})
        return frozenset(int(str(percent)) for percent in item.get("percents", ()))  # type: ignore[union-attr]

    def add(self, customer_identifier: str, dimension: str, period: str, percents: Iterable[int], now: float) -> None:
        """Note that it was told of these; a repeat changes nothing."""
        change = ItemUpdate(self._table.name, self._key(customer_identifier, dimension, period))
        change.add({"percents": set(percents)}).set({"expiresAt": int(now) + KEPT_SECONDS, "schema": SCHEMA})
        update(self._table, **change.request())

    @staticmethod
    def _key(customer_identifier: str, dimension: str, period: str) -> dict[str, str]:
        return {"customerIdentifier": customer_identifier, "item": f"{TOLD}{dimension}#{period}"}
