"""How far the search of agreements has come: one item of ``yawl-metering-state`` for each product."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.item_update import ItemUpdate
from ledger.tables import SCHEMA, SEARCHED
from ledger.transaction import update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

#: Agreements that are remembered, so that an item stays small whatever happens.
MOST_UNFINISHED = 500


@dataclass(frozen=True)
class Searched:
    """until: every agreement that was updated before then has been seen (epoch seconds). unfinished: agreements that
    could not be worked out yet (no licence was known), each with the moment of the first try."""

    until: int
    unfinished: Mapping[str, int] = field(default_factory=dict)


class SearchProgress:
    """The progress of the search, by product."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def read(self, product_id: str) -> Searched | None:
        """The stored progress; None before the first search."""
        item: Any = self._table.get_item(Key=_key(product_id), ConsistentRead=True).get("Item")
        if item is None:
            return None
        return Searched(int(item["until"]), {key: int(at) for key, at in item.get("unfinished", {}).items()})

    def store(self, product_id: str, searched: Searched) -> None:
        """Replace the progress. Two searches at once do the same work, and the later one's progress stands."""
        oldest_first = sorted(searched.unfinished.items(), key=lambda each: (each[1], each[0]))
        change = ItemUpdate(self._table.name, _key(product_id))
        change.set({"until": searched.until, "unfinished": dict(oldest_first[-MOST_UNFINISHED:]), "schema": SCHEMA})
        update(self._table, **change.request())


def _key(product_id: str) -> dict[str, str]:
    return {"customerIdentifier": SEARCHED, "item": f"search#{product_id}"}
