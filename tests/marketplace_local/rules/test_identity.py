"""The buyer, the product and the dimension of a record."""

import pytest

from marketplace_local.admin import AdminRefused
from marketplace_local.errors import AdminError
from marketplace_local.rules.usage_record import BoundRecord
from tests.marketplace_local.market import PRODUCT, Market, record
from tests.marketplace_local.rules.rule import original, rule, without


@rule("I01", without("rules.identity:product_is_known"))
def test_a_product_code_names_a_product(market: Market) -> None:
    buyer = market.buyer("legacy")
    market.refused("InvalidProductCodeException", record(buyer), code="prod-code-9")
    assert market.statuses(record(buyer)) == ["Success"]


@rule("I02", without("rules.identity:identifier_needs_product_code"))
def test_a_customer_identifier_needs_the_product_code(market: Market) -> None:
    sent = record(market.buyer("legacy"))
    with pytest.raises(market.metering.exceptions.InvalidProductCodeException):
        market.metering.batch_meter_usage(UsageRecords=[sent])


@rule("I03", without("rules.identity:no_license_beside_product_code"))
def test_no_product_code_beside_a_licence(market: Market) -> None:
    buyer = market.buyer()
    market.refused("InvalidProductCodeException", record(buyer), code=PRODUCT)
    assert market.statuses(record(buyer)) == ["Success"]


@rule("I04", without("rules.identity:identifiers_are_supported"))
def test_a_new_product_takes_no_customer_identifier(market: Market) -> None:
    buyer = market.buyer("legacy")
    market.product(integration="license")
    market.refused("InvalidCustomerIdentifierException", record(buyer))


@rule("I05", without("rules.identity:licenses_are_supported"))
def test_a_legacy_product_takes_no_licence(market: Market) -> None:
    buyer = market.buyer()
    market.product(integration="legacy")
    market.refused("InvalidLicenseException", record(buyer))


@rule(
    "I06",
    without(
        "rules.identity:known_identifier",
        lambda sent, catalogue: (
            catalogue.by_identifier.get(sent.customer_identifier) or catalogue.add_buyer(PRODUCT, "legacy", None)
        ),
    ),
)
def test_an_identifier_that_does_not_exist_rejects_the_batch(market: Market) -> None:
    buyer = market.buyer("legacy")
    market.refused("InvalidCustomerIdentifierException", record(buyer), record(buyer, CustomerIdentifier="nobody"))


@rule("I07", without("rules.identity:identifier_without_account"))
def test_no_account_beside_a_product_code(market: Market) -> None:
    buyer = market.buyer("legacy")
    market.refused("InvalidCustomerIdentifierException", record(buyer, CustomerAWSAccountId=buyer["accountId"]))
    only_account = record(buyer, CustomerIdentifier="", CustomerAWSAccountId=buyer["accountId"])
    market.refused("InvalidCustomerIdentifierException", only_account)


@rule("I08", without("rules.identity:identifier_without_license"))
def test_a_record_is_not_named_both_ways(market: Market) -> None:
    buyer = market.buyer("legacy")
    both = record({**buyer, "kind": "license"}, CustomerIdentifier=buyer["customerIdentifier"])
    with pytest.raises(market.metering.exceptions.InvalidCustomerIdentifierException):
        market.metering.batch_meter_usage(UsageRecords=[both])


@rule(
    "I09",
    without(
        "rules.identity:known_license",
        lambda sent, catalogue: next(
            buyer for buyer in catalogue.buyers.values() if buyer.account_id == sent.account_id
        ),
    ),
)
def test_a_licence_exists(market: Market) -> None:
    buyer = market.buyer()
    unknown = f"arn:aws:license-manager::{buyer['accountId']}:license:l-9"
    market.refused("InvalidLicenseException", record(buyer), record(buyer, LicenseArn=unknown))
    none = record(buyer)
    del none["LicenseArn"]
    market.refused("InvalidLicenseException", none)


@rule("I10", without("rules.identity:license_matches_account"))
def test_a_licence_matches_the_account(market: Market) -> None:
    buyer, other = market.buyer(), market.buyer()
    market.refused("InvalidLicenseException", record(buyer, CustomerAWSAccountId=other["accountId"]))
    none = record(buyer)
    del none["CustomerAWSAccountId"]
    market.refused("InvalidLicenseException", none)


@rule("I11", without("rules.identity:one_product_per_call"))
def test_all_records_of_a_call_are_of_one_product(market: Market) -> None:
    market.product("prod-code-2")
    one, other = market.buyer(), market.buyer(code="prod-code-2")
    market.refused("InvalidLicenseException", record(one), record(other))
    assert market.statuses(record(other)) == ["Success"]


@rule("I12", without("rules.identity:dimension_of_product"))
def test_a_dimension_is_one_of_the_products(market: Market) -> None:
    buyer = market.buyer()
    for dimension in ("other", "basic_tier"):
        market.refused("InvalidUsageDimensionException", record(buyer), record(buyer, dimension=dimension))


def _whatever_the_case(entry: BoundRecord, product_code: str, catalogue: object) -> None:
    lower = BoundRecord(entry.record._replace(dimension=entry.record.dimension.lower()), entry.buyer)
    _letter_for_letter(lower, product_code, catalogue)


_letter_for_letter = original("rules.identity:dimension_of_product")


@rule("I13", without("rules.identity:dimension_of_product", _whatever_the_case))
def test_dimensions_are_compared_letter_for_letter(market: Market) -> None:
    buyer = market.buyer()
    market.refused("InvalidUsageDimensionException", record(buyer, dimension="Runs"))
    assert market.statuses(record(buyer, dimension="runs")) == ["Success"]


@rule("I14", without("rules.window:is_of_product", lambda buyer, product_code: True))
def test_a_buyer_of_another_product_is_not_subscribed(market: Market) -> None:
    market.product("prod-code-2")
    buyer = market.buyer("legacy", code="prod-code-2")
    assert market.statuses(record(buyer), code=PRODUCT) == ["CustomerNotSubscribed"]
    assert market.statuses(record(buyer), code="prod-code-2") == ["Success"]


@rule("I15", without("catalogue:MOST_DIMENSIONS", 10**9))
def test_200_dimensions_of_a_kind(market: Market) -> None:
    names = [f"d{number}" for number in range(201)]
    for usage, contract in ((names, []), ([], names)):
        with pytest.raises((AdminRefused, AdminError)):
            market.admin.create_product("many", usage, contract_dimensions=contract)
    market.admin.create_product("many", names[:200], contract_dimensions=names[:200])
