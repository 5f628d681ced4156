"""The events that a change of a subscriber means, in the order in which an app should read them. Pure.

A change is the row before and after one write. A row may skip a status (a buyer whose end arrived together with its
start was never active here), so each event rests on what the row is now and on what it was, never on a chain of steps.
"""

from collections.abc import Callable, Iterator
from typing import Any

from buyer.events.event import Event, EventName
from ledger.cancellation import grace_ends, last_end
from ledger.subscriber import HeldEntitlement, Subscriber
from ledger.subscriber_change import SubscriberChange
from runtime.clock import iso

#: Statuses in which a customer has not ended, so that its own end will still be told.
NOT_ENDED = ("active", "expired", "pending_cancellation", "final_metering")
#: What a change of tells the app that it should read the subscriber again. Statuses that have an event of their own are
#: not told twice.
FACTS = (
    "productCode",
    "integration",
    "customerAWSAccountId",
    "licenseArn",
    "agreementId",
    "initialAgreementId",
    "agreementStatus",
    "contractStart",
    "contractEnd",
    "previousIdentifier",
    "supersededBy",
    "succeededBy",
    "linkedAccount",
    "freeTrial",
    "activePeriods",
)
#: Statuses whose beginning is told as a change: the subscription could not begin, its contract is gone, another
#: customer takes its place, or no usage is taken any more while the last hours are billed.
TOLD_AS_CHANGE = ("pending", "failed", "expired", "final_metering")


def keeps_access(ended: Subscriber, successor: Callable[[str], Subscriber | None]) -> bool:
    """Whether the buyer keeps access though this key has ended: under the next one, whose own end will be told.

    An agreement that was renewed or replaced goes on (AWS Marketplace Seller Guide, "Purchase Agreement Ended":
    RENEWED, REPLACED), also where its next key is not known yet.
    """
    if ended.next_key is None:
        return ended.chain.awaits_successor
    found = successor(ended.next_key)
    return found is not None and found.status in NOT_ENDED


def events_of(
    change: SubscriberChange, *, product_code: str, successor: Callable[[str], Subscriber | None]
) -> tuple[Event, ...]:
    """The events of a change. product_code: of a row that names none. successor: finds a customer by its key; asked
    only where one has ended in favour of another."""
    new = change.new
    return tuple(
        Event(
            name=name,
            customer_identifier=new.customer_identifier,
            product_code=new.product_code or product_code,
            linked_account=new.item.get("linkedAccount"),
            what=str(new.version),
            sequence=new.version,
            at=new.updated_at or iso(change.changed_at),
            data=data,
        )
        for name, data in _found(change, successor)
    )


def _found(
    change: SubscriberChange, successor: Callable[[str], Subscriber | None]
) -> Iterator[tuple[EventName, dict[str, Any]]]:
    old, new = change.old, change.new
    if change.registered:
        yield "SubscriberRegistered", {"status": new.status}
    if old is None or old.status != new.status:
        yield from _of_status(new, successor)
    held_before = (old.tier, old.entitlements) if old else (None, ())
    if held_before != (new.tier, new.entitlements):
        yield (
            "EntitlementChanged",
            {
                "tier": new.tier,
                "previousTier": old.tier if old else None,
                "entitlements": [_entitlement(held) for held in new.entitlements],
            },
        )
    if old is not None and (changed := _changed(old, new)):
        yield "SubscriptionChanged", {"status": new.status, "changed": changed}
    if (advisory := _new_advisory(old, new)) is not None:
        yield "AdvisoryIssued", {"issuedAt": advisory}


def _of_status(
    new: Subscriber, successor: Callable[[str], Subscriber | None]
) -> Iterator[tuple[EventName, dict[str, Any]]]:
    if new.status == "active":
        since = new.latest_activation
        data: dict[str, Any] = {"since": iso(since) if since is not None else None, "tier": new.tier}
        yield "SubscriptionActivated", {**data, "freeTrial": bool(new.free_trial)}
    if new.status not in ("pending_cancellation", "cancelled"):
        return
    end = last_end(new)
    ended_at = iso(end) if end is not None else None
    if new.status == "pending_cancellation":
        until = new.accepts_until
        yield (
            "SubscriptionEnding",
            {
                "endedAt": ended_at,
                "acceptsUsageUntil": iso(until) if until is not None else None,
                "billingEndsAt": iso(grace_ends(end)) if end is not None else None,
            },
        )
        return
    yield "SubscriptionEnded", {"endedAt": ended_at, "succeededBy": new.next_key}
    if not keeps_access(new, successor):
        yield "AccessRevoked", {"endedAt": ended_at}


def _changed(old: Subscriber, new: Subscriber) -> list[str]:
    changed = [name for name in FACTS if old.item.get(name) != new.item.get(name)]
    if old.status == new.status or new.status not in TOLD_AS_CHANGE:
        if new.status != old.status and "activePeriods" in changed:
            # The event of the status names the period.
            changed.remove("activePeriods")
        return changed
    return ["subscriptionStatus", *changed]


def _new_advisory(old: Subscriber | None, new: Subscriber) -> str | None:
    """Since when AWS Marketplace has had an advisory open of which the row before knew nothing."""
    since = new.advised_since
    return since if since is not None and (old is None or old.advised_since != since) else None


def _entitlement(held: HeldEntitlement) -> dict[str, Any]:
    expires = iso(held.expires_at) if held.expires_at is not None else None
    return {"dimension": held.dimension, "value": held.value, "expiresAt": expires}
