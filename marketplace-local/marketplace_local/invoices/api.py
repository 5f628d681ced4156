"""The Agreement API: ListAgreementInvoiceLineItems, BatchCreateBillingAdjustmentRequest, and those of ``agreements``.

Source of the shapes: botocore's model of ``marketplace-agreement``. Its first protocol is smithy-rpc-v2-cbor.
"""

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer

from marketplace_local.agreements.describe import describe_agreement, entitlements
from marketplace_local.agreements.search import search
from marketplace_local.catalogue import Buyer
from marketplace_local.errors import ServiceError
from marketplace_local.invoices.invoice import Invoice, invoices_of
from marketplace_local.model import service_model, violations
from marketplace_local.state import MarketplaceState
from marketplace_local.violation import describe, rule_of

SERVICE = "marketplace-agreement"
TARGET_PREFIX = "AWSMPCommerceService_v20200301"
CBOR_PREFIX = f"/service/{TARGET_PREFIX}/operation/"
REGION = "us-east-1"
OPERATIONS = (
    *("ListAgreementInvoiceLineItems", "BatchCreateBillingAdjustmentRequest"),
    *("SearchAgreements", "DescribeAgreement", "GetAgreementEntitlements"),
)
#: botocore model, MaxResults.
LARGEST_PAGE = 50


_READING: dict[str, Callable[[MarketplaceState, dict[str, Any]], dict[str, Any]]] = {
    "SearchAgreements": search,
    "DescribeAgreement": describe_agreement,
    "GetAgreementEntitlements": entitlements,
}


class _AnswerSerializer(RpcV2CBORSerializer):
    """botocore writes requests; the same rules write an answer."""

    def answer(self, operation: str, body: dict[str, Any]) -> bytes:
        """The CBOR of an operation's answer."""
        shape = service_model(SERVICE).operation_model(operation).output_shape
        written: bytes = self._serialize_body_params(body, shape)  # type: ignore[attr-defined]  # botocore has no types of it
        return written


def decoded(raw: bytes) -> Any:
    """A request's CBOR with times in epoch seconds. Raises ServiceError SerializationException."""
    try:
        found = RpcV2CBORParser(timestamp_parser=float).parse_data_item(io.BufferedReader(io.BytesIO(raw)))
    except Exception:  # botocore raises many classes for broken CBOR.
        raise ServiceError("SerializationException", "the request is not CBOR", rule="P04") from None
    return found


def encoded(operation: str, body: dict[str, Any], *, error: bool) -> bytes:
    """An answer's CBOR; an error is a map of texts."""
    if not error:
        return _AnswerSerializer().answer(operation, body)
    texts = [text.encode() for pair in body.items() for text in pair]
    return bytes([0xA0 + len(body)]) + b"".join(b"\x79" + len(text).to_bytes(2, "big") + text for text in texts)


def answer(state: MarketplaceState, operation: str, region: str, body: Any) -> dict[str, Any]:
    """The answer to one call, times in epoch seconds. Raises ServiceError ValidationException,
    ResourceNotFoundException, InvalidSignatureException."""
    if region != REGION:
        raise ServiceError("InvalidSignatureException", f"the Agreement API is in {REGION} only, not in {region}", 403)
    if broken := violations(SERVICE, operation, body):
        raise ServiceError("ValidationException", describe(broken), rule=rule_of(broken))
    if operation in _READING:
        return _READING[operation](state, body)
    if operation == "ListAgreementInvoiceLineItems":
        return list_invoices(state, body)
    made = [_adjust(state, entry) for entry in body["billingAdjustmentRequestEntries"]]
    return {"items": [each for each in made if "code" not in each], "errors": [each for each in made if "code" in each]}


