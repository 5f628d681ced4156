"""A product is found by looking at each, and with its public offers only."""

import json
from typing import Any

from deploy.check.catalog import find_product
from deploy.deployed_stage import DeployedStage
from tests.unit.deploy.answers import answering
from tests.unit.deploy.targets import target

URL = "https://example.org/register"
DOCUMENT = {
    "Description": {"ProductCode": "wanted", "ProductTitle": "Ours", "Visibility": "Limited"},
    "Dimensions": [
        {"Key": "runs", "Types": ["ExternallyMetered"], "Name": "Runs", "Unit": "Units"},
        {"Key": "gold", "Types": ["Entitled"], "Name": "Gold", "Unit": "Units"},
    ],
    # Two delivery options have the same address, and one has none.
    "Versions": [
        {"Id": "v", "DeliveryOptions": [{"Id": "1", "FulfillmentUrl": URL}, {"Id": "2"}, {"FulfillmentUrl": URL}]}
    ],
}
OTHER = {"Description": {"ProductCode": "other"}, "Dimensions": None, "Versions": None}


def listed(*ids: str, **more: Any) -> dict[str, Any]:
    return {"EntitySummaryList": [{"EntityId": id_} for id_ in ids], **more}


def described(document: dict[str, Any]) -> dict[str, Any]:
    return {"EntityType": "SaaSProduct@1.0", "Details": json.dumps(document), "DetailsDocument": document}


def test_a_product_on_the_second_page_is_found_with_what_its_document_says() -> None:
    offers = {
        "EntitySummaryList": [
            {"EntityId": "offer-private", "OfferSummary": {"Targeting": ["BuyerAccounts"]}},
            {"EntityId": "offer-resold", "OfferSummary": {"ResaleAuthorizationId": "resaleauthz-1"}},
            {"EntityId": "offer-public", "OfferSummary": {"Targeting": ["None"]}},
        ]
    }
    terms = {"Terms": [{"Type": "UsageBasedPricingTerm"}]}
    answers = {
        "ListEntities": [listed("prod-1", NextToken="2"), listed("prod-2"), offers],
        "DescribeEntity": [described(OTHER), described(DOCUMENT), described(terms)],
    }
    with answering(answers) as calls:
        product = find_product(DeployedStage(target=target(region="eu-west-1")).aws, "wanted").product
    assert product is not None
    assert (product.id, product.title, product.visibility) == ("prod-2", "Ours", "Limited")
    assert product.dimensions == {"runs": {"ExternallyMetered"}, "gold": {"Entitled"}}
    assert product.fulfilment_urls == (URL,)
    assert product.offers == (terms,)
    assert [call.request["EntityId"] for call in calls if call.operation == "DescribeEntity"][-1] == "offer-public"
    assert {call.region for call in calls} == {"us-east-1"}


def test_a_product_of_another_type_is_found() -> None:
    answers = {
        "ListEntities": [listed("prod-1"), listed(), listed("prod-2")],
        "DescribeEntity": [described(OTHER), described(DOCUMENT)],
    }
    with answering(answers) as calls:
        found = find_product(DeployedStage(target=target()).aws, "wanted")
    assert found.product is not None and found.product.type == "ContainerProduct"
    assert [each.code for each in found.others] == ["other"]
    kinds = [call.request["EntityType"] for call in calls if call.operation == "ListEntities"]
    assert kinds == ["SaaSProduct", "AmiProduct", "ContainerProduct"]


def test_details_that_come_as_text_only_are_read() -> None:
    answers = {"ListEntities": listed("prod-2"), "DescribeEntity": {"Details": json.dumps(DOCUMENT)}}
    with answering(answers):
        found = find_product(DeployedStage(target=target()).aws, "wanted")
    assert found.product is not None and found.product.code == "wanted"
