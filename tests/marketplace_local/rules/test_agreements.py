"""Agreements, as SearchAgreements, DescribeAgreement and GetAgreementEntitlements tell them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from marketplace_local.catalogue import Product
from marketplace_local.catalogue.listing import product_id
from marketplace_local.model import answer_violations
from tests.marketplace_local.market import PRODUCT, Market
from tests.marketplace_local.rules.rule import original, rule, unbound, without

PROPOSER = {"PartyType": "Proposer", "AgreementType": "PurchaseAgreement"}


def found(market: Market, sort: str = "", **filters: str) -> list[dict[str, Any]]:
    return list(page(market, sort, None, **PROPOSER, **filters)["agreementViewSummaries"])


def page(market: Market, sort: str = "", more: dict[str, Any] | None = None, **filters: str) -> dict[str, Any]:
    request: dict[str, Any] = {
        "catalog": "AWSMarketplace",
        "filters": [{"name": name, "values": [value]} for name, value in filters.items()],
        **(more or {}),
    }
    if sort:
        request["sort"] = {"sortBy": sort, "sortOrder": "ASCENDING"}
    answer: dict[str, Any] = market.agreement.search_agreements(**request)
    return answer


def ids(agreements: list[dict[str, Any]]) -> list[str]:
    return [each["agreementId"] for each in agreements]


@rule("G01", without("agreements.search:FILTERS", dict.fromkeys(["AgreementType", "Colour"], lambda *_: True)))
def test_a_filter_that_there_is_not(market: Market) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        page(market, AgreementType="PurchaseAgreement", Colour="blue")


@rule("G02", without("agreements.search:agreement_type_is_named"))
def test_a_search_names_the_type(market: Market) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        page(market, PartyType="Proposer")


@rule("G03", without("agreements.search:matches", lambda entry, filters: entry.status == filters["Status"]))
def test_filters_are_intersected(market: Market) -> None:
    one, other = market.buyer(), market.buyer()
    market.admin.end(other["id"])
    resource = product_id(Product(PRODUCT, "mixed", frozenset()))
    account = one["accountId"]
    assert ids(found(market, ResourceIdentifier=resource, Status="ACTIVE")) == [one["agreementId"]]
    assert ids(found(market, AcceptorAccountId=account, Status="CANCELLED")) == []
    assert ids(found(market, LicenseArn=one["licenseArn"], Status="ACTIVE", ResourceIdentifier="prod-x")) == []


def _any_update(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(original("agreements.search:FILTERS"), "AfterLastUpdateTime", lambda *_: True)


@rule("G04", _any_update)
def test_updated_after_a_moment(market: Market) -> None:
    buyer = market.buyer(activated_at="2026-11-15T10:00:00Z")
    assert ids(found(market, AfterLastUpdateTime="2026-11-15T09:59:59Z")) == [buyer["agreementId"]]
    assert ids(found(market, AfterLastUpdateTime="2026-11-15T10:00:00Z")) == []
    market.admin.end(buyer["id"], "2026-11-15T12:00:00Z")
    assert ids(found(market, AfterLastUpdateTime="2026-11-15T11:00:00Z")) == [buyer["agreementId"]]


@rule("G05", without("agreements.search:ordered", lambda entries, body: entries))
def test_the_order(market: Market) -> None:
    late = market.buyer(activated_at="2026-11-10T00:00:00Z")
    early = market.buyer(activated_at="2026-11-08T00:00:00Z")
    market.admin.end(late["id"], "2026-11-11T00:00:00Z")
    assert ids(found(market)) == [late["agreementId"], early["agreementId"]]
    assert ids(found(market, "StartTime")) == [early["agreementId"], late["agreementId"]]
    assert ids(found(market, "LastUpdateTime")) == [early["agreementId"], late["agreementId"]]


@rule("G06", unbound("MaxResults", "max"))
def test_pages(market: Market) -> None:
    made = {market.buyer()["agreementId"] for _ in range(3)}
    first = page(market, more={"maxResults": 2}, **PROPOSER)
    second = page(market, more={"maxResults": 2, "nextToken": first["nextToken"]}, **PROPOSER)
    assert "nextToken" not in second
    assert {*ids(first["agreementViewSummaries"]), *ids(second["agreementViewSummaries"])} == made
    with pytest.raises(ClientError, match="ValidationException"):
        page(market, more={"maxResults": 2, "nextToken": first["nextToken"]}, **PROPOSER, Status="ACTIVE")
    with pytest.raises(ClientError, match="ValidationException"):
        page(market, more={"maxResults": 51}, **PROPOSER)


@rule("G07", without("agreements.book:initial", lambda entry: entry.id))
def test_a_chain_has_a_first_agreement(market: Market) -> None:
    buyer = market.buyer()
    renewed = market.admin.succeed(buyer["id"], "RENEWED", licence="new", at="2026-11-14T00:00:00Z")
    replaced = market.admin.succeed(renewed["id"], "REPLACED", licence="same", at="2026-11-15T00:00:00Z")
    chain = found(market, "StartTime", InitialAgreementId=buyer["agreementId"])
    assert ids(chain) == [buyer["agreementId"], renewed["agreementId"], replaced["agreementId"]]
    assert {each["initialAgreementId"] for each in chain} == {buyer["agreementId"]}
    assert [each["entitlements"][0]["licenseArn"] for each in chain] == [
        buyer["licenseArn"],
        renewed["licenseArn"],
        renewed["licenseArn"],
    ]


@rule("G08", without("agreements.book:licences", lambda entry: []))
def test_a_found_agreement_names_its_licence(market: Market) -> None:
    buyer = market.buyer()
    (agreement,) = found(market)
    assert agreement["entitlements"] == [{"licenseArn": buyer["licenseArn"]}]
    assert agreement["acceptor"]["accountId"] == buyer["accountId"]
    assert agreement["startTime"] == datetime(2026, 11, 5, tzinfo=UTC)
    described = market.agreement.describe_agreement(agreementId=buyer["agreementId"])
    assert described["status"] == "ACTIVE" and "entitlements" not in described


@rule("G09", without("agreements.describe:known", lambda state, name: next(original("agreements.book:entries")(state))))
def test_an_unknown_agreement(market: Market) -> None:
    market.buyer()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        market.agreement.get_agreement_entitlements(agreementId="agmt-other")


@rule("G10", without("agreements.describe:provisioning", lambda state, entry: ("PROVISIONED", "AGREEMENT_ACTIVE")))
def test_how_an_entitlement_stands(market: Market) -> None:
    def standing(buyer: dict[str, Any]) -> tuple[str, str]:
        answer = market.agreement.get_agreement_entitlements(agreementId=buyer["agreementId"])
        (one,) = answer["agreementEntitlements"]
        assert one["licenseArn"] == buyer["licenseArn"]
        return one["status"], one["statusReasonCode"]

    buyer = market.buyer()
    assert standing(buyer) == ("PROVISIONED", "AGREEMENT_ACTIVE")
    market.admin.suspend(buyer["id"])
    assert standing(buyer) == ("FAILED", "ACCOUNT_SUSPENDED")
    market.admin.resume(buyer["id"])
    market.admin.end(buyer["id"])
    assert standing(buyer) == ("DEPROVISIONED", "AGREEMENT_INACTIVE")
    assert standing(market.buyer(activated_at="2026-11-16T00:00:00Z")) == ("SCHEDULED", "FUTURE_START_DATE")


@rule("G11", without("agreements.succession:ended_as", lambda how: "CANCELLED"))
def test_a_followed_agreement_is_not_cancelled(market: Market) -> None:
    buyer, other = market.buyer(), market.buyer()
    market.admin.succeed(buyer["id"], "RENEWED", licence="same")
    market.admin.succeed(other["id"], "REPLACED", licence="new")
    statuses = {each["agreementId"]: each["status"] for each in found(market)}
    assert statuses[buyer["agreementId"]] == "RENEWED" and statuses[other["agreementId"]] == "REPLACED"


def test_answers_keep_to_the_model(market: Market) -> None:
    buyer = market.buyer()
    market.admin.end(buyer["id"])
    for operation, body in (
        ("SearchAgreements", {"filters": [{"name": "AgreementType", "values": ["PurchaseAgreement"]}]}),
        ("DescribeAgreement", {"agreementId": buyer["agreementId"]}),
        ("GetAgreementEntitlements", {"agreementId": buyer["agreementId"]}),
    ):
        answer = original("invoices.api:answer")(market.state, operation, "us-east-1", body)
        assert answer_violations("marketplace-agreement", operation, answer) == []


def test_lost_notices_never_arrive(market: Market) -> None:
    buyer = market.buyer()
    assert len(market.admin.notices(buyer["id"])) == 2
    market.admin.lose(buyer["id"], "License Updated")
    assert [each["body"]["detail-type"] for each in market.admin.notices(buyer["id"])] == [
        "Purchase Agreement Created - Proposer"
    ]
    market.admin.lose(buyer["id"], "")
    assert market.admin.notices(buyer["id"]) == []
    market.admin.lose(buyer["id"])
    assert len(market.admin.notices(buyer["id"])) == 2


def test_notices_of_a_renewal_with_another_licence(market: Market) -> None:
    buyer = market.buyer()
    renewed = market.admin.succeed(buyer["id"], "RENEWED", licence="new", at="2026-11-15T12:00:00Z")
    old = [each["body"] for each in market.admin.notices(buyer["id"])]
    new = [each["body"] for each in market.admin.notices(renewed["id"])]
    assert [each["detail"]["agreement"].get("status") for each in old] == ["ACTIVE", None, "RENEWED", None]
    assert new[0]["detail"]["agreement"]["previousAgreementId"] == buyer["agreementId"]
    assert new[1]["detail"]["license"]["arn"] == renewed["licenseArn"]
