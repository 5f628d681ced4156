"""``build/run.json``: where every unit of usage ended.

Quantities are in the dimension's own unit, before scaling: 2,000 calls are billed as 2 units of 1,000 calls and stand
here as 2000. In JSON they are decimal strings.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Account:
    """One dimension of one customer. Attribute names are those of run.json.

    received: what was sent, resends included. It was recorded, refused, known already (repeatedEvents), or waits for
    its customer (waiting). What was recorded was billed, included in the contract, a user already counted this month
    (repeatedUsers), kept for the next unit (remainder), not answered yet (pending), rejected (failed), maybe billed
    (unconfirmed), or held back by the stage's metering mode (notSent).
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
        """What the two sums miss or have too much, each for itself, and whatever is below zero: 0 is right."""
        at_the_door = self.recorded + self.refused + self.repeatedEvents + self.waiting
        in_the_ledger = sum((getattr(self, state) for state in LEDGER_STATES), ZERO)
        negative = sum((-min(ZERO, getattr(self, name)) for name in ACCOUNT_FIELDS), ZERO)
        return abs(self.received - at_the_door) + abs(self.recorded - in_the_ledger) + negative

    def __add__(self, other: "Account") -> "Account":
        return Account(**{name: getattr(self, name) + getattr(other, name) for name in ACCOUNT_FIELDS})


ACCOUNT_FIELDS = tuple(entry.name for entry in fields(Account))
#: the integration of a buyer whom the stage does not know: its usage waits at the door, it is no customer
UNKNOWN = "unknown"
#: where received usage ends before it is recorded, and after
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
    """BatchMeterUsage as the local Marketplace counted it: requests, records in them, and lines by answer.

    accepted: lines that its log holds; duplicates and rejected: records answered so.
    """

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
        """The sum over all customers and dimensions of what is unaccounted for; anything but 0 fails the run."""
        return sum(unaccounted(self.customers).values(), ZERO)

    @property
    def buyers(self) -> tuple[Customer, ...]:
        """The customers who subscribed: all but those whom the stage does not know."""
        return tuple(customer for customer in self.customers if customer.integration != UNKNOWN)

    def totals(self) -> dict[str, Account]:
        """By dimension, over all customers, in the order in which dimensions appear."""
        totals: dict[str, Account] = {}
        for customer in self.customers:
            for name, account in customer.dimensions.items():
                totals[name] = totals.get(name, Account()) + account
        return totals

    def to_json(self) -> dict[str, Any]:
        return {
            "log": self.log,
            "hours": self.hours,
            "customers": [
                {
                    "customerIdentifier": customer.customerIdentifier,
                    "integration": customer.integration,
                    "dimensions": {
                        name: {entry: plain(getattr(account, entry)) for entry in ACCOUNT_FIELDS}
                        for name, account in customer.dimensions.items()
                    },
                }
                for customer in self.customers
            ],
            "marketplace": dict(vars(self.marketplace)),
            "unaccounted": plain(self.unaccounted),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Run":
        return cls(
            log=document["log"],
            hours=document["hours"],
            customers=tuple(
                Customer(
                    customerIdentifier=entry["customerIdentifier"],
                    integration=entry["integration"],
                    dimensions={
                        name: Account(**{state: Decimal(text) for state, text in states.items()})
                        for name, states in entry["dimensions"].items()
                    },
                )
                for entry in document["customers"]
            ),
            marketplace=Marketplace(**document["marketplace"]),
        )

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def unaccounted(customers: Iterable[Customer]) -> dict[tuple[str, str], Decimal]:
    """What is unaccounted for by (customer, dimension), only where it is not 0; differences never cancel out."""
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
