"""The terms on which an hour is sealed: the buyer's identity, what the contract includes, the lines' Timestamp. Pure.

A contract customer's hour waits until entitlements are stored that were fetched after the last notice and were valid at
the hour's start: overage that was billed by guess cannot be taken back.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from ledger.entitlements import dimensions_held
from ledger.metering_record import MeteringRecord
from ledger.subscriber import Period, Subscriber
from marketplace.billing_identity import BillingIdentity
from marketplace.products import Product, Products
from marketplace.tiers import highest
from metering.seal.seal_rules import line_timestamp


class Allowance(NamedTuple):
    """What a customer's contract includes.

    included: recorded units per month by dimension (a dimension left out includes 0); None without a contract.
    """

    included: Mapping[str, Decimal] | None

    def of(self, dimension: str) -> Decimal | None:
        """Recorded units per month of a dimension; None without a contract."""
        return None if self.included is None else self.included.get(dimension, Decimal(0))


class Waiting(NamedTuple):
    """Why an hour cannot be sealed yet."""

    reason: str


class Terms(NamedTuple):
    """What an hour is sealed with. product: the customer's. timestamp: the lines' Timestamp (epoch seconds). periods:
    when it was active."""

    product: Product
    identity: BillingIdentity
    allowance: Allowance
    timestamp: int
    periods: Sequence[Period]


def terms_of(subscriber: Subscriber | None, record: MeteringRecord, products: Products) -> Terms | Waiting:
    """The terms of this record's hour, or why it has to wait."""
    if subscriber is None:
        return Waiting("unknown_customer")
    if subscriber.superseded_by is not None:
        # The buyer turned out to be billed the other way, and no hour is ever sent both ways.
        return Waiting("superseded")
    product = products.of(subscriber.product_code)
    if product is None:
        return Waiting("product_unknown")
    if any(name not in product.dimensions for name, _period in record.counted):
        # Without its scale and decimals the dimension's quantity would be a guess.
        return Waiting("dimension_not_in_stage")
    identity = identity_of(subscriber, products)
    if identity is None:
        return Waiting("identity_incomplete")
    allowance = allowance_for(subscriber, record.hour, product)
    if isinstance(allowance, Waiting):
        return allowance
    periods = subscriber.active_periods
    return Terms(product, identity, allowance, line_timestamp(record.hour, periods), periods)


def identity_of(subscriber: Subscriber, products: Products) -> BillingIdentity | None:
    """The subscriber's billing identity; None while the account id or the licence that it needs is missing."""
    product = products.of(subscriber.product_code)
    return BillingIdentity.complete(
        integration=subscriber.integration,
        product_code=product.code if product else subscriber.product_code,
        customer_identifier=subscriber.customer_identifier,
        license_arn=subscriber.license_arn,
        account_id=subscriber.account_id,
    )


def allowance_for(subscriber: Subscriber, hour: int, product: Product) -> Allowance | Waiting:
    """The allowance with which an hour is sealed now, or why it has to wait."""
    if not product.has_contracts:
        return Allowance(None)
    fetched = subscriber.entitlements_fetched_at
    if fetched is None:
        return Waiting("entitlements_not_fetched")
    if subscriber.last_notice_at is not None and fetched < subscriber.last_notice_at and not _is_ending(subscriber):
        return Waiting("entitlements_older_than_last_notice")
    tier = highest(product.tiers, dimensions_held(subscriber, hour))
    if tier is None:
        return Waiting("no_valid_entitlement")
    return Allowance(tier.included)


def _is_ending(subscriber: Subscriber) -> bool:
    """Whether the last period has an end: the last entitlements before it are those of the hours still to be billed."""
    return subscriber.accepts_until is not None
