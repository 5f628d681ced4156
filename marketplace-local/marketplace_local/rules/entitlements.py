"""What GetEntitlements returns: filters, pages, and which entitlements are in force."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marketplace_local.catalogue import Buyer, Catalogue, Entitlement
from marketplace_local.errors import ApiError

LARGEST_PAGE = 25


def filters_are_exclusive(filters: Mapping[str, Sequence[str]]) -> None:
    """botocore model, GetEntitlementsRequest: "CustomerIdentifier and CustomerAWSAccountId are mutually exclusive"."""
    if "CUSTOMER_IDENTIFIER" in filters and "CUSTOMER_AWS_ACCOUNT_ID" in filters:
        raise ApiError(
            "InvalidParameterException", "filter by CUSTOMER_IDENTIFIER or by CUSTOMER_AWS_ACCOUNT_ID, not both"
        )


def product_is_known(product_code: str, catalogue: Catalogue) -> None:
    """botocore model, InvalidParameterException; an empty answer would be the other reading, "not entitled"."""
    if product_code not in catalogue.products:
        raise ApiError("InvalidParameterException", f"no product has the code {product_code}")


def in_force(buyer: Buyer, entitlement: Entitlement, now: float) -> bool:
    """False once it expired or the last agreement ended: no entry means not entitled (user guide, SaaS contracts)."""
    return not has_ended(buyer, now) and not is_expired(entitlement, now)


def has_ended(buyer: Buyer, now: float) -> bool:
    """That an ended agreement's entitlements disappear at once, without an hour's grace, is undocumented."""
    return bool(buyer.periods) and (end := buyer.periods[-1].end) is not None and end <= now


def is_expired(entitlement: Entitlement, now: float) -> bool:
    """botocore model, Entitlement.ExpirationDate: the "minimum date through which" it is valid; not longer here."""
    return entitlement.expires_at is not None and now >= entitlement.expires_at


def passes(filters: Mapping[str, Sequence[str]], buyer: Buyer, entitlement: Entitlement) -> bool:
    """botocore model, GetEntitlementsRequest: unioned "for each value in the value list", intersected for each key."""
    have = {
        "CUSTOMER_IDENTIFIER": buyer.customer_identifier,
        "CUSTOMER_AWS_ACCOUNT_ID": buyer.account_id,
        "LICENSE_ARN": buyer.license_arn,
        "DIMENSION": entitlement.dimension,
    }
    return all(have[key] in values for key, values in filters.items())


def entitlements(
    product_code: str, filters: Mapping[str, Sequence[str]], buyers: Iterable[Buyer], now: float
) -> list[dict[str, Any]]:
    """The product's entitlements that pass, in a stable order, as they go over the wire."""
    return [
        _wire(buyer, entitlement)
        for buyer in buyers
        if buyer.product_code == product_code
        for entitlement in buyer.entitlements
        if in_force(buyer, entitlement, now) and passes(filters, buyer, entitlement)
    ]


def page(found: Sequence[dict[str, Any]], request: Mapping[str, Any], *, empty_pages: bool) -> dict[str, Any]:
    """One page and, where there is more, the token of the next one.

    At most ``MaxResults`` (botocore model: 1 to 25; the default is undocumented, 25 here). With ``empty_pages`` an
    empty page that carries a NextToken comes before each page: it "might still be present and should be used"
    (botocore model, GetEntitlementsResult.NextToken). A token goes with the filters it was made for.
    """
    size = request.get("MaxResults") or LARGEST_PAGE
    asked = json.dumps([request["ProductCode"], request.get("Filter") or {}], sort_keys=True)
    start, full = _position(request.get("NextToken"), asked)
    if empty_pages and not full:
        return {"Entitlements": [], "NextToken": _token(start, True, asked)}
    answer: dict[str, Any] = {"Entitlements": list(found[start : start + size])}
    if start + size < len(found):
        answer["NextToken"] = _token(start + size, False, asked)
    return answer


def _token(start: int, full: bool, asked: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([start, full, asked]).encode()).decode()


def _position(token: str | None, asked: str) -> tuple[int, bool]:
    if not token:
        return 0, False
    try:
        start, full, made_for = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError, TypeError):
        raise ApiError("InvalidParameterException", "NextToken is not valid") from None
    if not isinstance(start, int) or start < 0:
        raise ApiError("InvalidParameterException", "NextToken is not valid")
    token_fits_request(made_for, asked)
    return start, bool(full)


def token_fits_request(made_for: str, asked: str) -> None:
    """A NextToken goes with the product and the filters it was made for. Undocumented; AWS's services refuse others."""
    if made_for != asked:
        raise ApiError("InvalidParameterException", "NextToken belongs to another request")


def _wire(buyer: Buyer, entitlement: Entitlement) -> dict[str, Any]:
    value = entitlement.value
    # a bool is an int to Python, so it is asked first
    kinds = ((bool, "BooleanValue"), (int, "IntegerValue"), (float, "DoubleValue"), (str, "StringValue"))
    field = next(name for kind, name in kinds if isinstance(value, kind))
    answer: dict[str, Any] = {
        "ProductCode": buyer.product_code,
        "Dimension": entitlement.dimension,
        "CustomerAWSAccountId": buyer.account_id,
        "LicenseArn": buyer.license_arn,
        "Value": {field: value},
    }
    if buyer.customer_identifier:
        answer["CustomerIdentifier"] = buyer.customer_identifier
    if entitlement.expires_at is not None:
        answer["ExpirationDate"] = entitlement.expires_at
    return answer
