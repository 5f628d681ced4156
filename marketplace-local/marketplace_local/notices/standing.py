"""EventBridge events about a running agreement: an advisory, a request to cancel, a billing adjustment.

Source: AWS Marketplace user guide, "Amazon EventBridge events": for agreements, cancellations, billing adjustments.
"""

from typing import Literal

from marketplace_local.clock import iso
from marketplace_local.notices import Agreement, JsonObject, agreement_event

CancellationStatus = Literal["Pending Approval", "Approved", "Rejected", "Cancelled", "Validation Failed"]


def advisory(agreement: Agreement, at: float, what: Literal["Issued", "Resolved"] = "Issued") -> JsonObject:
    """AWS suspects the buyer's account of closure, compromise, abuse or fraud; or no longer does."""
    detail = {
        "agreement": {"id": agreement.agreement_id},
        "product": {"id": agreement.product_id},
        "offer": {"id": agreement.offer_id},
        "advisory": {f"{what.lower()}At": iso(int(at))},
    }
    return agreement_event(f"Purchase Agreement Advisory {what} - Manufacturer", agreement, at, detail)


def cancellation_request(
    agreement: Agreement, at: float, status: CancellationStatus = "Pending Approval"
) -> JsonObject:
    """The seller asks to cancel. The event names the buyer and the product inside the agreement, and no resource."""
    event = agreement_event(f"Agreement Cancellation Request {status} - Proposer", agreement, at, {})
    request_times = {"createdAt": iso(int(at)), "updatedAt": iso(int(at))}
    event["detail"] = {
        **{name: event["detail"][name] for name in ("requestId", "catalog")},
        "agreement": {
            "id": agreement.agreement_id,
            "acceptorId": agreement.account_id,
            "productId": agreement.product_id,
            "offerId": agreement.offer_id,
        },
        "agreementCancellationRequest": {
            "id": f"acr-{agreement.agreement_id}",
            "reasonCode": "INCORRECT_TERMS_ACCEPTED",
            "reasonMessage": "",
            "statusCode": status.upper().replace(" ", "_"),
            "statusMessage": "",
            **request_times,
        },
    }
    return event | {"resources": []}


def billing_adjustment(
    agreement: Agreement, at: float, what: Literal["Completed", "Failed"] = "Completed"
) -> JsonObject:
    """AWS made a refund, or refused it. The event names the agreement and no buyer."""
    event = agreement_event(f"Purchase Agreement Billing Adjustment {what} - Proposer", agreement, at, {})
    event["detail"] = {
        **{name: event["detail"][name] for name in ("requestId", "catalog")},
        "agreement": {"id": agreement.agreement_id},
        "billingAdjustmentRequest": {
            "id": f"ba-{agreement.agreement_id}",
            "adjustmentAmount": "-100.00",
            "currencyCode": "USD",
            "adjustmentReasonCode": "INCORRECT_TERMS_ACCEPTED",
        },
        "invoice": {"originalInvoiceId": "2028746221"},
    }
    return event | {"resources": []}
