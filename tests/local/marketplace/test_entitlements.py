"""GetEntitlements: filters, pages, expiry."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local.marketplace.market import PRODUCT, Market

BASIC: dict[str, Any] = {"dimension": "basic_tier", "value": 1, "expiresAt": "2026-12-01T00:00:00Z"}
GOLD: dict[str, Any] = {"dimension": "gold_tier", "value": True}


def held(market: Market, **request: Any) -> list[tuple[str, str]]:
    """(account, dimension) of all pages."""
    pages = market.entitlement.get_paginator("get_entitlements").paginate(ProductCode=PRODUCT, **request)
    return [(entry["CustomerAWSAccountId"], entry["Dimension"]) for page in pages for entry in page["Entitlements"]]


def test_an_entitlement_says_whose_what_and_until_when(market: Market) -> None:
    """botocore model, Entitlement and EntitlementValue."""
    legacy = market.buyer("legacy", entitlements=[BASIC])
    market.buyer("license", entitlements=[GOLD])
    one, two = market.entitlement.get_entitlements(ProductCode=PRODUCT)["Entitlements"]
    assert one == {
        "ProductCode": PRODUCT,
        "Dimension": "basic_tier",
        "CustomerIdentifier": legacy["customerIdentifier"],
        "CustomerAWSAccountId": legacy["accountId"],
        "LicenseArn": legacy["licenseArn"],
        "Value": {"IntegerValue": 1},
        "ExpirationDate": datetime(2026, 12, 1, tzinfo=UTC),
    }
    assert two["Value"] == {"BooleanValue": True}
    assert "CustomerIdentifier" not in two
    assert "ExpirationDate" not in two


@pytest.mark.parametrize(("value", "field"), [(2, "IntegerValue"), (2.5, "DoubleValue"), ("x", "StringValue")])
def test_kinds_of_values(market: Market, value: Any, field: str) -> None:
    """botocore model, EntitlementValue."""
    market.buyer(entitlements=[{"dimension": "basic_tier", "value": value}])
    (entry,) = market.entitlement.get_entitlements(ProductCode=PRODUCT)["Entitlements"]
    assert entry["Value"] == {field: value}


def test_filters_are_unioned_within_a_key_and_intersected_across(market: Market) -> None:
    """botocore model, GetEntitlementsRequest.Filter."""
    accounts = ["111111111111", "222222222222", "333333333333"]
    buyers = [market.buyer(account_id=account, entitlements=[BASIC, GOLD]) for account in accounts]
    both = [(accounts[0], "gold_tier"), (accounts[1], "gold_tier")]
    assert held(market, Filter={"CUSTOMER_AWS_ACCOUNT_ID": accounts[:2], "DIMENSION": ["gold_tier"]}) == both
    assert held(market, Filter={"LICENSE_ARN": [buyers[2]["licenseArn"]]}) == [
        (accounts[2], "basic_tier"),
        (accounts[2], "gold_tier"),
    ]
    assert held(market, Filter={"CUSTOMER_IDENTIFIER": ["nobody"]}) == []


def test_a_legacy_buyer_is_found_by_his_identifier(market: Market) -> None:
    """botocore model, GetEntitlementFilterName."""
    buyer = market.buyer("legacy", entitlements=[BASIC])
    market.buyer("legacy", entitlements=[BASIC])
    wanted = {"CUSTOMER_IDENTIFIER": [buyer["customerIdentifier"]]}
    assert held(market, Filter=wanted) == [(buyer["accountId"], "basic_tier")]


def test_identifier_and_account_exclude_each_other(market: Market) -> None:
    """botocore model, GetEntitlementsRequest.Filter: "mutually exclusive parameters"."""
    with pytest.raises(market.entitlement.exceptions.InvalidParameterException):
        held(market, Filter={"CUSTOMER_IDENTIFIER": ["a"], "CUSTOMER_AWS_ACCOUNT_ID": ["1"]})


@pytest.mark.parametrize(
    "request_",
    [
        {"MaxResults": 26},
        {"Filter": {"COLOUR": ["red"]}},
        {"NextToken": "made-up"},
        {"ProductCode": "prod-code-9"},
    ],
)
def test_wrong_parameters(market: Market, request_: dict[str, Any]) -> None:
    """botocore model: PageSizeInteger at most 25, the filters' names, InvalidParameterException."""
    with pytest.raises(market.entitlement.exceptions.InvalidParameterException):
        market.entitlement.get_entitlements(**{"ProductCode": PRODUCT, **request_})


@pytest.mark.parametrize("empty_pages", [False, True])
def test_all_pages_are_found_whatever_their_size(market: Market, empty_pages: bool) -> None:
    """botocore model, GetEntitlementsResult.NextToken: an empty set "might still" carry a NextToken."""
    accounts = [f"{n:012d}" for n in range(30)]
    for account in accounts:
        market.buyer(account_id=account, entitlements=[GOLD])
    market.admin.set_settings(emptyPages=empty_pages)
    assert held(market) == [(account, "gold_tier") for account in accounts]
    assert held(market, PaginationConfig={"PageSize": 7}) == [(account, "gold_tier") for account in accounts]
    first = market.entitlement.get_entitlements(ProductCode=PRODUCT)
    assert len(first["Entitlements"]) == (0 if empty_pages else 25)
    assert first["NextToken"]


def test_a_token_belongs_to_its_filters(market: Market) -> None:
    """A NextToken continues the request that it came from."""
    market.buyer(entitlements=[BASIC, GOLD])
    token = market.entitlement.get_entitlements(ProductCode=PRODUCT, MaxResults=1)["NextToken"]
    with pytest.raises(market.entitlement.exceptions.InvalidParameterException):
        market.entitlement.get_entitlements(
            ProductCode=PRODUCT, MaxResults=1, NextToken=token, Filter={"DIMENSION": ["gold_tier"]}
        )


def test_an_expired_entitlement_is_gone(market: Market) -> None:
    """botocore model, Entitlement.ExpirationDate: valid through that date; user guide, SaaS contracts: none is none."""
    buyer = market.buyer(entitlements=[BASIC, GOLD])
    market.clock.moment = datetime(2026, 12, 1, tzinfo=UTC) - timedelta(seconds=1)
    assert len(held(market)) == 2
    market.clock.moment += timedelta(seconds=1)
    assert held(market) == [(buyer["accountId"], "gold_tier")]


def test_a_renewal_replaces_what_is_held_and_an_end_takes_it(market: Market) -> None:
    """User guide, SaaS contracts: upgrade, renewal and end are seen by asking again."""
    buyer = market.buyer(entitlements=[BASIC])
    market.admin.set_entitlements(buyer["id"], [GOLD])
    assert held(market) == [(buyer["accountId"], "gold_tier")]
    market.admin.end(buyer["id"])
    assert held(market) == []
    market.admin.activate(buyer["id"])
    assert held(market) == [(buyer["accountId"], "gold_tier")]


def test_the_service_is_in_one_region_only(market: Market) -> None:
    """AWS Marketplace entitlement Regions: us-east-1."""
    elsewhere: Any = boto3.client(
        "marketplace-entitlement",
        endpoint_url=market.server.url,
        region_name="eu-west-1",
        aws_access_key_id="111122223333",
        aws_secret_access_key="local",
    )
    with pytest.raises(ClientError, match="use us-east-1"):
        elsewhere.get_entitlements(ProductCode=PRODUCT)
