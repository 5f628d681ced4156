"""GetEntitlements."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from marketplace_local.catalogue import Buyer, Entitlement
from marketplace_local.rules import entitlements
from tests.marketplace_local.market import PRODUCT, Market
from tests.marketplace_local.rules.rule import optional, rule, unbound, without

BASIC: dict[str, Any] = {"dimension": "basic_tier", "value": 1, "expiresAt": "2026-12-01T00:00:00Z"}
GOLD: dict[str, Any] = {"dimension": "gold_tier", "value": True}
ACCOUNTS = ["111111111111", "222222222222", "333333333333"]

_page, _wire = entitlements.page, entitlements._wire


def held(market: Market, **request: Any) -> list[tuple[str, str]]:
    """(account, dimension) of all pages."""
    pages = market.entitlement.get_paginator("get_entitlements").paginate(**{"ProductCode": PRODUCT, **request})
    return [(entry["CustomerAWSAccountId"], entry["Dimension"]) for page in pages for entry in page["Entitlements"]]


def invalid(market: Market, **request: Any) -> None:
    with pytest.raises(market.entitlement.exceptions.InvalidParameterException):
        market.entitlement.get_entitlements(**{"ProductCode": PRODUCT, **request})


@rule("E01", optional("GetEntitlementsRequest", "ProductCode"))
def test_the_product_code_is_needed(market: Market) -> None:
    reply = market.raw({}, "AWSMPEntitlementService.GetEntitlements")
    assert (reply.status, reply.body["__type"]) == (400, "InvalidParameterException")


@rule("E02", without("rules.entitlements:product_is_known"))
def test_an_unknown_product_is_invalid(market: Market) -> None:
    invalid(market, ProductCode="prod-code-9")


def _of_all_products(code: str, filters: Any, buyers: Any, now: float) -> list[dict[str, Any]]:
    return [_wire(buyer, entry) for buyer in buyers for entry in buyer.entitlements]


@rule("E03", without("rules.entitlements:entitlements", _of_all_products))
def test_only_the_products_entitlements(market: Market) -> None:
    market.product("prod-code-2")
    market.buyer(account_id=ACCOUNTS[0], entitlements=[BASIC])
    market.buyer(account_id=ACCOUNTS[0], entitlements=[GOLD], code="prod-code-2")
    assert held(market) == [(ACCOUNTS[0], "basic_tier")]
    assert held(market, ProductCode="prod-code-2") == [(ACCOUNTS[0], "gold_tier")]


@rule("E04", without("rules.entitlements:filters_are_exclusive"))
def test_identifier_and_account_exclude_each_other(market: Market) -> None:
    invalid(market, Filter={"CUSTOMER_IDENTIFIER": ["a"], "CUSTOMER_AWS_ACCOUNT_ID": ["1"]})


def _first_value_only(filters: Mapping[str, Sequence[str]], buyer: Buyer, entry: Entitlement) -> bool:
    return entitlements_pass({name: values[:1] for name, values in filters.items()}, buyer, entry)


def _any_filter(filters: Mapping[str, Sequence[str]], buyer: Buyer, entry: Entitlement) -> bool:
    return not filters or any(entitlements_pass({n: values}, buyer, entry) for n, values in filters.items())


entitlements_pass = entitlements.passes


@rule("E05", without("rules.entitlements:passes", _first_value_only))
def test_values_of_a_filter_are_unioned(market: Market) -> None:
    buyers = [market.buyer(account_id=account, entitlements=[GOLD]) for account in ACCOUNTS]
    wanted = [(account, "gold_tier") for account in ACCOUNTS[:2]]
    assert held(market, Filter={"CUSTOMER_AWS_ACCOUNT_ID": ACCOUNTS[:2]}) == wanted
    assert held(market, Filter={"LICENSE_ARN": [buyer["licenseArn"] for buyer in buyers[:2]]}) == wanted
    assert held(market, Filter={"CUSTOMER_IDENTIFIER": ["nobody"]}) == []


@rule("E06", without("rules.entitlements:passes", _any_filter))
def test_filters_are_intersected(market: Market) -> None:
    legacy = market.buyer("legacy", account_id=ACCOUNTS[0], entitlements=[BASIC, GOLD])
    market.buyer("legacy", account_id=ACCOUNTS[1], entitlements=[GOLD])
    wanted = {"CUSTOMER_IDENTIFIER": [legacy["customerIdentifier"]], "DIMENSION": ["gold_tier"]}
    assert held(market, Filter=wanted) == [(ACCOUNTS[0], "gold_tier")]


@rule("E07", unbound("GetEntitlementFilterName", "enum"))
def test_other_filters_are_invalid(market: Market) -> None:
    with pytest.raises(ClientError, match="must be one of"):
        market.entitlement.get_entitlements(ProductCode=PRODUCT, Filter={"COLOUR": ["red"]})
    invalid(market, Filter={"COLOUR": ["red"]})


@rule("E08", unbound("FilterValueList", "min"))
def test_a_filter_has_a_value(market: Market) -> None:
    invalid(market, Filter={"DIMENSION": []})


@rule("E09", unbound("PageSizeInteger", "min", "max"))
def test_pages_have_1_to_25_entries(market: Market) -> None:
    for size in (0, 26):
        invalid(market, MaxResults=size)
    for size in (1, 25):
        assert market.entitlement.get_entitlements(ProductCode=PRODUCT, MaxResults=size)["Entitlements"] == []


def _many(market: Market) -> list[tuple[str, str]]:
    accounts = [f"{n:012d}" for n in range(30)]
    for account in accounts:
        market.buyer(account_id=account, entitlements=[GOLD])
    return [(account, "gold_tier") for account in accounts]


@rule("E10", without("rules.entitlements:LARGEST_PAGE", 100))
def test_a_page_has_25_entries_and_leads_to_the_next(market: Market) -> None:
    everybody = _many(market)
    first = market.entitlement.get_entitlements(ProductCode=PRODUCT)
    assert len(first["Entitlements"]) == 25
    second = market.entitlement.get_entitlements(ProductCode=PRODUCT, NextToken=first["NextToken"])
    assert len(second["Entitlements"]) == 5
    assert "NextToken" not in second
    assert held(market) == everybody
    assert held(market, PaginationConfig={"PageSize": 7}) == everybody


def _full_pages_only(found: Any, request: Any, *, empty_pages: bool) -> dict[str, Any]:
    return _page(found, request, empty_pages=False)


@rule("E11", without("rules.entitlements:page", _full_pages_only))
def test_an_empty_page_may_lead_on(market: Market) -> None:
    everybody = _many(market)
    market.admin.set_settings(emptyPages=True)
    first = market.entitlement.get_entitlements(ProductCode=PRODUCT)
    assert first["Entitlements"] == []
    assert first["NextToken"]
    assert held(market) == everybody
    assert held(market, PaginationConfig={"PageSize": 7}) == everybody


@rule("E12", without("rules.entitlements:_position", lambda token, asked: (0, False)))
def test_a_token_that_was_never_issued_is_invalid(market: Market) -> None:
    for token in ("made-up", "!", "WzEsMl0=", "é"):
        invalid(market, NextToken=token)


@rule("E13", without("rules.entitlements:token_fits_request"))
def test_a_token_belongs_to_its_request(market: Market) -> None:
    market.product("prod-code-2")
    market.buyer(entitlements=[BASIC, GOLD])
    token = market.entitlement.get_entitlements(ProductCode=PRODUCT, MaxResults=1)["NextToken"]
    invalid(market, MaxResults=1, NextToken=token, Filter={"DIMENSION": ["gold_tier"]})
    invalid(market, MaxResults=1, NextToken=token, ProductCode="prod-code-2")
    assert len(market.entitlement.get_entitlements(ProductCode=PRODUCT, NextToken=token)["Entitlements"]) == 1


@rule("E14", without("rules.entitlements:is_expired", lambda entry, now: False))
def test_an_expired_entitlement_is_gone(market: Market) -> None:
    buyer = market.buyer(entitlements=[BASIC, GOLD])
    market.clock.moment = datetime(2026, 12, 1, tzinfo=UTC) - timedelta(seconds=1)
    assert len(held(market)) == 2
    market.clock.moment += timedelta(seconds=1)
    assert held(market) == [(buyer["accountId"], "gold_tier")]


@rule("E15", without("rules.entitlements:has_ended", lambda buyer, now: False))
def test_an_ended_agreement_has_none(market: Market) -> None:
    buyer = market.buyer(entitlements=[GOLD])
    market.admin.end(buyer["id"])
    assert held(market) == []
    market.admin.activate(buyer["id"])
    assert held(market) == [(buyer["accountId"], "gold_tier")]


def _always_a_string(buyer: Buyer, entry: Entitlement) -> dict[str, Any]:
    return _wire(buyer, entry) | {"Value": {"StringValue": str(entry.value)}}


@rule("E16", without("rules.entitlements:_wire", _always_a_string))
def test_a_value_stands_in_the_member_of_its_kind(market: Market) -> None:
    values = {"IntegerValue": 2, "DoubleValue": 2.5, "BooleanValue": True, "StringValue": "x"}
    for value in values.values():
        market.buyer(entitlements=[{"dimension": "basic_tier", "value": value}])
    found = market.entitlement.get_entitlements(ProductCode=PRODUCT)["Entitlements"]
    assert [entry["Value"] for entry in found] == [{field: value} for field, value in values.items()]


def _always_named(buyer: Buyer, entry: Entitlement) -> dict[str, Any]:
    return _wire(buyer, entry) | {"CustomerIdentifier": buyer.customer_identifier or "none"}


@rule("E17", without("rules.entitlements:_wire", _always_named))
def test_the_members_of_an_entitlement(market: Market) -> None:
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
    assert "CustomerIdentifier" not in two
    assert "ExpirationDate" not in two


@rule("E18", without("rules.regions:entitlement_region"))
def test_the_service_is_in_one_region_only(market: Market) -> None:
    with pytest.raises(ClientError, match="use us-east-1"):
        market.entitlement_in("eu-west-1").get_entitlements(ProductCode=PRODUCT)
    for partition in ("us-east-1", "cn-northwest-1", "eusc-de-east-1"):
        body = {"ProductCode": PRODUCT}
        assert market.raw(body, "AWSMPEntitlementService.GetEntitlements", region=partition).status == 200


def test_a_renewal_replaces_what_is_held(market: Market) -> None:
    """User guide, SaaS contracts: the next GetEntitlements shows an upgrade or a renewal."""
    buyer = market.buyer(entitlements=[BASIC])
    market.admin.set_entitlements(buyer["id"], [GOLD])
    assert held(market) == [(buyer["accountId"], "gold_tier")]
