"""Notices that come before the buyer are applied at the registration."""

from typing import Any

import pytest

from buyer.assembly import registration as assembly
from buyer.notices.waiting import WaitingNotices, registration_of
from buyer.registration.arrival import Arrival
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from ledger.tables import NOTICES, SUBSCRIBERS
from local.dynamodb.store import MemoryDynamoDB
from marketplace.client import ResolvedCustomer
from marketplace.notices import parse
from runtime.settings import RegistrationSettings
from tests.products import sold
from tests.unit.marketplace_double import MarketplaceDouble, held
from tests.unit.messages import ACCOUNT, AGREEMENT, ARN, LICENSE_ID, PRODUCT, T0, agreement_ended, event, sns

NOW = T0 + 600
LEGACY = ResolvedCustomer(product_code=PRODUCT, customer_identifier="custA1", account_id=ACCOUNT, license_arn=ARN)
LICENSE = ResolvedCustomer(product_code=PRODUCT, account_id=ACCOUNT, license_arn=ARN, agreement_id=AGREEMENT)


class Front:
    def __init__(self, subscribers: Any, notices: Any) -> None:
        self.notices = notices
        self.waiting = WaitingNotices(Subscribers(subscribers), Notices(notices))

    def put_aside(self, body: str, waits_for: str) -> None:
        self.waiting.keep(parse(body, message_id="m", sent_ms=0), waits_for, reason="test", now=T0)

    def register(self, buyer: ResolvedCustomer, notices_of: str = "all") -> dict[str, Any]:
        marketplace = MarketplaceDouble(buyers={"t": buyer}, holds=(held("basic_tier"),))
        settings = RegistrationSettings(
            PRODUCTS=sold(code=PRODUCT, pricing_model="contract").to_json(),
            METERING_REGION="us-east-1",
            SELLER_ROLE_ARN="",
            EXTERNAL_ID="",
            NOTICES_OF=notices_of,
            SUBSCRIBERS_TABLE=SUBSCRIBERS.name,
            NOTICES_TABLE=NOTICES.name,
            SESSION_SECRET_ARN="",
            REGISTRATION_FIELDS="{}",
            CONFIRM_WITHIN_SECONDS="3600",
            BRANDING="{}",
            HANDOVER_URL="",
            HANDOVER_REDIRECTS="",
            HANDOVER_ISSUER="",
            HANDOVER_SECRET_ARN="",
        )
        registrar = assembly.registrar(settings, marketplace)
        return dict(registrar.arrive(Arrival("t"), NOW).subscriber.item)

    def still_waiting(self) -> int:
        return sum("waitingForAgreement" in item for item in self.notices.scan()["Items"])


@pytest.fixture
def front(dynamodb: MemoryDynamoDB) -> Front:
    return Front(dynamodb.Table(SUBSCRIBERS.name), dynamodb.Table(NOTICES.name))


def test_a_test_buyers_start_is_applied_and_fetched_after(front: Front) -> None:
    front.put_aside(sns("subscribe-success", T0), registration_of("custA1"))
    row = front.register(LEGACY, notices_of=ACCOUNT)
    assert (row["subscriptionStatus"], row["activePeriods"]) == ("active", [{"start": int(T0)}])
    assert row["entitlementsFetchedAt"] >= row["lastNoticeAt"]
    assert front.still_waiting() == 0
    assert front.register(LEGACY, notices_of=ACCOUNT)["activePeriods"] == row["activePeriods"]


def test_what_was_put_aside_before_a_stage_went_live_is_applied_after_it(front: Front) -> None:
    front.put_aside(sns("subscribe-success", T0), registration_of("custA1"))
    assert front.register(LEGACY, notices_of="all")["subscriptionStatus"] == "active"
    assert front.still_waiting() == 0


def test_a_notice_that_other_code_put_aside_with_more_is_applied(front: Front) -> None:
    """A rollback makes older code read what newer code has kept."""
    front.put_aside(sns("subscribe-success", T0), registration_of("custA1"))
    (item,) = front.notices.scan()["Items"]
    front.notices.put_item(Item={**item, "notice": {**item["notice"], "of_a_later_version": "x"}})
    assert front.register(LEGACY)["subscriptionStatus"] == "active"


def test_a_strangers_start_stays_aside(front: Front) -> None:
    front.put_aside(sns("subscribe-success", T0), registration_of("custA1"))
    assert front.register(LEGACY, notices_of="111122223333")["subscriptionStatus"] == "pending"
    assert front.still_waiting() == 1


def test_an_agreements_notices_are_applied_when_the_registration_binds_it(front: Front) -> None:
    front.put_aside(agreement_ended("CANCELLED", T0 + 60), AGREEMENT)
    front.put_aside(event("Purchase Agreement Advisory Issued - Manufacturer", T0 + 50), AGREEMENT)
    row = front.register(LICENSE)
    assert row["customerIdentifier"] == LICENSE_ID
    assert [entry["kind"] for entry in row["lifecycleNotices"].values()] == ["end"]
    assert row["agreementStanding"]["advisory"]["state"] == "issued"
    assert (row["subscriptionStatus"], front.still_waiting()) == ("pending", 0)
