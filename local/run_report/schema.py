"""``build/run.json``: where every unit of usage ended.

Quantities are in the dimension's own unit, before scaling: 2,000 calls are billed as 2 units of 1,000 calls and stand
here as 2000. In JSON they are decimal strings.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from pathlib import Path

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Account:
    """One dimension of one customer. Attribute names are those of run.json.

    received: units that senders sent, resends included. The API recorded or refused them, recognized them as sent
    before (repeatedEvents), or asked to send them later (waiting). Recorded units were billed, included in the
    contract, a user who was already counted this month (repeatedUsers), kept for the next billed unit (remainder), not
    answered yet (pending), rejected (failed), perhaps billed (unconfirmed), or held back by the stage's metering mode
    (notSent).
    """

    received: Decimal = ZERO
    refused: Decimal = ZERO
    repeatedEvents: Decimal = ZERO
    waiting: Decimal = ZERO
    recorded: Decimal = ZERO
    billed: Decimal = ZERO
    included: Decimal = ZERO
    repeatedUsers: Decimal = ZERO
    remainder: Decimal = ZERO
    pending: Decimal = ZERO
    failed: Decimal = ZERO
    unconfirmed: Decimal = ZERO
    notSent: Decimal = ZERO

    @property
    def unaccounted(self) -> Decimal:
        """The differences of both sums, and every amount below zero; 0 is right."""
        at_the_door = self.recorded + self.refused + self.repeatedEvents + self.waiting
        in_the_ledger = sum((getattr(self, state) for state in LEDGER_STATES), ZERO)
        negative = sum((-min(ZERO, getattr(self, name)) for name in ACCOUNT_FIELDS), ZERO)
        return abs(self.received - at_the_door) + abs(self.recorded - in_the_ledger) + negative

    def __add__(self, other: "Account") -> "Account":
        return Account(**{name: getattr(self, name) + getattr(other, name) for name in ACCOUNT_FIELDS})


ACCOUNT_FIELDS = tuple(entry.name for entry in fields(Account))
#: The integration of a buyer that never subscribed: its usage waits, and it is no customer.
UNKNOWN = "unknown"
#: The states of received usage before it is recorded, and after.
DOOR_STATES = ("refused", "repeatedEvents", "waiting")
LEDGER_STATES = (
    *("billed", "included", "repeatedUsers", "remainder"),
    *("pending", "failed", "unconfirmed", "notSent"),
)


@dataclass(frozen=True, kw_only=True)
class Customer:
    """One billing key. integration: ``license``, ``legacy`` or ``unknown``."""

    customerIdentifier: str
    integration: str
    dimensions: Mapping[str, Account]


@dataclass(frozen=True, kw_only=True)
class Marketplace:
    """BatchMeterUsage as the local Marketplace counted it: calls, records in them, and records by answer."""

    url: str
    calls: int
    records: int
    accepted: int
    duplicates: int
    rejected: int


@dataclass(frozen=True, kw_only=True)
class Run:
    """run.json. log: the replayed file. hours: how many simulated hours were metered."""

    log: str
    hours: int
    customers: tuple[Customer, ...]
    marketplace: Marketplace

    @property
    def unaccounted(self) -> Decimal:
        """Unaccounted units of all customers and dimensions; anything but 0 fails the run."""
        return sum(unaccounted(self.customers).values(), ZERO)

    @property
    def buyers(self) -> tuple[Customer, ...]:
        """The customers that subscribed."""
        return tuple(customer for customer in self.customers if customer.integration != UNKNOWN)

    def totals(self) -> dict[str, Account]:
        """Accounts of all customers together, by dimension, in the order in which dimensions appear."""
        totals: dict[str, Account] = {}
        for customer in self.customers:
            for name, account in customer.dimensions.items():
                totals[name] = totals.get(name, Account()) + account
        return totals

    def write(self, path: Path) -> None:
        """Writes run.json to ``path`` and creates its folder."""
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {**asdict(self), "unaccounted": self.unaccounted}
        text = json.dumps(document, indent=2, ensure_ascii=False, default=plain)
        path.write_text(text + "\n", encoding="utf-8")


def unaccounted(customers: Iterable[Customer]) -> dict[tuple[str, str], Decimal]:
    """Unaccounted units by (customer, dimension), without the zeros; differences never cancel out."""
    return {
        (customer.customerIdentifier, name): account.unaccounted
        for customer in customers
        for name, account in customer.dimensions.items()
        if account.unaccounted
    }


def plain(quantity: Decimal) -> str:
    """``1250.5``: no exponent, no trailing zeros."""
    text = f"{quantity:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text
