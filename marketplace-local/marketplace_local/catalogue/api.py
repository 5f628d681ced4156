"""The Catalog API's two reading operations, ListEntities and DescribeEntity, over the products.

REST-JSON: ``POST /ListEntities`` and ``GET /DescribeEntity?catalog=&entityId=`` (botocore's marketplace-catalog),
signed for ``aws-marketplace`` in us-east-1, its only Region.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from marketplace_local.catalogue.listing import CATALOG, Entity, entities_of
from marketplace_local.clock import iso
from marketplace_local.errors import ServiceError
from marketplace_local.model import violations
from marketplace_local.state import MarketplaceState
from marketplace_local.violation import describe

REGION = "us-east-1"
SERVICE = "marketplace-catalog"
#: ListEntities' default and largest page (botocore model, ListEntitiesMaxResultInteger).
LARGEST_PAGE = 50
OPERATIONS = {("POST", "/ListEntities"): "ListEntities", ("GET", "/DescribeEntity"): "DescribeEntity"}


def request_of(operation: str, query: Mapping[str, str], body: Any) -> dict[str, Any]:
    """The request as the model has it. DescribeEntity carries its members in the query."""
    if operation == "DescribeEntity":
        named = {"Catalog": query.get("catalog"), "EntityId": query.get("entityId")}
        return {name: value for name, value in named.items() if value is not None}
    return dict(body) if isinstance(body, dict) else {}


def answer(state: MarketplaceState, operation: str, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one call. Raises ServiceError ValidationException, ResourceNotFoundException."""
    if region != REGION:
        raise ServiceError("InvalidSignatureException", f"the Catalog API is in {REGION} only, not in {region}", 403)
    if broken := violations(SERVICE, operation, request):
        raise ServiceError("ValidationException", describe(broken), 422)
    if request["Catalog"] != CATALOG:
        raise ServiceError("ResourceNotFoundException", f"there is no catalog {request['Catalog']}", 404)
    found = [entity for product in state.catalogue.products.values() for entity in entities_of(product)]
    moment = iso(state.now())[:19] + "Z"
    if operation == "DescribeEntity":
        return _described(found, request["EntityId"], moment)
    return _listed(found, request, moment)


def _described(found: list[Entity], entity_id: str, moment: str) -> dict[str, Any]:
    for entity in found:
        if entity.id == entity_id:
            return {
                "EntityType": f"{entity.type}@1.0",
                "EntityIdentifier": f"{entity.id}@1",
                "EntityArn": entity.arn,
                "LastModifiedDate": moment,
                "Details": json.dumps(entity.details),
                "DetailsDocument": entity.details,
            }
    raise ServiceError("ResourceNotFoundException", f"there is no entity {entity_id}", 404)


def _listed(found: list[Entity], request: dict[str, Any], moment: str) -> dict[str, Any]:
    chosen = [entity for entity in found if entity.type == request["EntityType"] and _passes(entity, request)]
    first, size = int(request.get("NextToken", 0)), request.get("MaxResults", LARGEST_PAGE)
    page: dict[str, Any] = {"EntitySummaryList": list(_summaries(chosen[first : first + size], moment))}
    if first + size < len(chosen):
        page["NextToken"] = str(first + size)
    return page


def _passes(entity: Entity, request: dict[str, Any]) -> bool:
    """Applies the filters with value lists; other filters let everything pass, as an absent one does."""
    filters = request.get("EntityTypeFilters", {}).get(f"{entity.type}Filters", {})
    return all(
        entity.summary.get(name) in wanted["ValueList"]
        for name, wanted in filters.items()
        if "ValueList" in wanted and isinstance(entity.summary.get(name), str)
    )


def _summaries(found: list[Entity], moment: str) -> Iterator[dict[str, Any]]:
    for entity in found:
        yield {
            "Name": entity.name,
            "EntityType": entity.type,
            "EntityId": entity.id,
            "EntityArn": entity.arn,
            "LastModifiedDate": moment,
            **({"Visibility": entity.summary["Visibility"]} if "Visibility" in entity.summary else {}),
            f"{entity.type}Summary": entity.summary,
        }
