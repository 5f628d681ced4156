"""A subscriber as operators see it. Pure. IAM protects both routes, so they show contact data."""

from typing import Any

from ledger.subscriber import Subscriber
from runtime import clock


def subscriber(found: Subscriber) -> dict[str, Any]:
    """Identity, life-cycle and contact data as JSON; unknown fields are absent. Times are ISO 8601."""
    states = {topic: {"state": last.state, "at": last.at} for topic, last in sorted(found.agreement_standing.items())}
    shown: dict[str, Any] = {
        "customerIdentifier": found.customer_identifier,
        "integration": found.integration,
        "subscriptionStatus": found.status,
        "subscriptionAction": found.subscription_action,
        "statusChangedAt": _time(found.status_changed_at),
        "activePeriods": [
            {"start": _time(period.start)} | ({"end": _time(period.end)} if period.end is not None else {})
            for period in found.active_periods
        ],
        "acceptsUntil": _time(found.accepts_until),
        "productCode": found.product_code,
        "customerAWSAccountId": found.account_id,
        "licenseArn": found.license_arn,
        "agreementId": found.agreement_id,
        "freeTrial": found.free_trial,
        "tier": found.tier,
        "entitlement": found.entitlement,
        "agreementStanding": states or None,
        "agreementStatus": found.chain.agreement_status,
        "initialAgreementId": found.chain.initial_agreement_id,
        "previousIdentifier": found.previous_identifier,
        "succeededBy": found.chain.succeeded_by,
        "email": found.email,
        "company": found.company,
        "name": found.name,
        "language": found.language,
        "registeredAt": found.registered_at,
        "linkedAccount": found.linked_account,
        "createdAt": found.created_at,
        "updatedAt": found.updated_at,
    }
    return {name: value for name, value in shown.items() if value is not None}


def entitlements(found: Subscriber) -> dict[str, Any]:
    """What the contract includes, as last fetched, and the time of that fetch."""
    shown: dict[str, Any] = {
        "customerIdentifier": found.customer_identifier,
        "tier": found.tier,
        "fetchedAt": _time(found.entitlements_fetched_at),
    }
    listed: list[dict[str, Any]] = [
        {"dimension": held.dimension, "value": held.value}
        | ({"expirationDate": _time(held.expires_at)} if held.expires_at is not None else {})
        for held in found.entitlements
    ]
    provided: list[dict[str, Any]] = [
        {"status": each.status}
        | ({"licenseArn": each.license_arn} if each.license_arn else {})
        | ({"reason": each.reason} if each.reason else {})
        for each in found.agreement_entitlements
    ]
    if provided:
        shown |= {"agreementEntitlements": provided, "agreementEntitlementsAt": _time(found.agreement_entitlements_at)}
    return {name: value for name, value in shown.items() if value is not None} | {"entitlements": listed}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else clock.iso(seconds)
