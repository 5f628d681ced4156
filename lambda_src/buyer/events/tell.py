"""Tells the app of a change: derives its events, sends them, and remembers the thresholds.

An event is sent before it is remembered. A crash in between sends it again with the same id; the other way round it
could be lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from buyer.events.event import Event
from buyer.events.of_allowance import Reached, Usage, event_of, included_by, reached, usage_that_rose
from buyer.events.of_subscriber import events_of
from buyer.events.outlets import Outlets
from ledger.attribute_values import from_attributes
from ledger.balance import Balances
from ledger.subscriber import Subscriber
from ledger.subscriber_change import SubscriberChange
from ledger.subscribers import Subscribers
from ledger.told_thresholds import ToldThresholds
from marketplace.hour import month_of
from marketplace.products import Products
from marketplace.tiers import Tier
from runtime.clock import from_iso, iso


@dataclass(frozen=True, kw_only=True)
class Teller:
    """products: what is sold; the only one is that of rows that name none."""

    subscribers: Subscribers
    balances: Balances
    told: ToldThresholds
    outlets: Outlets
    products: Products
    thresholds: Sequence[int]

    def subscriber_changed(self, change: SubscriberChange) -> tuple[Event, ...]:
        """Tell of a subscriber's change; the events that were sent. Another contract may include so much less that what
        was used in the running period has reached a threshold."""
        events = events_of(change, product_code=self._only, successor=self.subscribers.get)
        self.outlets.send(events)
        return events + self._contract_changed(change)

    def balance_changed(self, change: Mapping[str, Any]) -> tuple[Event, ...]:
        """Tell of the thresholds that a change of a balance (``StreamRecord``) reached; the events that were sent."""
        old, new = from_attributes(change.get("OldImage") or {}), from_attributes(change.get("NewImage") or {})
        usages = usage_that_rose(old, new)
        subscriber = self.subscribers.get(new["customerIdentifier"]) if usages else None
        if subscriber is None:
            return ()
        at = float(change["ApproximateCreationDateTime"])
        return self._reached(subscriber, usages, sequence=int(new["version"]), at=at)

    def _contract_changed(self, change: SubscriberChange) -> tuple[Event, ...]:
        old, new = change.old, change.new
        if not self._tiers(new) or old is None or (old.tier, old.entitlements) == (new.tier, new.entitlements):
            return ()
        at = from_iso(new.updated_at) if new.updated_at else change.changed_at
        balance = self.balances.get(new.customer_identifier)
        running = [
            Usage(dimension, period, used)
            for (dimension, period), used in balance.used.items()
            if period == month_of(at)
        ]
        return self._reached(new, sorted(running), sequence=balance.version, at=at)

    def _reached(
        self, subscriber: Subscriber, usages: Sequence[Usage], *, sequence: int, at: float
    ) -> tuple[Event, ...]:
        found = reached(usages, included_by(subscriber, self._tiers(subscriber), at), self.thresholds)
        sent: tuple[Event, ...] = ()
        for usage, of_usage in groupby(found, key=lambda each: each.usage):
            new = list(self._untold(subscriber, usage, list(of_usage)))
            events = tuple(
                event_of(each, subscriber, product_code=self._only, sequence=sequence, at=iso(int(at))) for each in new
            )
            if events:
                self.outlets.send(events)
                key = (subscriber.customer_identifier, usage.dimension, usage.period)
                self.told.add(*key, [each.percent for each in new], at)
            sent += events
        return sent

    @property
    def _only(self) -> str:
        return self.products.only.code if self.products.only else ""

    def _tiers(self, subscriber: Subscriber) -> Sequence[Tier]:
        """The tiers of the customer's product, lowest first; none where nothing is included."""
        product = self.products.of(subscriber.product_code)
        return product.tiers if product is not None and product.has_contracts else ()

    def _untold(self, subscriber: Subscriber, usage: Usage, found: Sequence[Reached]) -> Iterator[Reached]:
        """Those of which nobody was told, under this key or the one that the buyer had before it."""
        keys = [key for key in (subscriber.customer_identifier, subscriber.previous_identifier) if key]
        known = {percent for key in keys for percent in self.told.of(key, usage.dimension, usage.period)}
        return (each for each in found if each.percent not in known)
