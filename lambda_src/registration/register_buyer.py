"""Registering a buyer: resolve the token, store who it is, fetch what the contract includes, keep the contact data.

The token is used and forgotten: it is in no log, table or URL. Ids are stored before the entitlements are fetched, so
that a notice that comes in between finds the row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from ledger.allowed_buyers import EVERYBODY, AllowedBuyers
from ledger.entitlements import EntitlementSource, EntitlementSync
from ledger.subscriber import Subscriber
from ledger.subscribers import SubscriberBusy, Subscribers
from ledger.waiting_notices import WaitingNotices, bound_to
from marketplace.billing_identity import BillingIdentity, IdentityError, is_sendable, license_id, resolved_identity
from marketplace.client import ResolvedCustomer
from marketplace.entitlements import has_entitlements
from marketplace.faults import Fault, classify
from marketplace.tiers import Tier
from registration import store_buyer
from registration.submission import Arrival, Contact
from runtime.api_error import ApiError

RETRY_AFTER_SECONDS = "5"
_Answer = TypeVar("_Answer")


class Marketplace(EntitlementSource, Protocol):
    """Who answers ResolveCustomer and GetEntitlements: ``marketplace.client.MarketplaceClient``."""

    def resolve_customer(self, token: str) -> ResolvedCustomer: ...


class MarketplaceFault(ApiError):
    """Marketplace did not do what was asked; carries the fault for the log."""

    def __init__(self, fault: Fault, status: int, code: str, message: str, headers: Mapping[str, str]) -> None:
        super().__init__(status, code, message, headers=headers)
        self.fault = fault


@dataclass(frozen=True, kw_only=True)
class RegistrationDesk:
    """Where buyers are registered. integration and pricing_model: the stage's settings. tiers: lowest first."""

    marketplace: Marketplace
    subscribers: Subscribers
    waiting: WaitingNotices
    product_code: str
    integration: str
    pricing_model: str
    tiers: tuple[Tier, ...]
    allowed: AllowedBuyers = EVERYBODY

    def register(self, arrival: Arrival, now: float, contact: Contact | None = None) -> Subscriber:
        """The stored subscriber whom the token stands for. Raises ApiError."""
        resolved = _asked(lambda: self.marketplace.resolve_customer(arrival.token))
        identity = self._identity(resolved)
        key = identity.billing_key
        try:
            resolved = self._supersede_licence(identity, resolved, now)
            self.subscribers.change(
                key,
                lambda current: store_buyer.identity_change(
                    current, identity, resolved, free_trial=arrival.free_trial, now=now
                ),
                now=now,
            )
            self._apply_waiting(self._stored(key), now)
            self._sync_entitlements(self._stored(key), now)
            if contact is not None:
                self.subscribers.change(key, lambda _: store_buyer.contact_change(contact), now=now)
        except SubscriberBusy:
            raise _busy(Fault("transient", "SubscriberBusy")) from None
        return self._stored(key)

    def _identity(self, resolved: ResolvedCustomer) -> BillingIdentity:
        if resolved.product_code != self.product_code:
            raise ApiError(400, "wrong_product", "This registration is for another product.")
        try:
            return resolved_identity(
                self.integration,
                product_code=resolved.product_code,
                customer_identifier=resolved.customer_identifier,
                license_arn=resolved.license_arn,
                account_id=resolved.account_id,
            )
        except IdentityError:
            raise ApiError(
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
        bound = bound_to(subscriber.agreement_id, key if taken else None, self.allowed)
        self.waiting.apply(key, bound, now)

    def _sync_entitlements(self, subscriber: Subscriber, now: float) -> None:
        if not has_entitlements(self.pricing_model):
            return
        sync = EntitlementSync(
            source=self.marketplace, subscribers=self.subscribers, product_code=self.product_code, tiers=self.tiers
        )
        _asked(lambda: sync.sync(subscriber, now))

    def _stored(self, key: str) -> Subscriber:
        found = self.subscribers.get(key)
        if found is None:
            raise ApiError(500, "internal_error", "Something went wrong here. Please try again later.")
        return found


def _asked(ask: Callable[[], _Answer]) -> _Answer:
    """What Marketplace answers, its errors as answers of ours."""
    try:
        return ask()
    except (ClientError, BotoCoreError) as error:
        if _is_ours(error):
            raise
        raise _answer(classify(error), about_token=getattr(error, "operation_name", "") == "ResolveCustomer") from None


def _is_ours(error: Exception) -> bool:
    """True for an error of our table, which is met inside the same call."""
    return isinstance(error, ClientError) and error.operation_name in ("GetItem", "UpdateItem")


def _answer(fault: Fault, *, about_token: bool) -> ApiError:
    again = "Please open your subscription in AWS Marketplace and choose to set up your account again."
    if about_token and fault.code == "ExpiredTokenException" and fault.scope == "request":
        return MarketplaceFault(fault, 400, "expired_token", f"Your registration link has expired. {again}", {})
    if about_token and fault.scope in ("request", "record"):
        return MarketplaceFault(fault, 400, "invalid_token", f"Your registration link is not valid. {again}", {})
    return _busy(fault)


def _busy(fault: Fault) -> ApiError:
    """Busy, or out of order for everybody: the buyer's token stays good for hours, so he may try again."""
    code = "marketplace_busy" if fault.retryable else "marketplace_unavailable"
    message = "AWS Marketplace is busy. Please try again in a moment; nothing is lost."
    return MarketplaceFault(fault, 503, code, message, {"Retry-After": RETRY_AFTER_SECONDS})


def logged(error: ApiError) -> dict[str, Any]:
    """What a log line may say of a refusal: codes and the name of a field, never a value."""
    said: dict[str, Any] = {"code": error.code, "status": error.status, "field": error.details.get("field")}
    if isinstance(error, MarketplaceFault):
        said |= {"marketplaceError": error.fault.code, "scope": error.fault.scope}
    return said
