"""The balance of a customer: what its hours have left over, and what its contract has covered so far.

Each customer has one item in ``yawl-metering-state``. ``remainder#<dimension>``: recorded units after allowance that do
not make a billed unit yet. ``used#<dimension>#<period>``: recorded units of that period that the allowance has covered.
``remainderEnded#<dimension>#<end>``: what was left over when the subscription ended at that second; it is never billed.
``carried#<dimension>``: recorded units of lost lines that were added to the remainder (``ledger.carry``), in all.
``movedTo#<dimension>#<key>``, ``movedFrom#…``: remainder that went to the buyer's next key, or came from the one
before; ``usedMovedTo#<dimension>#<period>#<key>``, ``usedMovedFrom#…``: the same of covered units
(``ledger.succession``).
A seal changes the item in the transaction that freezes the hour, on condition of its version, so that any
order of sealing gives the same sums.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ledger.chain import continues
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
MOVED_TO = "movedTo#"
MOVED_FROM = "movedFrom#"
USED_MOVED_TO = "usedMovedTo#"
USED_MOVED_FROM = "usedMovedFrom#"


@dataclass(frozen=True, kw_only=True)
class Balance:
    """The stored balance; ``version`` is 0 where none is. ended: remainders of ended periods, by dimension and the
    second of the end."""

    customer_identifier: str
    version: int = 0
    remainder: Mapping[str, Decimal] = field(default_factory=dict)
    used: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    ended: Mapping[tuple[str, int], Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Moved:
    """What goes from one key's balance to the next one's."""

    remainder: Mapping[str, Decimal]
    used: Mapping[tuple[str, str], Decimal]

    @classmethod
    def of(cls, old: Balance) -> "Moved":
        """All that is left over, and what the contract has covered in periods that go on under the next key."""
        return cls(
            {name: units for name, units in old.remainder.items() if units},
            {(name, period): units for (name, period), units in old.used.items() if units and continues(period)},
        )


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

    def move(self, old: Balance, new: Balance, moved: Moved) -> list[Operation]:
        """The two operations that move a buyer's balance to its next key, on condition that both balances are still
        those read. They raise both versions even where nothing moves, as ``end_remainder`` does.

        Raises NotConserved if a unit would appear, vanish or stay behind.
        """
        zero, giver, taker = Decimal(0), old.customer_identifier, new.customer_identifier
        remainder = {name: new.remainder.get(name, zero) + units for name, units in moved.remainder.items()}
        used = {entry: new.used.get(entry, zero) + units for entry, units in moved.used.items()}
        conserved("moved remainder", sum(old.remainder.values()), sum(moved.remainder.values()))
        conserved(
            "remainder of both",
            sum(old.remainder.values()) + sum(new.remainder.values()),
            sum({**new.remainder, **remainder}.values()),
        )
        conserved("lowest of what moves", min((*moved.remainder.values(), *moved.used.values(), zero)), zero)
        conserved(
            "used allowance of both",
            sum(moved.used.values()) + sum(new.used.values()),
            sum({**new.used, **used}.values()),
        )
        conserved("moved allowance", moved.used, {entry: old.used.get(entry) for entry in moved.used})
        give = self._next(old).remove(
            *(REMAINDER + name for name in old.remainder), *(f"{USED}{name}#{period}" for name, period in moved.used)
        )
        give.add({f"{MOVED_TO}{name}#{taker}": units for name, units in moved.remainder.items()})
        give.add({f"{USED_MOVED_TO}{name}#{period}#{taker}": units for (name, period), units in moved.used.items()})
        take = self._next(new).set({REMAINDER + name: units for name, units in remainder.items()})
        take.set({f"{USED}{name}#{period}": units for (name, period), units in used.items()})
        take.add({f"{MOVED_FROM}{name}#{giver}": units for name, units in moved.remainder.items()})
        take.add({f"{USED_MOVED_FROM}{name}#{period}#{giver}": units for (name, period), units in moved.used.items()})
        return [give.operation(), take.operation()]

    def _next(self, old: Balance) -> ItemUpdate:
        change = ItemUpdate(self._table.name, {"customerIdentifier": old.customer_identifier, "item": ITEM})
        return change.set({"version": old.version + 1, "schema": SCHEMA}).when(change.unchanged(old.version))
