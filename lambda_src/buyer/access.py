"""May this customer use the product now, and how sure is that? Pure.

AWS asks sellers to give access once the subscription is confirmed by a notice, and to take it away when it has ended
(AWS Marketplace SaaS guide, "Amazon SNS notifications": subscribe-success, unsubscribe-success; EventBridge: "License
Deprovisioned" opens an hour for last usage). Buyers of a contract have access to what GetEntitlements returns, whose
``ExpirationDate`` is the earliest at which it may end: after it the contract may have been renewed, which only another
fetch tells.

Notices are the only news of a plain subscription, and there may be none for years, so its age alone says nothing. What
is known is *in doubt* where newer facts must exist: a notice came after the last fetch, all that is held has passed its
date, or nothing was fetched yet. For ``stale_after`` seconds the old knowledge is used, then it is ``stale``.
"""

from collections.abc import Mapping, Sequence

from buyer.access_terms import Access, Question, Reason, reason_of
from buyer.contract_access import of_contract
from ledger.cancellation import last_end
from ledger.subscriber import Subscriber
from runtime import clock


def decide(keys: Sequence[Subscriber | None], asked: Question) -> Access:
    """The decision for a customer and the keys that followed it, oldest first.

    A renewed buyer keeps its access, so the first key that allows decides, and otherwise the last one that is known.
    """
    decision = decide_one(keys[0], asked)
    for found in keys[1:]:
        if decision.allowed or found is None:
            break
        decision = decide_one(found, asked)._replace(customer=found.customer_identifier)
    return decision


def decide_one(found: Subscriber | None, asked: Question) -> Access:
    """The decision for one key, None: nothing is stored under it."""
    if found is None:
        return Access(False, "unknown_customer")
    known_at = _known_at(found)
    if found.status == "pending_cancellation" and found.accepts_until is not None and asked.now < found.accepts_until:
        return Access(True, "ending", found.accepts_until, known_at)
    if found.status != "active":
        return _of_ended(found, asked)._replace(known_at=known_at)
    product = asked.products.of(found.product_code)
    if product is None:
        # The stage does not sell it any more.
        return Access(False, "no_entitlement", known_at=known_at)
    if product.has_contracts:
        return of_contract(found, product, asked)._replace(known_at=known_at)
    if asked.dimension and asked.dimension not in product.dimensions:
        return Access(False, "no_entitlement", known_at=known_at)
    return Access(True, reason_of(found), known_at=known_at)


#: What a status means for access, where it gives none.
_REFUSED: Mapping[str, Reason] = {
    "pending": "pending",
    "failed": "failed",
    "pending_cancellation": "ended",
    "final_metering": "ended",
    "cancelled": "revoked",
    "expired": "no_entitlement",
}


def _of_ended(found: Subscriber, asked: Question) -> Access:
    """The decision where the status gives no access.

    An agreement that was renewed or replaced goes on (AWS Marketplace Seller Guide, "Purchase Agreement Ended":
    RENEWED, REPLACED), so as long as its next key is not known the end itself is in doubt.
    """
    end = last_end(found)
    followed = found.chain.awaits_successor and found.next_key is None
    if not followed or end is None:
        return Access(False, _REFUSED[found.status])
    stale_at = end + asked.rules.stale_after
    if asked.now < stale_at:
        return Access(True, reason_of(found), stale_at, doubted_since=end)
    return Access(asked.rules.when_stale == "allow", "stale", doubted_since=end)


def _known_at(found: Subscriber) -> float | None:
    moments = [float(m) for m in (found.last_notice_at, found.entitlements_fetched_at) if m is not None]
    if not moments and found.created_at is not None:
        moments.append(clock.from_iso(found.created_at))
    return max(moments, default=None)
