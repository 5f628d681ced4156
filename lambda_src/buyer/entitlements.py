"""What a contract includes, fetched and stored: attributes ``entitlements``, ``entitlementsFetchedAt``, ``tier``,
``entitlement`` (the specification's) and ``lastHeld``.

A fetch that is older than the stored one changes nothing. It changes the status in one case only: an active subscriber
whose contract is gone becomes ``expired``, and active again once something is held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from ledger.subscriber import Subscriber
from ledger.subscribers import Change, Subscribers
from marketplace.entitlements import Entitlement, held_tier, is_held
from marketplace.products import Products
from marketplace.tiers import Tier
from runtime import clock


class EntitlementSource(Protocol):
    """The caller of GetEntitlements: ``marketplace.client.MarketplaceClient``, or a test's."""

    def get_entitlements(
        self,
        *,
        product_code: str,
        customer_identifier: str | None = None,
        license_arn: str | None = None,
        account_id: str | None = None,
    ) -> tuple[Entitlement, ...]:
        """All entitlements of one legacy customer or one licence, as ``MarketplaceClient.get_entitlements`` returns
        them."""


@dataclass(frozen=True, kw_only=True)
class EntitlementSync:
    """Fetches what a subscriber holds of its product and stores it."""

    source: EntitlementSource
    subscribers: Subscribers
    products: Products

    def sync(self, subscriber: Subscriber, fetched_at: float) -> Change | None:
        """Fetch and store; the written change, None if the stored fetch is newer, and for a product that has no
        contracts or is not the stage's. Raises the client's errors.

        fetched_at: epoch seconds before the call. Sealing compares it with ``lastNoticeAt``.
        """
        product = self.products.of(subscriber.product_code)
        if product is None or not product.has_contracts:
            return None
        if subscriber.integration == "legacy":
            whose = {"customer_identifier": subscriber.customer_identifier}
        else:
            whose = {"license_arn": subscriber.license_arn or "", "account_id": subscriber.account_id or ""}
        held = self.source.get_entitlements(product_code=product.code, **whose)
        return self.subscribers.change(
            subscriber.customer_identifier,
            lambda current: fetched(current, held, tiers=product.tiers, fetched_at=fetched_at) if current else None,
            now=fetched_at,
        )


def fetched(
    current: Subscriber, held: Sequence[Entitlement], *, tiers: Sequence[Tier], fetched_at: float
) -> Change | None:
    """The change that a fetch at ``fetched_at`` (epoch seconds, read before the call) makes; None if it is stale.

    When nothing valid is left, ``lastHeld`` keeps what was held before: a cancelled customer's last hours are sealed
    by it.
    """
    if current.entitlements_fetched_at is not None and current.entitlements_fetched_at > fetched_at:
        return None
    valid = [entitlement for entitlement in held if entitlement.is_valid(fetched_at) and is_held(entitlement.value)]
    values: dict[str, Any] = {
        "entitlements": [_stored(entitlement) for entitlement in held],
        "entitlementsFetchedAt": Decimal(str(fetched_at)),
        **_sendable_facts(current, held),
    }
    if not valid:
        return _nothing_left(current, values, fetched_at)
    tier = held_tier(tiers, held, fetched_at)
    leading = next((e for e in valid if tier is not None and e.dimension == tier.name), valid[0])
    values["entitlement"] = {"dimension": leading.dimension}
    if leading.expires_at is not None:
        values["entitlement"]["expirationDate"] = clock.iso(leading.expires_at)
    if tier is not None:
        values["tier"] = tier.name
    if current.status == "expired":
        values |= {"subscriptionStatus": "active", "statusChangedAt": int(fetched_at)}
    return Change(values, frozenset() if tier is not None else frozenset({"tier"}))


def _nothing_left(current: Subscriber, values: dict[str, Any], fetched_at: float) -> Change:
    had_some = current.entitlement is not None
    if had_some:
        values["lastHeld"] = {**_last_held(current), "until": int(fetched_at)}
    if current.status == "active" and (had_some or current.last_held is not None):
        values |= {"subscriptionStatus": "expired", "statusChangedAt": int(fetched_at)}
    return Change(values, frozenset({"tier", "entitlement"}))


def _last_held(current: Subscriber) -> dict[str, Any]:
    """Tier, entitlements and the time of their fetch, from before nothing was left."""
    kept = {name: current.item[name] for name in ("tier", "entitlements") if name in current.item}
    if "entitlementsFetchedAt" in current.item:
        kept["fetchedAt"] = current.item["entitlementsFetchedAt"]
    return kept


def _stored(entitlement: Entitlement) -> dict[str, Any]:
    stored: dict[str, Any] = {"dimension": entitlement.dimension, "value": entitlement.value}
    if entitlement.expires_at is not None:
        stored["expiresAt"] = entitlement.expires_at
    return stored


def _sendable_facts(current: Subscriber, held: Sequence[Entitlement]) -> dict[str, Any]:
    """The licence and the account in the form that GetEntitlements gives, which is the one to send."""
    if current.integration != "license":
        return {}
    facts: dict[str, Any] = {}
    for entitlement in held:
        if entitlement.license_arn:
            facts["licenseArn"] = entitlement.license_arn
        if entitlement.account_id:
            facts["customerAWSAccountId"] = entitlement.account_id
    return facts
