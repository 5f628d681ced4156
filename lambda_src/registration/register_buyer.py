"""Registering a buyer: resolve the token, store who it is, keep the contact data, fetch what the contract includes.

The token is used and forgotten: it is in no log, table, URL or page. Ids are stored before the entitlements are
fetched, so that a notice that comes in between finds the row; and contact data too, so that a busy Marketplace costs
nobody what he has typed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from ledger.allowed_buyers import EVERYBODY, AllowedBuyers
from ledger.entitlements import EntitlementSource, EntitlementSync
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from ledger.waiting_notices import WaitingNotices, bound_to
from marketplace.billing_identity import BillingIdentity, IdentityError, is_sendable, license_id, resolved_identity
from marketplace.client import ResolvedCustomer
from marketplace.entitlements import has_entitlements
from marketplace.faults import Fault, classify
from marketplace.tiers import Tier
from registration import store_buyer
from registration.contact import Contact
from registration.patience import Patience
from registration.refusal import Misconfigured, marketplace_refused, stores
from registration.session import Session, invalid
from registration.submission import Arrival
from runtime.api_error import ApiError

_Answer = TypeVar("_Answer")


class Marketplace(EntitlementSource, Protocol):
    """Who answers ResolveCustomer and GetEntitlements: ``marketplace.client.MarketplaceClient``."""

    def resolve_customer(self, token: str) -> ResolvedCustomer: ...


class Registered(NamedTuple):
    """The stored subscriber, and why his entitlements could not be fetched, if they could not."""

    subscriber: Subscriber
    unfetched: ApiError | None


@dataclass(frozen=True, kw_only=True)
class RegistrationDesk:
    """Where buyers are registered. integration and pricing_model: the stage's settings. tiers: lowest first.

    patience: made anew for each request.
    """

    marketplace: Marketplace
    subscribers: Subscribers
    waiting: WaitingNotices
    product_code: str
    integration: str
    pricing_model: str
    tiers: tuple[Tier, ...]
    allowed: AllowedBuyers = EVERYBODY
    patience: Callable[[], Patience] = Patience

    def arrive(self, arrival: Arrival, now: float, contact: Contact | None = None) -> Registered:
        """A token's buyer is stored, with his contact data if they came with it. Raises ApiError."""
        patience = self.patience()
        resolved = _asked(patience, lambda: self.marketplace.resolve_customer(arrival.token), about_token=True)
        identity = self._identity(resolved)
        with stores():
            resolved = self._supersede_licence(identity, resolved, now)
            self.subscribers.change(
                identity.billing_key,
                lambda current: store_buyer.identity_change(
                    current, identity, resolved, free_trial=arrival.free_trial, now=now
                ),
                now=now,
            )
            self._apply_waiting(self._stored(identity.billing_key), now)
            return self._registered(identity.billing_key, contact, patience, since=now, now=now)

    def complete(self, session: Session, contact: Contact, now: float) -> Registered:
        """A session's buyer has filled in the page's form. Raises ApiError."""
        with stores():
            return self._registered(
                session.customer_identifier, contact, self.patience(), since=session.issued_at, now=now
            )

    def _registered(
        self, key: str, contact: Contact | None, patience: Patience, *, since: float, now: float
    ) -> Registered:
        """Contact data are kept, and entitlements fetched unless they have been ``since`` then."""
        if contact is not None:
            self.subscribers.change(
                key, lambda current: store_buyer.contact_change(contact) if current is not None else None, now=now
            )
        unfetched = self._fetch_entitlements(self._stored(key), patience, since=since, now=now)
        return Registered(self._stored(key), unfetched)

    def _identity(self, resolved: ResolvedCustomer) -> BillingIdentity:
        if resolved.product_code != self.product_code:
            raise Misconfigured(400, "wrong_product", "This registration is for another product.")
        try:
            return resolved_identity(
                self.integration,
                product_code=resolved.product_code,
                customer_identifier=resolved.customer_identifier,
                license_arn=resolved.license_arn,
                account_id=resolved.account_id,
            )
        except IdentityError:
            raise Misconfigured(
                500, "integration_mismatch", "Your purchase cannot be registered yet. Please contact the seller."
            ) from None

    def _supersede_licence(self, identity: BillingIdentity, resolved: ResolvedCustomer, now: float) -> ResolvedCustomer:
        """End the row that an event made of a legacy buyer's licence; its agreement is the buyer's."""
        if self.integration != "mixed" or identity.integration != "legacy" or not is_sendable(resolved.license_arn):
            return resolved
        key = license_id(resolved.license_arn)
        before = self.subscribers.get(key)
        successor = identity.billing_key
        self.subscribers.change(key, lambda current: store_buyer.superseded_change(current, successor), now=now)
        agreement_id = resolved.agreement_id or (before.agreement_id if before else None)
        return replace(resolved, agreement_id=agreement_id)

    def _apply_waiting(self, subscriber: Subscriber, now: float) -> None:
        """Notices that came before anybody knew whose they are."""
        key = subscriber.customer_identifier
        taken = subscriber.integration == "legacy" and self.allowed.allow(subscriber.account_id, key)
        bound = bound_to(subscriber.agreement_id, key if taken else None)
        self.waiting.apply(key, bound, now)

    def _fetch_entitlements(
        self, subscriber: Subscriber, patience: Patience, *, since: float, now: float
    ) -> ApiError | None:
        fetched_at = subscriber.entitlements_fetched_at
        if not has_entitlements(self.pricing_model) or (fetched_at is not None and fetched_at >= since):
            return None
        sync = EntitlementSync(
            source=self.marketplace, subscribers=self.subscribers, product_code=self.product_code, tiers=self.tiers
        )
        try:
            _asked(patience, lambda: sync.sync(subscriber, now), about_token=False)
        except ApiError as error:
            return error
        return None

    def _stored(self, key: str) -> Subscriber:
        found = self.subscribers.get(key)
        if found is None:
            raise invalid()
        return found


def _asked(patience: Patience, ask: Callable[[], _Answer], *, about_token: bool) -> _Answer:
    """What Marketplace answers; asked again while it is busy and there is time. Its errors as answers of ours."""
    fault = Fault("transient", "OutOfTime")
    for _ in patience.attempts():
        try:
            return ask()
        except (ClientError, BotoCoreError) as error:
            if _is_ours(error):
                raise
            fault = classify(error)
            if not fault.retryable:
                break
    raise marketplace_refused(fault, about_token=about_token)


def _is_ours(error: Exception) -> bool:
    """True for an error of our table, which is met inside the same call."""
    return isinstance(error, ClientError) and error.operation_name in ("GetItem", "UpdateItem")
