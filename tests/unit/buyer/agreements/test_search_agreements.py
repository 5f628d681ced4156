"""The function ``search-agreements``, made from an environment as the stack gives it, on tables in memory."""

import json
from typing import Any

import pytest

from buyer.assembly import agreements as assembly
from buyer.handlers import search_agreements
from ledger.tables import NOTICES, STATE, SUBSCRIBERS
from local.dynamodb.store import MemoryDynamoDB
from marketplace.agreements import Agreement, Provided
from runtime import clock
from tests.products import sold
from tests.unit.emitted import emitted
from tests.unit.marketplace_double import MarketplaceDouble
from tests.unit.messages import ACCOUNT, AGREEMENT, ARN, LICENSE_ID, PRODUCT, T0


class Listed:
    """The Agreement API: one agreement that began an hour ago."""

    found = Agreement(
        id=AGREEMENT,
        status="ACTIVE",
        account_id=ACCOUNT,
        initial_id=AGREEMENT,
        licences=(ARN,),
        start=T0,
        updated=T0,
    )

    def updated_since(self, _since: float, product_id: str) -> Any:
        assert product_id == "prod-1"
        yield (self.found,)

    def entitlements(self, _agreement_id: str) -> tuple[Provided, ...]:
        return (Provided(status="PROVISIONED", licence=ARN, reason="AGREEMENT_ACTIVE"),)


class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "x"

    def __init__(self, seconds: int = 600) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return self.seconds * 1000


@pytest.fixture
def dynamodb_with(dynamodb: MemoryDynamoDB, monkeypatch: pytest.MonkeyPatch) -> MemoryDynamoDB:
    for name, value in {
        "PRODUCTS": sold(code=PRODUCT, integration="license").to_json(),
        "PRODUCT_IDS": json.dumps({PRODUCT: "prod-1"}),
        "NOTICES_OF": "all",
        "SUBSCRIBERS_TABLE": SUBSCRIBERS.name,
        "NOTICES_TABLE": NOTICES.name,
        "STATE_TABLE": STATE.name,
        "SELLER_ROLE_ARN": "",
        "EXTERNAL_ID": "",
    }.items():
        monkeypatch.setenv(name, value)
    real: Any = assembly.searches
    listed: Any = Listed()
    monkeypatch.setattr(assembly, "searches", lambda settings: real(settings, listed, MarketplaceDouble()))
    monkeypatch.setattr(clock, "now", lambda: T0 + 3600)
    search_agreements.assembled.cache_clear()
    return dynamodb


def call(seconds: int = 600) -> dict[str, int]:
    context: Any = Context(seconds)
    return dict(search_agreements.handler({}, context))


def test_a_lost_start_is_found_once(dynamodb_with: MemoryDynamoDB, capsys: pytest.CaptureFixture[str]) -> None:
    assert call() == {"lost": 1, "agreements": 1, "failed": 0, "linked": 0}
    item: Any = dynamodb_with.Table(SUBSCRIBERS.name).get_item(Key={"customerIdentifier": LICENSE_ID})["Item"]
    assert (item["subscriptionStatus"], item["agreementStatus"]) == ("active", "ACTIVE")
    assert item["agreementEntitlements"] == [{"status": "PROVISIONED", "licenseArn": ARN, "reason": "AGREEMENT_ACTIVE"}]
    assert emitted(capsys)["NoticesLost"] == 1
    assert call()["lost"] == 0


def test_out_of_time_it_goes_on_with_the_next_call(dynamodb_with: MemoryDynamoDB) -> None:
    assert call(seconds=30)["agreements"] == 0
    assert "Item" not in dynamodb_with.Table(STATE.name).get_item(
        Key={"customerIdentifier": "#agreements", "item": "search#prod-1"}
    )
    assert call()["lost"] == 1
