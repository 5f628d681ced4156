"""The client against botocore's own service models: requests are validated, answers are parsed, nothing is sent."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from marketplace.client import EndlessPages, MarketplaceClient
from marketplace.entitlements import Entitlement, held_tier
from marketplace.tiers import Tier

ARN = "arn:aws:license-manager::444455556666:license:l-1"
KEYS: dict[str, Any] = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}


@pytest.fixture
def metering() -> Any:
    return boto3.client("meteringmarketplace", **KEYS)


@pytest.fixture
def entitlement() -> Any:
    return boto3.client("marketplace-entitlement", **KEYS)


def entry(dimension: str, **more: Any) -> dict[str, Any]:
    return {"ProductCode": "prod1", "Dimension": dimension, "Value": {"IntegerValue": 1}} | more


def test_resolve_customer_of_a_new_integration(metering: Any, entitlement: Any) -> None:
    answered = {
        "ProductCode": "prod1",
        "CustomerAWSAccountId": "444455556666",
        "LicenseArn": ARN,
        "Metadata": {"AgreementId": "agmt-1"},
    }
    with Stubber(metering) as stub:
        stub.add_response("resolve_customer", answered, {"RegistrationToken": "tok"})
        resolved = MarketplaceClient(metering, entitlement).resolve_customer("tok")
    assert (resolved.customer_identifier, resolved.license_arn, resolved.agreement_id) == (None, ARN, "agmt-1")


def test_resolve_customer_of_a_legacy_integration(metering: Any, entitlement: Any) -> None:
    with Stubber(metering) as stub:
        stub.add_response("resolve_customer", {"ProductCode": "prod1", "CustomerIdentifier": "custA1"})
        resolved = MarketplaceClient(metering, entitlement).resolve_customer("tok")
    assert (resolved.customer_identifier, resolved.license_arn, resolved.agreement_id) == ("custA1", None, None)


def test_all_pages_are_read_also_after_an_empty_one(metering: Any, entitlement: Any) -> None:
    asked = {"ProductCode": "prod1", "Filter": {"CUSTOMER_IDENTIFIER": ["custA1"]}}
    with Stubber(entitlement) as stub:
        stub.add_response("get_entitlements", {"Entitlements": [entry("basic_tier")], "NextToken": "2"}, asked)
        stub.add_response("get_entitlements", {"Entitlements": [], "NextToken": "3"}, asked | {"NextToken": "2"})
        stub.add_response("get_entitlements", {"Entitlements": [entry("pro_tier")]}, asked | {"NextToken": "3"})
        held = MarketplaceClient(metering, entitlement).get_entitlements(
            product_code="prod1", customer_identifier="custA1"
        )
        stub.assert_no_pending_responses()
    assert [e.dimension for e in held] == ["basic_tier", "pro_tier"]


def test_pages_that_never_end_are_an_error(metering: Any, entitlement: Any) -> None:
    with Stubber(entitlement) as stub:
        stub.add_response("get_entitlements", {"Entitlements": [], "NextToken": "2"})
        stub.add_response("get_entitlements", {"Entitlements": [], "NextToken": "2"})
        with pytest.raises(EndlessPages):
            MarketplaceClient(metering, entitlement).get_entitlements(product_code="p", customer_identifier="c")


def test_a_licence_is_asked_for_by_its_arn(metering: Any, entitlement: Any) -> None:
    with Stubber(entitlement) as stub:
        stub.add_response(
            "get_entitlements",
            {"Entitlements": [entry("basic_tier", LicenseArn=ARN)]},
            {"ProductCode": "prod1", "Filter": {"LICENSE_ARN": [ARN]}},
        )
        held = MarketplaceClient(metering, entitlement).get_entitlements(product_code="prod1", license_arn=ARN)
    assert [e.license_arn for e in held] == [ARN]


def test_a_licence_known_from_an_event_only_is_found_among_those_of_its_account(
    metering: Any, entitlement: Any
) -> None:
    other = ARN.replace("l-1", "l-2")
    with Stubber(entitlement) as stub:
        stub.add_response(
            "get_entitlements",
            {"Entitlements": [entry("basic_tier", LicenseArn=other), entry("pro_tier", LicenseArn=ARN)]},
            {"ProductCode": "prod1", "Filter": {"CUSTOMER_AWS_ACCOUNT_ID": ["444455556666"]}},
        )
        held = MarketplaceClient(metering, entitlement).get_entitlements(
            product_code="prod1",
            license_arn="aws:license-manager:us-east-1:444455556666:l-1",
            account_id="444455556666",
        )
    assert [(e.dimension, e.license_arn) for e in held] == [("pro_tier", ARN)]


def test_whose_entitlements_must_be_said(metering: Any, entitlement: Any) -> None:
    with pytest.raises(ValueError, match="asked for by"):
        MarketplaceClient(metering, entitlement).get_entitlements(product_code="prod1")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"IntegerValue": 5}, "5"),
        ({"DoubleValue": 1.5}, "1.5"),
        ({"BooleanValue": True}, "true"),
        ({"StringValue": "gold"}, "gold"),
    ],
)
def test_values_and_expiry_of_an_entitlement(metering: Any, entitlement: Any, value: dict[str, Any], text: str) -> None:
    ends = datetime(2026, 12, 31, tzinfo=UTC)
    with Stubber(entitlement) as stub:
        stub.add_response("get_entitlements", {"Entitlements": [entry("t") | {"Value": value, "ExpirationDate": ends}]})
        (held,) = MarketplaceClient(metering, entitlement).get_entitlements(product_code="p", customer_identifier="c")
    assert (held.value, held.expires_at) == (text, int(ends.timestamp()))


def test_the_highest_valid_tier_counts() -> None:
    order = (Tier("basic_tier", {}), Tier("pro_tier", {}), Tier("top_tier", {}))
    held = [
        Entitlement(dimension="pro_tier", value="1", expires_at=200),
        Entitlement(dimension="basic_tier", value="1"),
        Entitlement(dimension="top_tier", value="0"),
        Entitlement(dimension="seats", value="7"),
    ]
    names = [tier.name if (tier := held_tier(order, held, now)) else None for now in (100, 200)]
    assert names == ["pro_tier", "basic_tier"]
    assert held_tier(order, [held[3]], 100) is None
