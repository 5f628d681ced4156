"""Quantities of usage by customer and dimension, and their sums."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from ledger.metering_record import MeteringRecord
from marketplace.dimensions import Dimension

#: (customerIdentifier, dimension)
AccountKey = tuple[str, str]
Units = dict[AccountKey, Decimal]
Key = TypeVar("Key")


def sums(quantities: Iterable[tuple[Key, Decimal]]) -> defaultdict[Key, Decimal]:
    """The sum of the quantities of each key; 0 for any other key."""
    found: defaultdict[Key, Decimal] = defaultdict(Decimal)
    for key, quantity in quantities:
        found[key] += quantity
    return found


def account(item: Mapping[str, Any]) -> AccountKey:
    """The customer and the dimension of an item of usage."""
    return item["customerIdentifier"], item["content"]["dimension"]


def included(records: Iterable[MeteringRecord]) -> Units:
    """Units that contracts cover."""
    return sums(((r.customer_identifier, name), units) for r in records for name, units in r.included.items())


def billed(accepted: Iterable[Mapping[str, Any]], dimensions: Mapping[str, Dimension]) -> Units:
    """Recorded units of Marketplace's accepted lines, that is before scaling."""
    return sums(
        ((line["buyer"], line["dimension"]), Decimal(line["quantity"]) * dimensions[line["dimension"]].scale)
        for line in accepted
    )
