"""What a customer's contract includes, as far as an hour can be sealed with it. Pure.

A contract customer's hour waits until entitlements are known that were fetched after the last notice and were valid at
the hour's start: overage that was billed by guess cannot be taken back.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from ledger.entitlements import dimensions_held
from ledger.subscriber import Subscriber
from marketplace.tiers import Tier, highest


class Allowance(NamedTuple):
    """included: recorded units per month by dimension (a dimension left out includes 0); None without a contract."""

    included: Mapping[str, Decimal] | None

    def of(self, dimension: str) -> Decimal | None:
        return None if self.included is None else self.included.get(dimension, Decimal(0))


class Waiting(NamedTuple):
    """Why an hour cannot be sealed yet."""

    reason: str


def allowance_for(subscriber: Subscriber, hour: int, pricing_model: str, tiers: Sequence[Tier]) -> Allowance | Waiting:
    """The allowance with which an hour is sealed now, or why it has to wait."""
    if pricing_model == "subscription":
        return Allowance(None)
    fetched = subscriber.entitlements_fetched_at
    if fetched is None:
        return Waiting("entitlements_not_fetched")
    if subscriber.last_notice_at is not None and fetched < subscriber.last_notice_at and not _is_leaving(subscriber):
        return Waiting("entitlements_older_than_last_notice")
    tier = highest(tiers, dimensions_held(subscriber, hour))
    if tier is None:
        return Waiting("no_valid_entitlement")
    return Allowance(tier.included)


def _is_leaving(subscriber: Subscriber) -> bool:
    # the last entitlements known before the end are those of the hours that are still to be billed
    return subscriber.accepts_until is not None
