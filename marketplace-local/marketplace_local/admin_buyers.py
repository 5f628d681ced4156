"""Products and buyers, as the admin interface makes and shows them."""

from collections.abc import Mapping
from typing import Any, get_args

from marketplace_local.catalogue import Buyer, BuyerKind, Entitlement, Integration, Product
from marketplace_local.clock import from_iso, iso
from marketplace_local.errors import AdminError
from marketplace_local.state import MarketplaceState

Body = Mapping[str, Any]

_BUYER_ACTIONS = ("activate", "end", "suspend", "resume", "entitlements", "token")


def buyer_request(state: MarketplaceState, method: str, buyer: Buyer, rest: list[str], body: Body) -> dict[str, Any]:
    """One request about a buyer; ``rest`` is the path behind its id. Raises AdminError."""
    if method == "GET" and not rest:
        return describe_buyer(buyer)
    if method != "POST" or len(rest) != 1 or rest[0] not in _BUYER_ACTIONS:
        raise AdminError(f"a buyer takes {', '.join(_BUYER_ACTIONS)}", 404)
    if rest[0] == "token":
        return {"token": state.issue_token(buyer)}
    if rest[0] == "entitlements":
        _set_entitlements(state, buyer, body.get("entitlements"))
    elif rest[0] == "activate":
        buyer.activate(_moment(state, body.get("at")))
    elif rest[0] in ("suspend", "resume"):
        buyer.suspended = rest[0] == "suspend"
    else:
        buyer.end(_moment(state, body.get("at")))
    return describe_buyer(buyer)


def add_product(state: MarketplaceState, body: Body) -> dict[str, Any]:
    """A product as the package's docstring describes it. Raises AdminError."""
    if body.get("integration", "license") not in get_args(Integration):
        raise AdminError(f"integration must be one of {', '.join(get_args(Integration))}")
    product = Product(
        product_code=_text(body, "productCode"),
        integration=body.get("integration", "license"),
        dimensions=_names(body, "dimensions"),
        contract_dimensions=_names(body, "contractDimensions"),
        region=body.get("region") or "us-east-1",
    )
    state.catalogue.add_product(product)
    return {
        "productCode": product.product_code,
        "integration": product.integration,
        "dimensions": sorted(product.dimensions),
        "contractDimensions": sorted(product.contract_dimensions),
        "region": product.region,
    }


def add_buyer(state: MarketplaceState, body: Body) -> dict[str, Any]:
    """A buyer with its registration token. Raises AdminError."""
    if body.get("kind", "license") not in get_args(BuyerKind):
        raise AdminError(f"kind must be one of {', '.join(get_args(BuyerKind))}")
    product = state.catalogue.product(_text(body, "productCode"))
    entitlements = _entitlements(product, body.get("entitlements") or [])
    account_id = body.get("accountId")
    if account_id is not None and not (isinstance(account_id, str) and account_id.isdecimal()):
        raise AdminError("accountId must be digits")
    activated_at = _moment(state, body["activatedAt"]) if body.get("activatedAt") else None
    buyer = state.catalogue.add_buyer(product.product_code, body.get("kind", "license"), account_id)
    buyer.entitlements = entitlements
    if activated_at is not None:
        buyer.activate(activated_at)
    return {**describe_buyer(buyer), "token": state.issue_token(buyer)}


def _set_entitlements(state: MarketplaceState, buyer: Buyer, entries: Any) -> None:
    buyer.entitlements = _entitlements(state.catalogue.product(buyer.product_code), entries)


def _entitlements(product: Product, entries: Any) -> tuple[Entitlement, ...]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise AdminError("entitlements must be a list of {dimension, value, expiresAt}")
    held = []
    for entry in entries:
        if entry.get("dimension") not in product.contract_dimensions or not isinstance(
            entry.get("value"), bool | int | float | str
        ):
            raise AdminError("an entitlement needs a contract dimension of the product and a value")
        expires_at = _iso(entry["expiresAt"]) if entry.get("expiresAt") else None
        held.append(Entitlement(entry["dimension"], entry["value"], expires_at))
    return tuple(held)


def describe_buyer(buyer: Buyer) -> dict[str, Any]:
    """A buyer as the admin interface shows it; never with its token."""
    shown: dict[str, Any] = {
        "id": buyer.id,
        "kind": buyer.kind,
        "productCode": buyer.product_code,
        "accountId": buyer.account_id,
        "licenseArn": buyer.license_arn,
        "agreementId": buyer.agreement_id,
        "offerId": buyer.offer_id,
        "suspended": buyer.suspended,
        "periods": [{"start": iso(p.start), "end": _shown(p.end)} for p in buyer.periods],
        "entitlements": [
            {"dimension": e.dimension, "value": e.value, "expiresAt": _shown(e.expires_at)} for e in buyer.entitlements
        ],
    }
    if buyer.customer_identifier:
        shown["customerIdentifier"] = buyer.customer_identifier
    return shown


def _shown(moment: float | None) -> str | None:
    return None if moment is None else iso(moment)


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise AdminError(f"{name} is needed")
    return value


def _names(body: Body, name: str) -> frozenset[str]:
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(entry, str) and entry for entry in value):
        raise AdminError(f"{name} must be a list of names")
    return frozenset(value)


def _moment(state: MarketplaceState, text: Any) -> float:
    return state.now() if text in (None, "now") else _iso(text)


def _iso(text: Any) -> float:
    try:
        return from_iso(text)
    except (TypeError, ValueError) as error:
        raise AdminError(f"{text!r} is not a time: {error}") from None
