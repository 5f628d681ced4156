"""What a registration changes on a subscriber. Pure; ``ledger.subscribers`` writes it.

A second registration, or one after the first notices, leaves status, periods, tier and ``createdAt`` alone, and a field
that is left empty keeps its stored value.
"""

from decimal import Decimal
from typing import Any

from buyer.registration.contact import Contact
from ledger.subscriber import Subscriber
from ledger.subscribers import Change
from marketplace.billing_identity import BillingIdentity
from marketplace.client import ResolvedCustomer
from runtime import clock


def identity_change(
    current: Subscriber | None, identity: BillingIdentity, resolved: ResolvedCustomer, *, free_trial: bool, now: float
) -> Change:
    """The identifiers that ResolveCustomer gave: they are the newest facts, in the form to send."""
    stated = {
        "productCode": resolved.product_code,
        "customerAWSAccountId": resolved.account_id,
        "licenseArn": resolved.license_arn,
        "agreementId": resolved.agreement_id,
    }
    item = current.item if current else {}
    values: dict[str, Any] = {name: value for name, value in stated.items() if value is not None}
    values["integration"] = identity.integration
    if any(item.get(name) != value for name, value in values.items()):
        values["factsAt"] = max(Decimal(str(now)), current.facts_at if current else Decimal(0))
    if "subscriptionStatus" not in item:
        values["subscriptionStatus"] = "pending"
    if free_trial and "freeTrial" not in item:
        # Only the browser claims the trial; the subscription notice decides.
        values["freeTrial"] = True
    return Change(values)


def contact_change(current: Subscriber, contact: Contact, now: float) -> Change:
    """The contact data that was given, and that the buyer has registered; a field that was left empty changes
    nothing."""
    given = {name: getattr(contact, name) for name in ("email", "company", "name", "language")}
    registered = {} if current.registered_at else {"registeredAt": clock.iso(int(now))}
    return Change({name: value for name, value in given.items() if value} | registered)


def superseded_change(current: Subscriber | None, successor: str) -> Change | None:
    """End the row that an event made of a licence before its buyer turned out to be a legacy customer.

    So no hour of the buyer is ever sent both ways. A licence that was registered itself is left alone, and so is one
    that follows another key: a migration has said from which hour on it bills.
    """
    if current is None or current.integration != "license" or current.registered_at is not None:
        return None
    if current.previous_identifier is not None:
        return None
    return Change(
        {"supersededBy": successor, "subscriptionStatus": "pending"},
        frozenset(
            {
                "acceptsUntil",
                "activePeriods",
                "agreementId",
                "lastNoticeAt",
                "lifecycleNotices",
                "statusChangedAt",
                "subscriptionAction",
            }
        ),
    )
