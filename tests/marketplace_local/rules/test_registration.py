"""ResolveCustomer."""

from datetime import timedelta
from typing import Any

import pytest

from marketplace_local import api
from marketplace_local.catalogue import Buyer
from marketplace_local.rules import registration
from tests.marketplace_local.market import NOW, PRODUCT, Market
from tests.marketplace_local.rules.rule import Switch, rule, unbound, without

_OTHER_BUYER = Buyer("l-0", "license", PRODUCT, "1", "arn", "agmt-0", "offer-0")
_resolved, _resolve_customer = registration.resolved, api.resolve_customer


def answering(change: dict[str, Any], *left_out: str) -> Switch:
    """Changes members of the answer, or leaves them out."""

    def resolved(buyer: Buyer) -> dict[str, Any]:
        return {name: value for name, value in (_resolved(buyer) | change).items() if name not in left_out}

    return without("rules.registration:resolved", resolved)


def resolve(market: Market, token: str) -> dict[str, Any]:
    answer = market.metering.resolve_customer(RegistrationToken=token)
    return {name: answer[name] for name in answer if name != "ResponseMetadata"}


@rule("R01", answering({}, "CustomerIdentifier"))
def test_a_legacy_buyer_has_a_customer_identifier(market: Market) -> None:
    buyer = market.buyer("legacy")
    assert resolve(market, buyer["token"])["CustomerIdentifier"] == buyer["customerIdentifier"]


@rule("R02", answering({"CustomerIdentifier": ""}))
def test_a_new_buyer_has_no_customer_identifier(market: Market) -> None:
    assert "CustomerIdentifier" not in resolve(market, market.buyer()["token"])


@rule("R03", answering({}, "Metadata"))
def test_the_agreement_is_in_the_metadata(market: Market) -> None:
    buyer = market.buyer()
    assert resolve(market, buyer["token"]).get("Metadata") == {"AgreementId": buyer["agreementId"]}


@rule("R04", answering({}, "LicenseArn"))
def test_account_product_and_licence_whatever_the_integration(market: Market) -> None:
    for kind in ("legacy", "license"):
        buyer = market.buyer(kind)
        answer = resolve(market, buyer["token"])
        expected = {"CustomerAWSAccountId": "accountId", "ProductCode": "productCode", "LicenseArn": "licenseArn"}
        assert {name: answer.get(name) for name in expected} == {n: buyer[field] for n, field in expected.items()}
        assert answer["ProductCode"] == PRODUCT


@rule("R05", without("rules.registration:token_is_fresh"))
def test_a_token_expires_after_4_hours(market: Market) -> None:
    token = market.buyer()["token"]
    market.clock.moment = NOW + timedelta(hours=4, seconds=-1)
    assert resolve(market, token)
    market.clock.moment += timedelta(seconds=1)
    with pytest.raises(market.metering.exceptions.ExpiredTokenException):
        resolve(market, token)
    market.clock.moment = NOW
    market.admin.set_settings(tokenMinutes=60)
    token = market.buyer()["token"]
    market.clock.moment = NOW + timedelta(hours=1)
    with pytest.raises(market.metering.exceptions.ExpiredTokenException):
        resolve(market, token)


def _used_up(state: Any, body: dict[str, Any]) -> dict[str, Any]:
    answer = _resolve_customer(state, body)
    del state.tokens[body["RegistrationToken"]]
    return answer


@rule("R06", without("api:resolve_customer", _used_up))
def test_a_token_may_be_used_again(market: Market) -> None:
    token = market.buyer()["token"]
    first = resolve(market, token)
    market.clock.moment = NOW + timedelta(hours=3)
    assert resolve(market, token) == first


@rule("R07", without("rules.registration:token_is_known", lambda token: token or registration.Token(_OTHER_BUYER, 9e9)))
def test_any_other_token_is_invalid(market: Market) -> None:
    for token in ("nobody's", market.buyer()["token"] + "x"):
        with pytest.raises(market.metering.exceptions.InvalidTokenException):
            resolve(market, token)


@rule("R08", unbound("NonEmptyString", "pattern"))
def test_an_empty_token_is_invalid(market: Market) -> None:
    with pytest.raises(market.metering.exceptions.InvalidTokenException, match="RegistrationToken"):
        resolve(market, "")


def test_a_buyer_can_come_again_with_a_new_token(market: Market) -> None:
    buyer = market.buyer()
    market.clock.moment = NOW + timedelta(hours=5)
    assert resolve(market, market.admin.new_token(buyer["id"]))["LicenseArn"] == buyer["licenseArn"]


def test_no_token_reaches_the_log(market: Market) -> None:
    token = market.buyer()["token"]
    resolve(market, token)
    assert [call["operation"] for call in market.admin.calls()] == ["ResolveCustomer"]
    assert token not in str([*market.admin.calls(), *market.admin.buyers()])
