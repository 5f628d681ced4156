"""What is asked of the Agreement API, and how its answers are read: against botocore's own model."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from marketplace.agreements import Agreement, Agreements, Provided, TooManyPages

SUMMARY = {
    "agreementId": "agmt-2",
    "status": "ACTIVE",
    "acceptor": {"accountId": "444455556666"},
    "proposalSummary": {"resources": [{"id": "prod-1", "type": "SaaSProduct"}], "offerId": "offer-1"},
    "startTime": datetime(2026, 11, 15, tzinfo=UTC),
    "lastUpdateTime": datetime(2026, 11, 15, 1, tzinfo=UTC),
    "entitlements": [{"licenseArn": "arn:aws:license-manager::1:license:l-1"}, {}],
    "initialAgreementId": "agmt-1",
}


def request(*filters: tuple[str, str], **more: Any) -> dict[str, Any]:
    named = (("PartyType", "Proposer"), ("AgreementType", "PurchaseAgreement"), *filters)
    return {
        "catalog": "AWSMarketplace",
        "filters": [{"name": name, "values": [value]} for name, value in named],
        "maxResults": 50,
        **more,
    }


@pytest.fixture
def stub() -> Any:
    client = boto3.client(
        "marketplace-agreement",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def reader(stub: Any) -> Agreements:
    return Agreements(stub.client, sleep=lambda _seconds: None)


def test_updates_are_asked_for_by_proposer_product_and_time(stub: Any) -> None:
    wanted = (("ResourceIdentifier", "prod-1"), ("AfterLastUpdateTime", "2026-11-15T00:00:00Z"))
    sort = {"sortBy": "LastUpdateTime", "sortOrder": "ASCENDING"}
    first = {"agreementViewSummaries": [SUMMARY], "nextToken": "abc"}
    stub.add_response("search_agreements", first, request(*wanted, sort=sort))
    second = {"agreementViewSummaries": [{"agreementId": "agmt-3"}]}
    stub.add_response("search_agreements", second, request(*wanted, sort=sort, nextToken="abc"))
    since = datetime(2026, 11, 15, tzinfo=UTC).timestamp()
    pages = list(reader(stub).updated_since(since, "prod-1"))
    assert pages == [
        (
            Agreement(
                id="agmt-2",
                status="ACTIVE",
                account_id="444455556666",
                product_ids=("prod-1",),
                offer_id="offer-1",
                initial_id="agmt-1",
                licences=("arn:aws:license-manager::1:license:l-1",),
                start=since,
                updated=since + 3600,
            ),
        ),
        (Agreement(id="agmt-3", status=""),),
    ]


def test_a_chain_is_in_the_order_of_its_starts(stub: Any) -> None:
    earlier = {**SUMMARY, "agreementId": "agmt-1", "startTime": datetime(2025, 11, 15, tzinfo=UTC)}
    answer = {"agreementViewSummaries": [SUMMARY, earlier]}
    stub.add_response("search_agreements", answer, request(("InitialAgreementId", "agmt-1")))
    assert [each.id for each in reader(stub).chain("agmt-1")] == ["agmt-1", "agmt-2"]


def test_entitlements_are_read_without_their_token(stub: Any) -> None:
    entry = {
        "status": "FAILED",
        "statusReasonCode": "INVALID_PAYMENT_INSTRUMENT",
        "licenseArn": "arn:aws:license-manager::1:license:l-1",
        "registrationToken": "secret",
    }
    stub.add_response(
        "get_agreement_entitlements",
        {"agreementEntitlements": [entry]},
        {"agreementId": "agmt-1", "maxResults": 50},
    )
    (found,) = reader(stub).entitlements("agmt-1")
    assert found == Provided(
        status="FAILED", licence="arn:aws:license-manager::1:license:l-1", reason="INVALID_PAYMENT_INSTRUMENT"
    )
    assert "secret" not in repr(found)


def test_an_agreement_that_aws_does_not_know(stub: Any) -> None:
    for operation in ("get_agreement_entitlements", "describe_agreement"):
        stub.add_client_error(operation, "ResourceNotFoundException", http_status_code=404)
    assert reader(stub).entitlements("agmt-1") == ()
    assert reader(stub).describe("agmt-1", 5.0) is None


def test_other_refusals_are_raised(stub: Any) -> None:
    stub.add_client_error("search_agreements", "AccessDeniedException", http_status_code=403)
    with pytest.raises(ClientError):
        reader(stub).chain("agmt-1")


@pytest.mark.parametrize(("status", "updated"), [("ACTIVE", 1_763_164_800.0), ("RENEWED", 5.0)])
def test_a_described_agreement(stub: Any, status: str, updated: float) -> None:
    start = datetime(2025, 11, 15, tzinfo=UTC)
    stub.add_response(
        "describe_agreement",
        {"agreementId": "agmt-1", "status": status, "startTime": start},
        {"agreementId": "agmt-1"},
    )
    found = reader(stub).describe("agmt-1", 5.0)
    assert found is not None and (found.status, found.updated) == (status, updated)


def test_pages_that_do_not_end() -> None:
    class Endless:
        def search_agreements(self, **_request: Any) -> dict[str, Any]:
            return {"agreementViewSummaries": [], "nextToken": "again"}

    with pytest.raises(TooManyPages):
        Agreements(Endless(), sleep=lambda _seconds: None).chain("agmt-1")
