"""A buyer's next billing key: two subscribers that are linked, and the balance that moves from one to the other.

A link says that both keys are one buyer's, so that its events' ids and users count once under both. Once each hour of
the old key is sealed, one transaction cancels it and moves its balance: both subscribers and both balances are written
on condition that nothing has changed since they were read, so it happens once, and no unit is in both or in none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ledger.balance import Balance, Balances, Moved
from ledger.cancellation import last_end
from ledger.chain import MOST_KEYS, finished, following, stored
from ledger.item_update import ItemUpdate
from ledger.metering_records import MeteringRecords
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from ledger.transaction import Cancelled, Contended, Operation, write
from marketplace.hour import SECONDS, hour_of
from runtime import clock
from runtime.pause import Pause, full_jitter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

#: Seconds after a link for which hours of a contract wait for the old key's balance. Its last hour is sealed within the
#: hour of grace; and an hour must not wait so long that Marketplace takes it no longer.
AWAITED = 3 * SECONDS
#: How often a link is tried where other writers change one of the two.
TRIES = 12


def may_follow(new: Subscriber | None, old: Subscriber | None) -> bool:
    """Whether ``new`` may become the key after ``old``: both are one account's and one product's, and neither has such
    a link already. A row that was superseded bills nothing and has no successor."""
    return (
        new is not None
        and old is not None
        and new.customer_identifier != old.customer_identifier
        and new.integration == "license"
        and new.previous_identifier is None
        and old.chain.succeeded_by is None
        and new.superseded_by is None
        and old.superseded_by is None
        and new.account_id is not None
        and new.account_id == old.account_id
        and new.product_code == old.product_code
        and old.customer_identifier not in (new.chain.succeeded_by, *(each.key for each in new.chain.earlier))
        and new.customer_identifier not in (each.key for each in old.chain.earlier)
    )


def linked(new: Subscriber, old: Subscriber, now: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes to set on the new and on the old key's row. Pure.

    Where the old key is cancelled already nothing moves any more, so no hour waits for it.
    """
    ended = last_end(old)
    earlier = following(old.customer_identifier, old.chain, now)
    values: dict[str, Any] = {"previousIdentifier": old.customer_identifier}
    if old.status == "cancelled" and ended is not None:
        earlier = finished(earlier, old.customer_identifier, ended)
    else:
        values["awaitsMove"] = int(now) + AWAITED
    values["previousIdentifiers"] = stored(earlier)
    since = old.chain.since or (old.active_periods[0].start if old.active_periods else None)
    if since is not None:
        values["chainSince"] = since
    initial = new.chain.initial_agreement_id or old.chain.initial_agreement_id or old.agreement_id
    if initial is not None:
        values["initialAgreementId"] = initial
    return values, {"succeededBy": new.customer_identifier}


@dataclass(frozen=True, kw_only=True)
class Links:
    """Links two keys of one buyer. subscribers_table: its name."""

    client: "DynamoDBClient"
    subscribers: Subscribers
    subscribers_table: str
    pause: Pause = full_jitter

    def link(self, new_key: str, old_key: str, now: float) -> bool:
        """Make ``new_key`` the key after ``old_key``, if it may be (``may_follow``). Returns whether it was done now.

        Raises Contended if other writers keep changing one of the two.
        """
        for attempt in range(TRIES):
            new, old = self.subscribers.get(new_key), self.subscribers.get(old_key)
            if new is None or old is None or not may_follow(new, old):
                return False
            of_new, of_old = linked(new, old, now)
            try:
                write(
                    self.client,
                    [
                        changed(self.subscribers_table, new, now).set(of_new).operation(),
                        changed(self.subscribers_table, old, now).set(of_old).operation(),
                    ],
                )
            except (Cancelled, Contended):
                self.pause(attempt)
            else:
                return True
        raise Contended(f"the rows of {old_key} and {new_key} kept changing")


@dataclass(frozen=True, kw_only=True)
class Succession:
    """The end of a key whose buyer goes on under the next one. subscribers_table: its name."""

    client: "DynamoDBClient"
    subscribers: Subscribers
    subscribers_table: str
    balances: Balances
    records: MeteringRecords

    def heir(self, subscriber: Subscriber) -> Subscriber | None:
        """The buyer's key that goes on: the next one that is not cancelled (strongly consistent). None if there is
        none, so that what is left over ends with this key."""
        seen = {subscriber.customer_identifier}
        key = subscriber.chain.succeeded_by
        for _ in range(MOST_KEYS):
            if key is None or key in seen:
                return None
            seen.add(key)
            found = self.subscribers.get(key)
            if found is None or found.status != "cancelled":
                return found
            key = found.chain.succeeded_by
        return None

    def move(
        self,
        old: Subscriber,
        balance: Balance,
        heir: Subscriber,
        end: int,
        now: float,
        *,
        bills: Callable[[Mapping[str, Decimal]], bool],
        named: Sequence[Operation] = (),
    ) -> Moved:
        """Write ``cancelled``, and move the balance to the heir, in one transaction; what moved.

        bills: whether a remainder makes a billed unit, for which an hour of the heir has to be open. named: as in
        ``Cancellation.end``. Raises Cancelled where something has changed: read again. Raises Contended.
        """
        theirs = self.balances.get(heir.customer_identifier)
        moved = Moved.of(balance)
        after = {name: theirs.remainder.get(name, Decimal(0)) + units for name, units in moved.remainder.items()}
        ended = changed(self.subscribers_table, old, now)
        ended.when(ended.equals("subscriptionStatus", "final_metering"))
        ended.set({"subscriptionStatus": "cancelled", "movedTo": heir.customer_identifier})
        received = changed(self.subscribers_table, heir, now)
        earlier = finished(heir.chain.earlier, old.customer_identifier, end)
        received.set({"previousIdentifiers": stored(earlier)}).remove("awaitsMove")
        opened = self._opened(heir, now) if bills(after) else []
        operations = [
            ended.operation(),
            received.operation(),
            *self.balances.move(balance, theirs, moved),
            *opened,
            *named,
        ]
        write(self.client, operations)
        return moved

    def _opened(self, heir: Subscriber, now: float) -> list[Operation]:
        """The operation that makes sure of an open hour of the heir, if it takes usage. Its status is what was read,
        since its version is."""
        leaving = heir.status == "pending_cancellation" and now < (heir.accepts_until or 0)
        if heir.status != "active" and not leaving:
            return []
        hour = max(hour_of(now), hour_of(heir.first_hour_from))
        while (state := self.records.state(heir.customer_identifier, hour)) not in (None, "open"):
            hour += SECONDS
        if not heir.chain.bills(hour):
            return []
        return [self.records.add(heir.customer_identifier, hour, {}, exists=state is not None, now=now)]


def changed(table_name: str, subscriber: Subscriber, now: float) -> ItemUpdate:
    """A write of a subscriber's row on condition that it is still the one read."""
    change = ItemUpdate(table_name, {"customerIdentifier": subscriber.customer_identifier})
    change.when(change.exists("customerIdentifier"), change.unchanged(subscriber.version))
    return change.set({"version": subscriber.version + 1, "updatedAt": clock.iso(int(now))})
