"""Registration tokens and ResolveCustomer."""

from datetime import timedelta

import pytest

from tests.local.marketplace.market import NOW, PRODUCT, Market


def test_a_legacy_buyer_is_resolved_with_an_identifier(market: Market) -> None:
    """botocore model, ResolveCustomerResult and Metadata.AgreementId."""
    buyer = market.buyer("legacy")
    resolved = market.metering.resolve_customer(RegistrationToken=buyer["token"])
    assert {name: resolved[name] for name in resolved if name != "ResponseMetadata"} == {
        "CustomerIdentifier": buyer["customerIdentifier"],
        "CustomerAWSAccountId": buyer["accountId"],
        "ProductCode": PRODUCT,
        "LicenseArn": buyer["licenseArn"],
        "Metadata": {"AgreementId": buyer["agreementId"]},
    }


def test_a_licence_buyer_is_resolved_without_an_identifier(market: Market) -> None:
    """botocore model, ResolveCustomer: "the CustomerIdentifier field is not populated"."""
    buyer = market.buyer("license")
    resolved = market.metering.resolve_customer(RegistrationToken=buyer["token"])
    assert "CustomerIdentifier" not in resolved
    assert (resolved["LicenseArn"], resolved["CustomerAWSAccountId"]) == (buyer["licenseArn"], buyer["accountId"])


def test_a_token_is_good_for_four_hours_and_for_more_than_one_use(market: Market) -> None:
    """User guide, SaaS customer onboarding: 4 hours, reusable; botocore model, ExpiredTokenException."""
    token = market.buyer()["token"]
    first = market.metering.resolve_customer(RegistrationToken=token)["LicenseArn"]
    market.clock.moment = NOW + timedelta(hours=4) - timedelta(seconds=1)
    assert market.metering.resolve_customer(RegistrationToken=token)["LicenseArn"] == first
    market.clock.moment += timedelta(seconds=1)
    with pytest.raises(market.metering.exceptions.ExpiredTokenException):
        market.metering.resolve_customer(RegistrationToken=token)


def test_a_buyer_can_come_again_with_a_new_token(market: Market) -> None:
    buyer = market.buyer()
    market.clock.moment = NOW + timedelta(hours=5)
    token = market.admin.new_token(buyer["id"])
    assert market.metering.resolve_customer(RegistrationToken=token)["LicenseArn"] == buyer["licenseArn"]


@pytest.mark.parametrize("token", ["nobody's", ""])
def test_any_other_token_is_invalid(market: Market, token: str) -> None:
    """botocore model, InvalidTokenException; RegistrationToken is not empty."""
    with pytest.raises(market.metering.exceptions.InvalidTokenException):
        market.metering.resolve_customer(RegistrationToken=token)


def test_no_token_reaches_the_log(market: Market) -> None:
    token = market.buyer()["token"]
    market.metering.resolve_customer(RegistrationToken=token)
    assert [call["operation"] for call in market.admin.calls()] == ["ResolveCustomer"]
    assert token not in str([*market.admin.calls(), *market.admin.buyers()])
