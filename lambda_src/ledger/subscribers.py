"""The subscribers' table: reads, and the one way in which a subscriber changes.

A change reads the subscriber, asks a pure rule for the attributes to set and to remove, and writes them on condition
that no other writer wrote in between (``version``). So two notices at once, or a notice and a registration, never erase
each other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.item_update import ItemUpdate
from ledger.reading import every_page, many
from ledger.subscriber import Subscriber, SubscriptionStatus, from_item
from ledger.tables import ACCOUNT_INDEX, AGREEMENT_INDEX, SCHEMA, STATUS_INDEX, Index
from ledger.transaction import Cancelled, Contended, Operation, update
from ledger.transaction import write as write_all
from runtime import clock, telemetry
from runtime.failure import described
from runtime.pause import Pause, full_jitter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

logger = telemetry.logger("ledger")

#: The most times that a change is decided, again after each time that another writer was faster.
ATTEMPTS = 12


class SubscriberBusy(RuntimeError):
    """A subscriber's version was lost to other writers in every attempt; the caller may try again later."""


@dataclass(frozen=True)
class Change:
    """What a rule wants: attributes to set and attributes to remove, in the names and types of the table."""

    set: Mapping[str, Any] = field(default_factory=dict)
    remove: frozenset[str] = frozenset()

    def not_in(self, item: Mapping[str, Any]) -> "Change":
        """The part of this change that the stored item does not hold already."""
        return Change(
            {name: value for name, value in self.set.items() if name not in item or item[name] != value},
            frozenset(name for name in self.remove if name in item),
        )

    def __bool__(self) -> bool:
        """Whether anything is set or removed."""
        return bool(self.set or self.remove)


#: Decides a change from the stored subscriber (None: not stored yet). None or an empty change writes nothing.
Rule = Callable[[Subscriber | None], Change | None]


class Subscribers:
    """Subscribers by billing key."""

    def __init__(self, table: "Table", pause: Pause = full_jitter) -> None:
        self._table = table
        self._pause = pause

    def get(self, customer_identifier: str, consistent: bool = True) -> Subscriber | None:
        """The subscriber of a billing key, None if there is none."""
        answer = self._table.get_item(Key={"customerIdentifier": customer_identifier}, ConsistentRead=consistent)
        item = answer.get("Item")
        return None if item is None else from_item(item)

    def with_agreement(self, agreement_id: str) -> tuple[str, ...]:
        """Billing keys of the subscribers bound to an agreement, as the (eventually consistent) index has them."""
        return self._keys(AGREEMENT_INDEX, agreement_id)

    def with_account(self, account_id: str) -> tuple[str, ...]:
        """Billing keys of the subscribers of an AWS account, as the (eventually consistent) index has them."""
        return self._keys(ACCOUNT_INDEX, account_id)

    def with_status(self, status: SubscriptionStatus) -> tuple[str, ...]:
        """Billing keys of the subscribers with a status, as the (eventually consistent) index has them."""
        return self._keys(STATUS_INDEX, status)

    def _keys(self, index: Index, value: str) -> tuple[str, ...]:
        found = every_page(
            self._table.query,
            IndexName=index.name,
            KeyConditionExpression=f"{index.hash.name} = :value",
            ExpressionAttributeValues={":value": value},
        )
        return tuple(str(item["customerIdentifier"]) for item in found)

    def page_with_status(self, status: str, cursor: Any, limit: int) -> tuple[list[str], Any]:
        """Billing keys with a status, as the (eventually consistent) index has them, and where the next page begins.

        cursor: None at the beginning; returned None after the last page.
        """
        query: dict[str, Any] = {"ExclusiveStartKey": cursor} if cursor else {}
        page = self._table.query(
            IndexName=STATUS_INDEX.name,
            KeyConditionExpression=f"{STATUS_INDEX.hash.name} = :status",
            ExpressionAttributeValues={":status": status},
            Limit=limit,
            **query,
        )
        return [str(item["customerIdentifier"]) for item in page["Items"]], page.get("LastEvaluatedKey")

    def get_many(self, customer_identifiers: Iterable[str]) -> list[Subscriber]:
        """Subscribers as they are now (strongly consistent), without those that are absent or cannot be read."""
        keys = ({"customerIdentifier": customer} for customer in dict.fromkeys(customer_identifiers))
        items = many(self._table.meta.client, self._table.name, keys)
        return [subscriber for subscriber in map(_readable, items) if subscriber is not None]

    def change(
        self,
        customer_identifier: str,
        rule: Rule,
        now: float,
        beside: Callable[[], Operation] | None = None,
    ) -> Change | None:
        """Apply ``rule`` to the subscriber, creating it where there is none, and return what was written, None if
        nothing had to be.

        The rule runs again after each lost version. beside: makes an operation that is written in the same transaction,
        after the rule. Raises SubscriberBusy when every attempt was lost.
        """
        for attempt in range(ATTEMPTS):
            current = self.get(customer_identifier)
            wanted = rule(current)
            change = wanted.not_in(current.item if current else {}) if wanted is not None else None
            if change is None or (not change and current is not None):
                return None
            also = [beside()] if beside is not None else []
            if self._write(customer_identifier, current, change, now, also):
                return change
            self._pause(attempt)
        raise SubscriberBusy(f"a subscriber changed under each of {ATTEMPTS} attempts")

    def _write(
        self,
        customer_identifier: str,
        current: Subscriber | None,
        change: Change,
        now: float,
        also: Sequence[Operation],
    ) -> bool:
        version = current.version if current else 0
        values = {**change.set, "schema": SCHEMA, "version": version + 1, "updatedAt": clock.iso(int(now))}
        if current is None:
            values.setdefault("createdAt", clock.iso(int(now)))
        write = ItemUpdate(self._table.name, {"customerIdentifier": customer_identifier}).set(values)
        write.remove(*sorted(change.remove))
        write.when(write.unchanged(version) if current else write.absent("customerIdentifier"))
        if not also:
            return update(self._table, **write.request()) is not None
        try:
            write_all(self._table.meta.client, [write.operation(), *also])
        except (Cancelled, Contended):
            return False
        return True


def _readable(item: Mapping[str, Any]) -> Subscriber | None:
    try:
        return from_item(item)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        logger.error("subscriber cannot be read", customer=item.get("customerIdentifier"), **described(error))
        return None


def accepts_usage(table_name: str, customer_identifier: str, now: float) -> Operation:
    """The operation that lets a transaction succeed only if the customer is active, or cancelled and still before
    ``acceptsUntil`` (``now``: epoch seconds).

    Adding to an open record needs no such condition: final metering first makes this one fail, then looks for records.
    """
    return {
        "ConditionCheck": {
            "TableName": table_name,
            "Key": {"customerIdentifier": customer_identifier},
            "ConditionExpression": (
                "subscriptionStatus = :active OR (subscriptionStatus = :leaving AND acceptsUntil > :now)"
            ),
            "ExpressionAttributeValues": {":active": "active", ":leaving": "pending_cancellation", ":now": int(now)},
        }
    }
