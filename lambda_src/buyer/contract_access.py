"""Access by a contract: what is held, and since when that is in doubt. Pure."""

import math
from collections.abc import Sequence

from buyer.access_terms import Access, Question, reason_of
from ledger.subscriber import HeldEntitlement, Subscriber
from marketplace.entitlements import is_held
from marketplace.products import Product
from marketplace.tiers import highest


def of_contract(found: Subscriber, product: Product, asked: Question) -> Access:
    """The decision for an active customer of a product with contracts."""
    fetched = found.entitlements_fetched_at
    if fetched is None:
        doubted: float | None = found.latest_activation
        if doubted is not None and asked.now >= doubted + asked.rules.stale_after:
            return Access(asked.rules.when_stale == "allow", "stale", doubted_since=doubted)
        # It is confirmed, and what it includes is not known yet: there is nothing that could be allowed.
        return Access(False, "pending", doubted_since=doubted)
    at_fetch = _opening(found, product, asked.dimension, fetched)
    doubted = _doubted_since(found, at_fetch, fetched, asked.now)
    if doubted is None:
        opening = _opening(found, product, asked.dimension, asked.now)
        if not opening:
            return Access(False, "no_entitlement")
        return Access(True, reason_of(found), _last_expiry(opening))
    stale_at = doubted + asked.rules.stale_after
    if asked.now >= stale_at:
        # Whoever fails open goes by the old knowledge, and so allows nothing that was never held.
        return Access(asked.rules.when_stale == "allow" and bool(at_fetch), "stale", doubted_since=doubted)
    if not at_fetch:
        return Access(False, "no_entitlement", doubted_since=doubted)
    return Access(True, reason_of(found), math.ceil(stale_at), doubted_since=doubted)


def _doubted_since(found: Subscriber, at_fetch: Sequence[HeldEntitlement], fetched: float, now: float) -> float | None:
    """Since when newer facts than the fetched ones must exist; None if none need to. at_fetch: what opened it then."""
    moments: list[float] = []
    if found.last_notice_at is not None and fetched < found.last_notice_at:
        moments.append(found.last_notice_at)
    expiry = _last_expiry(at_fetch)
    if expiry is not None and expiry <= now:
        moments.append(float(expiry))
    return min(moments, default=None)


def _opening(found: Subscriber, product: Product, dimension: str, at: float) -> tuple[HeldEntitlement, ...]:
    """Of what was held at a moment, that which opens the dimension.

    A contract with consumption opens every usage dimension, since what its tier does not include is billed. A pure
    contract opens what its tier includes; nothing beyond it can be billed.
    """
    held = [e for e in found.entitlements if is_held(e.value) and (e.expires_at is None or e.expires_at > at)]
    if not dimension:
        return tuple(held)
    tier = highest(product.tiers, (each.dimension for each in held)) if dimension in product.dimensions else None
    if tier and not (product.pricing_model == "contract-with-consumption" or tier.included.get(dimension)):
        tier = None
    return tuple(each for each in held if each.dimension == dimension or (tier and each.dimension == tier.name))


def _last_expiry(held: Sequence[HeldEntitlement]) -> int | None:
    """When the last of these passes its date; None if one of them has none, or there are none."""
    known = [each.expires_at for each in held if each.expires_at is not None]
    return max(known) if known and len(known) == len(held) else None
