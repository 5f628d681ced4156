"""Notices that came before the buyer are applied when he registers."""

from collections.abc import Iterator
from typing import Any

import pytest

from ledger.allowed_buyers import AllowedBuyers
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from ledger.waiting_notices import WaitingNotices, registration_of
from marketplace.client import ResolvedCustomer
from marketplace.notices import parse
from registration.register_buyer import RegistrationDesk
from registration.submission import Arrival
from tests.unit.marketplace_double import MarketplaceDouble, held
from tests.unit.messages import ACCOUNT, AGREEMENT, ARN, LICENSE_ID, PRODUCT, T0, agreement_ended, event, sns
from tests.unit.moto_tables import tables

NOW = T0 + 600
LEGACY = ResolvedCustomer(product_code=PRODUCT, customer_identifier="custA1", account_id=ACCOUNT, license_arn=ARN)
LICENSE = ResolvedCustomer(product_code=PRODUCT, account_id=ACCOUNT, license_arn=ARN, agreement_id=AGREEMENT)


class Front:
    def __init__(self, subscribers: Any, notices: Any) -> None:
        self.subscribers = Subscribers(subscribers)
        self.notices = notices
        self.waiting = WaitingNotices(self.subscribers, Notices(notices))

    def put_aside(self, body: str, waits_for: str) -> None:
        self.waiting.keep(parse(body, message_id="m", sent_ms=0), waits_for, reason="test", now=T0)

    def register(self, buyer: ResolvedCustomer, notices_of: str = "all") -> dict[str, Any]:
        desk = RegistrationDesk(
            marketplace=MarketplaceDouble(buyers={"t": buyer}, holds=(held("basic_tier"),)),
            subscribers=self.subscribers,
            waiting=self.waiting,
            product_code=PRODUCT,
            integration="mixed",
            pricing_model="contract",
            tiers=(),
            allowed=AllowedBuyers.from_setting(notices_of),
        )
        return dict(desk.arrive(Arrival("t"), NOW).subscriber.item)

    def still_waiting(self) -> int:
        return sum("waitingForAgreement" in item for item in self.notices.scan()["Items"])


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    with tables(monkeypatch) as (subscribers, notices):
        yield Front(subscribers, notices)


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