def list_invoices(state: MarketplaceState, body: dict[str, Any]) -> dict[str, Any]:
    """One page of an agreement's invoices and credit memos."""
    buyer = agreement(state, body["agreementId"])
    found = [invoice for invoice in invoices_of(state, buyer) if matches(invoice, body)]
    first, size = int(body.get("nextToken") or 0), page_size(body)
    page: dict[str, Any] = {"agreementInvoiceLineItemGroupSummaries": [_shown(i) for i in found[first : first + size]]}
    if first + size < len(found):
        page["nextToken"] = str(first + size)
    return page


def page_size(body: dict[str, Any]) -> int:
    """Rule B04: at most 50 invoices a page."""
    return int(body.get("maxResults") or LARGEST_PAGE)


def agreement(state: MarketplaceState, agreement_id: str) -> Buyer:
    """Rule B03: the buyer of the agreement. Raises ResourceNotFoundException."""
    for buyer in state.catalogue.buyers.values():
        if buyer.agreement_id == agreement_id:
            return buyer
    raise ServiceError("ResourceNotFoundException", f"there is no agreement {agreement_id}", rule="B03")


def matches(invoice: Invoice, body: dict[str, Any]) -> bool:
    """Rule B05: filters are intersected."""
    period = body.get("invoiceBillingPeriod")
    month = f"{period['year']:04}-{period['month']:02}" if period else ""
    return (
        invoice.kind == body.get("invoiceType", invoice.kind)
        and invoice.id == body.get("invoiceId", invoice.id)
        and (not month or invoice.month == month)
        and invoice.issued_at < body.get("beforeIssuedTime", float("inf"))
        and invoice.issued_at > body.get("afterIssuedTime", 0)
    )


def _shown(invoice: Invoice) -> dict[str, Any]:
    return {
        "agreementId": invoice.agreement_id,
        "invoiceId": invoice.id,
        "pricingCurrencyAmount": {
            "amount": f"{invoice.amount:f}",
            "maxAdjustmentAmount": f"{max(invoice.amount, Decimal(0)):f}",
            "currencyCode": invoice.currency,
        },
        "invoiceBillingPeriod": {"year": int(invoice.month[:4]), "month": int(invoice.month[5:])},
        "issuedTime": int(invoice.issued_at),
        "invoiceType": invoice.kind,
        "invoicingEntity": {"legalName": "Amazon Web Services, Inc.", "branchName": "AWS Marketplace"},
    }


def _adjust(state: MarketplaceState, entry: dict[str, str]) -> dict[str, str]:
    token = entry["clientToken"]
    if same := state.adjustments.by_token.get(token):
        if same.entry != tuple(sorted(entry.items())):
            return {"code": "CONFLICT_EXCEPTION", "message": "the token is of another request", "clientToken": token}
        return {"billingAdjustmentRequestId": same.id, "clientToken": token}
    if problem := problem_of(state, entry):
        return {**problem, "clientToken": token}
    return {"billingAdjustmentRequestId": state.adjustments.make(entry, state.now()).id, "clientToken": token}


def problem_of(state: MarketplaceState, entry: dict[str, str]) -> dict[str, str] | None:
    """Rule B07: the invoice exists, the currency is its own, and no more is refunded than was billed."""
    buyers = [b for b in state.catalogue.buyers.values() if b.agreement_id == entry["agreementId"]]
    found = [i for b in buyers for i in invoices_of(state, b)]
    invoice = next((i for i in found if i.id == entry["originalInvoiceId"] and i.kind == "INVOICE"), None)
    if invoice is None:
        return {"code": "RESOURCE_NOT_FOUND_EXCEPTION", "message": "the agreement has no such invoice"}
    refunded = sum((each.amount for each in state.adjustments.of_invoice(invoice.id)), Decimal(0))
    amount = Decimal(entry["adjustmentAmount"] or "0")
    if entry["currencyCode"] != invoice.currency or not 0 < amount <= invoice.amount - refunded:
        return {"code": "VALIDATION_EXCEPTION", "message": "another currency, or more than is left to refund"}
    return None
