"""Who is metered: one product a call, one of two identities."""

import pytest

from tests.local.marketplace.market import PRODUCT, Market, record


def test_both_integrations_of_a_product_in_migration(market: Market) -> None:
    """botocore model, BatchMeterUsage: CustomerIdentifier and ProductCode, or CustomerAWSAccountId and LicenseArn."""
    assert market.statuses(record(market.buyer("legacy"))) == ["Success"]
    assert market.statuses(record(market.buyer("license"))) == ["Success"]


def test_a_product_code_beside_a_licence_is_refused(market: Market) -> None:
    """botocore model, BatchMeterUsageRequest.ProductCode: with LicenseArn "do NOT include ProductCode"."""
    with pytest.raises(market.metering.exceptions.InvalidProductCodeException):
        market.send(record(market.buyer()), code=PRODUCT)


def test_an_unknown_product_code_is_refused(market: Market) -> None:
    """botocore model, InvalidProductCodeException."""
    with pytest.raises(market.metering.exceptions.InvalidProductCodeException):
        market.send(record(market.buyer("legacy")), code="prod-code-9")


def test_legacy_usage_needs_the_product_code(market: Market) -> None:
    """botocore model, BatchMeterUsageRequest.ProductCode: "required only for legacy integrations"."""
    with pytest.raises(market.metering.exceptions.InvalidProductCodeException):
        market.metering.batch_meter_usage(UsageRecords=[record(market.buyer("legacy"))])


def test_a_new_product_refuses_customer_identifiers(market: Market) -> None:
    """botocore model, BatchMeterUsage: "does not support CustomerIdentifier for new integrations"."""
    buyer = market.buyer("legacy")
    market.product(integration="license")
    with pytest.raises(market.metering.exceptions.InvalidCustomerIdentifierException):
        market.send(record(buyer))


def test_a_legacy_product_refuses_licences(market: Market) -> None:
    """The other half: a product is metered by licence only where it was integrated so."""
    buyer = market.buyer("license")
    market.product(integration="legacy")
    with pytest.raises(market.metering.exceptions.InvalidLicenseException):
        market.send(record(buyer))


def test_an_identifier_that_does_not_exist_rejects_the_batch(market: Market) -> None:
    """botocore model, InvalidCustomerIdentifierException: "a CustomerIdentifier that does not exist"."""
    buyer = market.buyer("legacy")
    with pytest.raises(market.metering.exceptions.InvalidCustomerIdentifierException):
        market.send(record(buyer), record(buyer, CustomerIdentifier="nobody"))
    assert list(market.admin.accepted()) == []


@pytest.mark.parametrize(
    "change", [{"CustomerAWSAccountId": "1"}, {"LicenseArn": "arn:aws:license-manager::1:license:l-9"}]
)
def test_a_licence_must_exist_and_match_the_account(market: Market, change: dict[str, str]) -> None:
    """botocore model, InvalidLicenseException: "valid, matches the customer"."""
    with pytest.raises(market.metering.exceptions.InvalidLicenseException):
        market.send(record(market.buyer(), **change))


@pytest.mark.parametrize("missing", ["CustomerAWSAccountId", "LicenseArn"])
def test_a_licence_record_names_account_and_licence(market: Market, missing: str) -> None:
    """botocore model, ResolveCustomerResult: calls require both "for each UsageRecord"."""
    incomplete = record(market.buyer())
    del incomplete[missing]
    with pytest.raises(market.metering.exceptions.InvalidLicenseException):
        market.send(incomplete)


def test_one_record_is_not_named_both_ways(market: Market) -> None:
    """The two identities exclude each other, whether or not the request has a product code."""
    buyer = market.buyer("legacy")
    both = record({**buyer, "kind": "license"}, CustomerIdentifier=buyer["customerIdentifier"])
    with pytest.raises(market.metering.exceptions.InvalidCustomerIdentifierException):
        market.metering.batch_meter_usage(UsageRecords=[both])
    with pytest.raises(market.metering.exceptions.InvalidProductCodeException):
        market.send(both, code=PRODUCT)
    del both["LicenseArn"]
    with pytest.raises(market.metering.exceptions.InvalidCustomerIdentifierException):
        market.send(both, code=PRODUCT)


def test_all_records_of_a_call_are_of_one_product(market: Market) -> None:
    """botocore model, BatchMeterUsage: "for only one product"; InvalidLicenseException (AWS skill)."""
    market.product("prod-code-2")
    with pytest.raises(market.metering.exceptions.InvalidLicenseException):
        market.send(record(market.buyer()), record(market.buyer(code="prod-code-2")))


@pytest.mark.parametrize("dimension", ["Runs", "basic_tier", "other"])
def test_a_dimension_is_matched_letter_for_letter(market: Market, dimension: str) -> None:
    """botocore model, InvalidUsageDimensionException; case counts and the whole batch fails (AWS skill)."""
    buyer = market.buyer()
    with pytest.raises(market.metering.exceptions.InvalidUsageDimensionException):
        market.send(record(buyer), record(buyer, dimension=dimension))
    assert list(market.admin.accepted()) == []
