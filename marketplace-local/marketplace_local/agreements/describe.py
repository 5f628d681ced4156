"""DescribeAgreement and GetAgreementEntitlements. Source: botocore's model of ``marketplace-agreement``."""

from typing import Any

from marketplace_local.agreements.book import Entry, known
from marketplace_local.state import MarketplaceState


def describe_agreement(state: MarketplaceState, body: dict[str, Any]) -> dict[str, Any]:
    """One agreement. It names no licence: GetAgreementEntitlements does. Raises ServiceError."""
    shown = known(state, body["agreementId"]).shown()
    return {name: value for name, value in shown.items() if name not in ("entitlements", "lastUpdateTime")}


def entitlements(state: MarketplaceState, body: dict[str, Any]) -> dict[str, Any]:
    """What an agreement provides: one licence. Raises ServiceError."""
    entry = known(state, body["agreementId"])
    status, reason = provisioning(state, entry)
    return {
        "agreementEntitlements": [
            {
                "resource": {"id": entry.product_id, "type": entry.product_type},
                "type": "License",
                "status": status,
                "statusReasonCode": reason,
                "licenseArn": entry.buyer.license_arn,
            }
        ]
    }


def provisioning(state: MarketplaceState, entry: Entry) -> tuple[str, str]:
    """Rule G10: how the entitlement stands, and why."""
    if entry.buyer.suspended:
        return "FAILED", "ACCOUNT_SUSPENDED"
    if entry.start > state.now():
        return "SCHEDULED", "FUTURE_START_DATE"
    if entry.status == "ACTIVE":
        return "PROVISIONED", "AGREEMENT_ACTIVE"
    return "DEPROVISIONED", "AGREEMENT_INACTIVE"
