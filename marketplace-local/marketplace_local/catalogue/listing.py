"""A product's listing and its public offer, as the Catalog API describes them.

Shapes: AWS Marketplace API Reference, "Work with SaaS products" and "Work with offers", and AWS's own published shapes
of the entity SaaSProduct@1.0 (awslabs, aws-marketplace-catalog-api-shapes).
"""

import hashlib
from typing import Any, NamedTuple

from marketplace_local.catalogue import Product
from marketplace_local.notices import SELLER_ACCOUNT

CATALOG = "AWSMarketplace"
#: The Catalog API's types of usage dimensions and of contract dimensions (AddDimensions).
USAGE, CONTRACT = "ExternallyMetered", "Entitled"


class Entity(NamedTuple):
    """One entity of the catalogue, with its ``DetailsDocument``."""

    type: str
    id: str
    name: str
    summary: dict[str, Any]
    details: dict[str, Any]

    @property
    def arn(self) -> str:
        """The entity's ARN, in the seller's account and us-east-1."""
        return f"arn:aws:aws-marketplace:us-east-1:{SELLER_ACCOUNT}:{CATALOG}/{self.type}/{self.id}"


def entities_of(product: Product) -> tuple[Entity, Entity]:
    """The product and its public offer."""
    return _product(product), _offer(product)


def product_id(product: Product) -> str:
    """``prod-`` and 13 characters. On AWS it cannot be derived from the product code."""
    return f"prod-{_name(product)}"


def _name(product: Product) -> str:
    return hashlib.sha256(product.product_code.encode()).hexdigest()[:13]


def _product(product: Product) -> Entity:
    option = {"Id": f"do-{_name(product)}", "Type": "SoftwareRegistration", "Visibility": product.visibility}
    if product.fulfilment_url:
        option["FulfillmentUrl"] = product.fulfilment_url
    return Entity(
        type=product.entity_type,
        id=product_id(product),
        name=product.title,
        summary={"ProductTitle": product.title, "Visibility": product.visibility},
        details={
            "Description": {
                "ProductTitle": product.title,
                "ProductCode": product.product_code,
                "Visibility": product.visibility,
                "ProductState": "Active",
            },
            "Dimensions": _dimensions(product),
            "Versions": [{"Id": f"version-{_name(product)}", "DeliveryOptions": [option]}],
        },
    )


def _dimensions(product: Product) -> list[dict[str, Any]]:
    found = []
    for name in sorted(product.dimensions | product.contract_dimensions):
        kinds = {CONTRACT: product.contract_dimensions, USAGE: product.dimensions}
        types = [kind for kind, names in kinds.items() if name in names]
        found.append({"Name": name, "Description": name, "Key": name, "Unit": "Units", "Types": types})
    return found


def _offer(product: Product) -> Entity:
    """The priced dimensions of the public offer show the pricing model of the product."""
    terms: list[dict[str, Any]] = [{"Type": "SupportTerm", "RefundPolicy": "No refunds"}]
    if product.dimensions:
        card = [{"DimensionKey": name, "Price": f"{product.price(name):f}"} for name in sorted(product.dimensions)]
        terms.append(
            {"Type": "UsageBasedPricingTerm", "CurrencyCode": product.currency, "RateCards": [{"RateCard": card}]}
        )
    if product.contract_dimensions:
        card = [{"DimensionKey": name, "Price": "100.00"} for name in sorted(product.contract_dimensions)]
        year = {"Selector": {"Type": "Duration", "Value": "P12M"}, "RateCard": card}
        year["Constraints"] = {"MultipleDimensionSelection": "Disallowed", "QuantityConfiguration": "Disallowed"}
        terms.append({"Type": "ConfigurableUpfrontPricingTerm", "CurrencyCode": "USD", "RateCards": [year]})
    offer_id = f"offer-{_name(product)}"
    return Entity(
        type="Offer",
        id=offer_id,
        name=product.title,
        summary={"Name": product.title, "ProductId": product_id(product), "State": "Released", "Targeting": ["None"]},
        details={
            "Id": offer_id,
            "Name": product.title,
            "ProductId": product_id(product),
            "Terms": terms,
            "Rules": [],
            "State": "Released",
        },
    )
