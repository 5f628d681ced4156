"""What a product's listing says besides its dimensions, as the admin interface changes it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args
from urllib.parse import unquote

from marketplace_local.catalogue import EntityType, Visibility
from marketplace_local.errors import AdminError
from marketplace_local.state import MarketplaceState

FIELDS = {
    "title": "title",
    "entityType": "entity_type",
    "visibility": "visibility",
    "fulfilmentUrl": "fulfilment_url",
}


def change_listing(state: MarketplaceState, product_code: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Only what is named changes. Raises AdminError."""
    product = state.catalogue.product(unquote(product_code))
    for name, value in body.items():
        if name not in FIELDS or not isinstance(value, str) or not value:
            raise AdminError(f"a listing has {', '.join(FIELDS)}, all of them texts")
    for name, allowed in (("entityType", get_args(EntityType)), ("visibility", get_args(Visibility))):
        if body.get(name, allowed[0]) not in allowed:
            raise AdminError(f"{name} must be one of {', '.join(allowed)}")
    changed = replace(product, **{FIELDS[name]: value for name, value in body.items()})
    state.catalogue.add_product(changed)
    return {name: getattr(changed, attribute) for name, attribute in FIELDS.items()}
