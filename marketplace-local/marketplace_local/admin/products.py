"""Products and their listings, as the admin interface makes and changes them."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, get_args
from urllib.parse import unquote

from marketplace_local.catalogue import EntityType, Integration, Product, Visibility
from marketplace_local.errors import AdminError
from marketplace_local.state import MarketplaceState

Body = Mapping[str, Any]
LISTING = {"title": "title", "entityType": "entity_type", "visibility": "visibility", "fulfilmentUrl": "fulfilment_url"}


def add_product(state: MarketplaceState, body: Body) -> dict[str, Any]:
    """Adds or replaces a product and returns it. Raises AdminError."""
    if body.get("integration", "license") not in get_args(Integration):
        raise AdminError(f"integration must be one of {', '.join(get_args(Integration))}")
    product = Product(
        product_code=text(body, "productCode"),
        integration=body.get("integration", "license"),
        dimensions=_names(body, "dimensions"),
        contract_dimensions=_names(body, "contractDimensions"),
        region=body.get("region") or "us-east-1",
        prices=_prices(body),
        currency=body.get("currency") or "USD",
    )
    state.catalogue.add_product(product)
    return {
        "productCode": product.product_code,
        "integration": product.integration,
        "dimensions": sorted(product.dimensions),
        "contractDimensions": sorted(product.contract_dimensions),
        "region": product.region,
    }


def change_listing(state: MarketplaceState, product_code: str, body: Body) -> dict[str, Any]:
    """Changes the named parts of a listing and returns all of them. Raises AdminError."""
    product = state.catalogue.product(unquote(product_code))
    for name, value in body.items():
        if name not in LISTING or not isinstance(value, str) or not value:
            raise AdminError(f"a listing has {', '.join(LISTING)}, all of them texts")
    for name, allowed in (("entityType", get_args(EntityType)), ("visibility", get_args(Visibility))):
        if body.get(name, allowed[0]) not in allowed:
            raise AdminError(f"{name} must be one of {', '.join(allowed)}")
    changed = replace(product, **{LISTING[name]: value for name, value in body.items()})
    state.catalogue.add_product(changed)
    return {name: getattr(changed, attribute) for name, attribute in LISTING.items()}


def text(body: Body, name: str) -> str:
    """A member that must be a text. Raises AdminError."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise AdminError(f"{name} is needed")
    return value


def _prices(body: Body) -> dict[str, str]:
    prices = body.get("prices", {})
    try:
        if isinstance(prices, dict) and all(Decimal(price) >= 0 for price in prices.values()):
            return prices
    except (InvalidOperation, TypeError):
        pass
    raise AdminError("prices are numbers written as texts, by dimension")


def _names(body: Body, name: str) -> frozenset[str]:
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(entry, str) and entry for entry in value):
        raise AdminError(f"{name} must be a list of names")
    return frozenset(value)
