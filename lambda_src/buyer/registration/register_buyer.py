"""Registering a buyer: resolve the token, store the ids, keep the contact data, fetch what the contract includes.

The token is used and forgotten: no log, table, URL or page has it. The ids are stored before the entitlements are
fetched, so that a notice that comes in between finds the row. So is the contact data, so that the buyer need not type
it again when Marketplace is busy.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from buyer.allowed_buyers import EVERYBODY, AllowedBuyers
from buyer.entitlements import EntitlementSource, EntitlementSync
from buyer.notices.waiting import WaitingNotices, bound_to
from buyer.registration import changes
from buyer.registration.arrival import Arrival
from buyer.registration.contact import Contact
from buyer.registration.patience import Patience
from buyer.registration.refusal import Misconfigured, marketplace_refused, stores
from buyer.registration.session import Session, invalid
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from marketplace.billing_identity import BillingIdentity, IdentityError, is_sendable, license_id, resolved_identity
from marketplace.client import ResolvedCustomer
from marketplace.faults import Fault, classify
from marketplace.products import Product, Products
from runtime.api_error import ApiError

_Answer = TypeVar("_Answer")


class Marketplace(EntitlementSource, Protocol):
    """The caller of ResolveCustomer and GetEntitlements: ``marketplace.client.MarketplaceClient``, or a test's."""

    def resolve_customer(self, token: str) -> ResolvedCustomer:
        """The buyer and product that a registration token stands for. Raises botocore's errors."""


class Registered(NamedTuple):
    """The stored subscriber, and why the entitlements could not be fetched (None if they were)."""

    subscriber: Subscriber
    unfetched: ApiError | None


@dataclass(frozen=True, kw_only=True)
class Registrar:
    """Registers the buyers of one stage. patience: made for each request."""

    marketplace: Marketplace
    subscribers: Subscribers
    waiting: WaitingNotices
    sync: EntitlementSync
    products: Products
    allowed: AllowedBuyers = EVERYBODY
    patience: Callable[[], Patience] = Patience

    def arrive(self, arrival: Arrival, now: float, contact: Contact | None = None) -> Registered:
        """Store the buyer of a token, with the contact data if they came with it. Raises ApiError."""
        patience = self.patience()
        resolved = _ask(patience, lambda: self.marketplace.resolve_customer(arrival.token), about_token=True)
        product = self._product(resolved)
        identity = _identity(resolved, product)
        with stores():
            if product.integration == "mixed":
                resolved = self._supersede_licence(identity, resolved, now)
            self.subscribers.change(
                identity.billing_key,
                lambda current: changes.identity_change(
                    current, identity, resolved, free_trial=arrival.free_trial, now=now
                ),
                now=now,
            )
            self._apply_waiting(self._stored(identity.billing_key), now)
            return self._registered(identity.billing_key, contact, patience, since=now, now=now)

    def complete(self, session: Session, contact: Contact | None, now: float) -> Registered:
        """Store the contact data of a session's buyer, if there are any. Raises ApiError."""
        key = session.customer_identifier
        with stores():
            return self._registered(key, contact, self.patience(), since=session.issued_at, now=now)

    def _registered(
        self, key: str, contact: Contact | None, patience: Patience, *, since: float, now: float
    ) -> Registered:
        """Keep the contact data, and fetch the entitlements unless they were fetched after ``since``."""
        if contact is not None:
            self.subscribers.change(
                key, lambda current: changes.contact_change(current, contact, now) if current else None, now=now
            )
        unfetched = self._fetch_entitlements(self._stored(key), patience, since=since, now=now)
        return Registered(self._stored(key), unfetched)

    def _product(self, resolved: ResolvedCustomer) -> Product:
        product = self.products.of(resolved.product_code)
        if product is None:
            raise Misconfigured(400, "wrong_product", "This registration is for another product.")
        return product

    def _supersede_licence(self, identity: BillingIdentity, resolved: ResolvedCustomer, now: float) -> ResolvedCustomer:
        """End the row that an event made of a legacy customer's licence; the customer takes over its agreement."""
        if identity.integration != "legacy" or not is_sendable(resolved.license_arn):
            return resolved
        key = license_id(resolved.license_arn)
        before = self.subscribers.get(key)
        successor = identity.billing_key
        self.subscribers.change(key, lambda current: changes.superseded_change(current, successor), now=now)
        agreement_id = resolved.agreement_id or (before.agreement_id if before else None)
        return replace(resolved, agreement_id=agreement_id)

    def _apply_waiting(self, subscriber: Subscriber, now: float) -> None:
        """Apply the waiting notices of this customer, which came before its registration."""
        key = subscriber.customer_identifier
        allowed = subscriber.integration == "legacy" and self.allowed.allow(subscriber.account_id, key)
        self.waiting.apply(key, bound_to(subscriber.agreement_id, key if allowed else None), now)

    def _fetch_entitlements(
        self, subscriber: Subscriber, patience: Patience, *, since: float, now: float
    ) -> ApiError | None:
        fetched_at = subscriber.entitlements_fetched_at
        if fetched_at is not None and fetched_at >= since:
            return None
        try:
            _ask(patience, lambda: self.sync.sync(subscriber, now), about_token=False)
        except ApiError as error:
            return error
        return None

    def _stored(self, key: str) -> Subscriber:
        found = self.subscribers.get(key)
        if found is None:
            raise invalid()
        return found


def _identity(resolved: ResolvedCustomer, product: Product) -> BillingIdentity:
    try:
        return resolved_identity(
            product.integration,
            product_code=product.code,
            customer_identifier=resolved.customer_identifier,
            license_arn=resolved.license_arn,
            account_id=resolved.account_id,
        )
    except IdentityError:
        message = "Your purchase cannot be registered yet. Please contact the seller."
        raise Misconfigured(500, "integration_mismatch", message) from None


def _ask(patience: Patience, call: Callable[[], _Answer], *, about_token: bool) -> _Answer:
    """Marketplace's answer; the call is repeated while Marketplace is busy and there is time. Raises ApiError."""
    fault = Fault("transient", "OutOfTime")
    for _ in patience.attempts():
        try:
            return call()
        except (ClientError, BotoCoreError) as error:
            if _is_ours(error):
                raise
            fault = classify(error)
            if not fault.retryable:
                break
    raise marketplace_refused(fault, about_token=about_token)


def _is_ours(error: Exception) -> bool:
    """True for an error of our table, which the same call may meet."""
    return isinstance(error, ClientError) and error.operation_name in ("GetItem", "UpdateItem")
