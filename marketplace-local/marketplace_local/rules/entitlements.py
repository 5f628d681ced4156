"""What GetEntitlements returns: filters, pages, and which entitlements are in force."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marketplace_local.catalogue import Buyer, Catalogue, Entitlement
from marketplace_local.errors import ServiceError

LARGEST_PAGE = 25


def filters_are_exclusive(filters: Mapping[str, Sequence[str]]) -> None:
    """Rule E04. Raises InvalidParameterException if a request filters by customer identifier and by account."""
    if "CUSTOMER_IDENTIFIER" in filters and "CUSTOMER_AWS_ACCOUNT_ID" in filters:
        raise ServiceError(
            "InvalidParameterException",
            "filter by CUSTOMER_IDENTIFIER or by CUSTOMER_AWS_ACCOUNT_ID, not both",
            rule="E04",
        )


def product_is_known(product_code: str, catalogue: Catalogue) -> None:
    """Rule E02. Raises InvalidParameterException if no product has the code."""
    if product_code not in catalogue.products:
        raise ServiceError("InvalidParameterException", f"no product has the code {product_code}", rule="E02")


def in_force(buyer: Buyer, entitlement: Entitlement, now: float) -> bool:
    """False once the entitlement or the agreement has ended."""
    return not has_ended(buyer, now) and not is_expired(entitlement, now)


def has_ended(buyer: Buyer, now: float) -> bool:
    """Rule E15: whether the buyer's last agreement ended at or before ``now``."""
    return bool(buyer.periods) and (end := buyer.periods[-1].end) is not None and end <= now


def is_expired(entitlement: Entitlement, now: float) -> bool:
    """Rule E14: whether the entitlement's expiry date is reached."""
    return entitlement.expires_at is not None and now >= entitlement.expires_at


def passes(filters: Mapping[str, Sequence[str]], buyer: Buyer, entitlement: Entitlement) -> bool:
    """Rules E05, E06: whether each filter lists the entitlement's value."""
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
    """One page and, where there is more, the token of the next one (E10).

    ``empty_pages``: an empty page that carries a NextToken comes before each page (E11).
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
        raise ServiceError("InvalidParameterException", "NextToken is not valid", rule="E12") from None
    if not isinstance(start, int) or start < 0:
        raise ServiceError("InvalidParameterException", "NextToken is not valid", rule="E12")
    token_fits_request(made_for, asked)
    return start, bool(full)


def token_fits_request(made_for: str, asked: str) -> None:
    """Rule E13. Raises InvalidParameterException if the token was made for another product or filter."""
    if made_for != asked:
        raise ServiceError("InvalidParameterException", "NextToken belongs to another request", rule="E13")


def _wire(buyer: Buyer, entitlement: Entitlement) -> dict[str, Any]:
    value = entitlement.value
    # A bool is an int to Python, so bool comes first.
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
