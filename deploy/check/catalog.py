"""The product and its public offers, from the Catalog API, which is in us-east-1 only."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deploy.aws import Aws
from marketplace.regions import NOTICES_REGION

CATALOG = {"Catalog": "AWSMarketplace"}
SAAS = "SaaSProduct"
#: Other kinds of products with a product code. BatchMeterUsage cannot meter them here.
OTHER_PRODUCTS = ("AmiProduct", "ContainerProduct")


@dataclass(frozen=True)
class Product:
    """A product of the seller. details: its ``DetailsDocument``. offers: those of its public offers."""

    type: str
    id: str
    details: dict[str, Any] = field(repr=False)
    offers: tuple[dict[str, Any], ...] = ()

    @property
    def code(self) -> str:
        """The product code, as functions and notices have it; empty where the listing has none."""
        return str(self._description.get("ProductCode", ""))

    @property
    def title(self) -> str:
        """The listing's title, or the product's id where there is none."""
        return str(self._description.get("ProductTitle", self.id))

    @property
    def visibility(self) -> str:
        """The listing's visibility, for example ``Limited``; empty where the catalog has none."""
        return str(self._description.get("Visibility", ""))

    @property
    def dimensions(self) -> dict[str, frozenset[str]]:
        """The kinds of each dimension, by its key."""
        return {each["Key"]: frozenset(each.get("Types") or ()) for each in self.details.get("Dimensions") or ()}

    @property
    def fulfilment_urls(self) -> tuple[str, ...]:
        """The addresses that Marketplace sends buyers to, in the listing's order, each once."""
        options = [
            each for version in self.details.get("Versions") or () for each in version.get("DeliveryOptions") or ()
        ]
        return tuple(dict.fromkeys(each["FulfillmentUrl"] for each in options if each.get("FulfillmentUrl")))

    @property
    def _description(self) -> dict[str, Any]:
        return dict(self.details.get("Description") or {})


@dataclass(frozen=True)
class Found:
    """The search of a product. product: the one with the code, or None. others: the seller's SaaS products."""

    product: Product | None
    others: tuple[Product, ...] = ()


def find_product(aws: Aws, product_code: str) -> Found:
    """The product with the code. AWS finds listings by id only, so this looks at each. Raises ClientError where AWS
    refuses."""
    seen = []
    for product in _products(aws, SAAS):
        if product.code == product_code:
            return Found(Product(product.type, product.id, product.details, tuple(_public_offers(aws, product.id))))
        seen.append(product)
    for kind in OTHER_PRODUCTS:
        for product in _products(aws, kind):
            if product.code == product_code:
                return Found(product, tuple(seen))
    return Found(None, tuple(seen))


def _products(aws: Aws, kind: str) -> Iterator[Product]:
    for summary in _list(aws, kind):
        yield Product(kind, summary["EntityId"], _details(aws, summary["EntityId"]))


def _public_offers(aws: Aws, product_id: str) -> Iterator[dict[str, Any]]:
    """Released offers that are neither for named buyers nor of a reseller."""
    wanted = {"OfferFilters": {"ProductId": {"ValueList": [product_id]}, "State": {"ValueList": ["Released"]}}}
    for summary in _list(aws, "Offer", EntityTypeFilters=wanted):
        offer = summary.get("OfferSummary") or {}
        if "BuyerAccounts" not in (offer.get("Targeting") or ()) and not offer.get("ResaleAuthorizationId"):
            yield _details(aws, summary["EntityId"])


def _list(aws: Aws, kind: str, **filters: Any) -> list[dict[str, Any]]:
    answer = aws.ask(
        "marketplace-catalog", "list_entities", region=NOTICES_REGION, **CATALOG, EntityType=kind, **filters
    )
    return list(answer.get("EntitySummaryList") or ())


def _details(aws: Aws, entity_id: str) -> dict[str, Any]:
    answer = aws.ask("marketplace-catalog", "describe_entity", region=NOTICES_REGION, **CATALOG, EntityId=entity_id)
    document = answer.get("DetailsDocument")
    return dict(document if isinstance(document, dict) else json.loads(answer.get("Details") or "{}"))
