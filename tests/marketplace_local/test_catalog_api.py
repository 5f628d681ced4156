"""The Catalog API's reading half: boto3 reads it, the answers are of the service's own model, strangers are refused."""

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from marketplace_local.admin import AdminRefused
from marketplace_local.model import answer_violations
from tests.marketplace_local.market import PRODUCT, Market

#: AWS's model and AWS's answers disagree: types are written with a version behind an @ ("Work with seller products"),
#: and the name's pattern is escaped twice, so that it asks for a backslash
MODELS_OWN_FAULTS = {"EntityType", "EntitySummaryList.1.member.Name"}


def catalog(market: Market, region: str = "us-east-1") -> Any:
    return boto3.client(
        "marketplace-catalog",
        endpoint_url=market.server.url,
        region_name=region,
        aws_access_key_id="111122223333",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )


def product_of(market: Market, **more: Any) -> tuple[str, dict[str, Any]]:
    """Id and document of the one product."""
    client = catalog(market)
    (summary,) = client.list_entities(Catalog="AWSMarketplace", EntityType="SaaSProduct")["EntitySummaryList"]
    described = client.describe_entity(Catalog="AWSMarketplace", EntityId=summary["EntityId"])
    assert json.loads(described["Details"]) == described["DetailsDocument"]
    return summary["EntityId"], described["DetailsDocument"]


def test_a_product_is_described_as_aws_describes_it(market: Market) -> None:
    id_, document = product_of(market)
    assert id_.startswith("prod-")
    assert document["Description"]["ProductCode"] == PRODUCT
    kinds = {dimension["Key"]: dimension["Types"] for dimension in document["Dimensions"]}
    usage, contract = ["ExternallyMetered"], ["Entitled"]
    assert kinds == {"basic_tier": contract, "gb": usage, "gold_tier": contract, "runs": usage}
    (option,) = document["Versions"][0]["DeliveryOptions"]
    assert option["Type"] == "SoftwareRegistration" and "FulfillmentUrl" not in option


def test_the_listing_can_be_changed_and_what_it_cannot_be_is_refused(market: Market) -> None:
    market.admin.change_listing(PRODUCT, visibility="Public", fulfilmentUrl="https://example.org/register")
    _, document = product_of(market)
    assert document["Description"]["Visibility"] == "Public"
    assert document["Versions"][0]["DeliveryOptions"][0]["FulfillmentUrl"] == "https://example.org/register"
    for wrong in ({"visibility": "Secret"}, {"colour": "red"}, {"title": ""}, {"entityType": "Offer"}):
        with pytest.raises(AdminRefused, match=r"must be|a listing has"):
            market.admin.change_listing(PRODUCT, **wrong)
    with pytest.raises(AdminRefused, match="no product"):
        market.admin.change_listing("another", title="x")


def test_a_products_public_offer_is_found_by_the_product(market: Market) -> None:
    market.admin.create_product("other-code", ["runs"])
    id_, _ = product_of_code(market, PRODUCT)
    wanted = {"OfferFilters": {"ProductId": {"ValueList": [id_]}, "State": {"ValueList": ["Released"]}}}
    client = catalog(market)
    listed = client.list_entities(Catalog="AWSMarketplace", EntityType="Offer", EntityTypeFilters=wanted)
    (summary,) = listed["EntitySummaryList"]
    offer = client.describe_entity(Catalog="AWSMarketplace", EntityId=summary["EntityId"])["DetailsDocument"]
    assert offer["ProductId"] == id_
    assert {"UsageBasedPricingTerm", "ConfigurableUpfrontPricingTerm"} <= {term["Type"] for term in offer["Terms"]}


def product_of_code(market: Market, code: str) -> tuple[str, dict[str, Any]]:
    client = catalog(market)
    for summary in client.list_entities(Catalog="AWSMarketplace", EntityType="SaaSProduct")["EntitySummaryList"]:
        document = client.describe_entity(Catalog="AWSMarketplace", EntityId=summary["EntityId"])["DetailsDocument"]
        if document["Description"]["ProductCode"] == code:
            return summary["EntityId"], document
    raise AssertionError(code)


def test_pages_follow_each_other(market: Market) -> None:
    for number in range(6):
        market.admin.create_product(f"code-{number}", ["runs"])
    pages = catalog(market).get_paginator("list_entities")
    found = pages.paginate(Catalog="AWSMarketplace", EntityType="SaaSProduct", MaxResults=3).build_full_result()
    assert len({summary["EntityId"] for summary in found["EntitySummaryList"]}) == 7


def test_answers_are_of_the_services_model(market: Market) -> None:
    market.admin.change_listing(PRODUCT, fulfilmentUrl="https://example.org/register", title="YAWL as a service")
    client = catalog(market)
    for kind in ("SaaSProduct", "Offer"):
        listed = client.list_entities(Catalog="AWSMarketplace", EntityType=kind)
        assert listed["EntitySummaryList"]
        described = client.describe_entity(
            Catalog="AWSMarketplace", EntityId=listed["EntitySummaryList"][0]["EntityId"]
        )
        for operation, answer in (("ListEntities", listed), ("DescribeEntity", described)):
            broken = answer_violations("marketplace-catalog", operation, answer)
            assert {violation.path for violation in broken} <= MODELS_OWN_FAULTS


@pytest.mark.parametrize(
    ("region", "request_", "code"),
    [
        ("eu-west-1", {"EntityId": "prod-1"}, "InvalidSignatureException"),
        ("us-east-1", {"EntityId": "prod-1"}, "ResourceNotFoundException"),
        ("us-east-1", {"EntityId": "prod-1", "Catalog": "OtherCatalog"}, "ResourceNotFoundException"),
        ("us-east-1", {"EntityId": "prod 1"}, "ValidationException"),
    ],
)
def test_what_cannot_be_described_is_named(market: Market, region: str, request_: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        catalog(market, region).describe_entity(**{"Catalog": "AWSMarketplace", **request_})
    assert refused.value.response["Error"]["Code"] == code
