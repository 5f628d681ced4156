"""The balance of a customer: what its hours have left over, and what its contract has covered so far.

Each customer has one item in ``yawl-metering-state``. ``remainder#<dimension>``: recorded units after allowance that do
not make a billed unit yet. ``used#<dimension>#<period>``: recorded units of that period that the allowance has covered.
``remainderEnded#<dimension>#<end>``: what was left over when the subscription ended at that second; it is never billed.
``carried#<dimension>``: recorded units of lost lines that were added to the remainder (``ledger.carry``), in all.
A seal changes the item in the transaction that freezes the hour, on condition of its version, so that any
order of sealing gives the same sums.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ledger.conservation import conserved
from ledger.item_update import ItemUpdate
from ledger.tables import SCHEMA
from ledger.transaction import Operation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

ITEM = "balance"
REMAINDER = "remainder#"
USED = "used#"
ENDED = "remainderEnded#"
CARRIED = "carried#"


@dataclass(frozen=True, kw_only=True)
class Balance:
    """The stored balance; ``version`` is 0 where none is. ended: remainders of ended periods, by dimension and the
    second of the end."""

    customer_identifier: str
    version: int = 0
    remainder: Mapping[str, Decimal] = field(default_factory=dict)
    used: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    ended: Mapping[tuple[str, int], Decimal] = field(default_factory=dict)


class Balances:
    """The balances in ``yawl-metering-state``."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def get(self, customer_identifier: str) -> Balance:
        """The balance as it is now (strongly consistent); an empty one where none is stored."""
        key = {"customerIdentifier": customer_identifier, "item": ITEM}
        item: Mapping[str, Any] = self._table.get_item(Key=key, ConsistentRead=True).get("Item", {})
        used: dict[tuple[str, str], Decimal] = {}
        ended: dict[tuple[str, int], Decimal] = {}
        for name, value in item.items():
            if name.startswith(USED):
                dimension, period = name[len(USED) :].rsplit("#", 1)
                used[dimension, period] = value
            elif name.startswith(ENDED):
                dimension, end = name[len(ENDED) :].rsplit("#", 1)
                ended[dimension, int(end)] = value
        return Balance(
            customer_identifier=customer_identifier,
            version=int(item.get("version", 0)),
            remainder={n[len(REMAINDER) :]: v for n, v in item.items() if n.startswith(REMAINDER)},
            used=used,
            ended=ended,
        )

    def replace(
        self, old: Balance, *, remainder: Mapping[str, Decimal], used: Mapping[tuple[str, str], Decimal]
    ) -> Operation:
        """The operation that sets these entries, on condition that the balance is still the one read.

        Raises NotConserved where a remainder is negative, or used allowance is given back.
        """
        for dimension, units in remainder.items():
            conserved(f"remainder of {dimension}", max(units, Decimal(0)), units)
        for entry, units in used.items():
            conserved(f"used allowance of {' in '.join(entry)}", max(units, old.used.get(entry, Decimal(0))), units)
        entries = {REMAINDER + name: value for name, value in remainder.items()}
        entries |= {f"{USED}{dimension}#{period}": value for (dimension, period), value in used.items()}
        return self._next(old).set(entries).operation()

    def carry(self, old: Balance, dimension: str, units: Decimal) -> Operation:
        """The operation that adds a lost line's recorded units to the remainder, on condition that the balance is still
        the one read. Raises NotConserved where nothing would be added."""
        before = old.remainder.get(dimension, Decimal(0))
        conserved(f"carried units of {dimension}", max(units, Decimal(0)), units)
        change = self._next(old).set({REMAINDER + dimension: before + units})
        return change.add({CARRIED + dimension: units}).operation()

    def end_remainder(self, old: Balance, end: int) -> Operation:
        """The operation that names what remains as ended, on condition that the balance is still the one read.

        end: epoch seconds of the period's end. It raises the version even if nothing remains, so that a seal that read
        the balance before cannot add to it afterwards.
        """
        ended = {f"{ENDED}{name}#{end}": value for name, value in old.remainder.items() if value}
        conserved("remainder", sum(old.remainder.values()), sum(ended.values()))
        return self._next(old).set(ended).remove(*(REMAINDER + name for name in old.remainder)).operation()

    def _next(self, old: Balance) -> ItemUpdate:
        change = ItemUpdate(self._table.name, {"customerIdentifier": old.customer_identifier, "item": ITEM})
        return change.set({"version": old.version + 1, "schema": SCHEMA}).when(change.unchanged(old.version))
