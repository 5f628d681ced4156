"""Notices that never arrive: the hourly search finds what they should have told, once, and as if they had come."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from marketplace.tiers import Tier
from tests.scenarios.noticed import DAY, HOUR, MINUTE, Noticed
from tests.scenarios.world import START
from tests.scenarios.world import world as new_world


@pytest.fixture
def stage() -> Iterator[Noticed]:
    with new_world(integration="license") as world:
        yield Noticed(world)


def test_a_lost_start_is_found_and_billed(stage: Noticed) -> None:
    buyer = stage.buys()
    stage.world.marketplace.lose(buyer["id"], "")
    assert stage.deliver(buyer) == 0
    stage.world.now += 30 * MINUTE
    assert stage.search()["lost"] == 1
    assert stage.knows(buyer) == ("active", [(START + 1, None)])
    found = stage.row(buyer)
    assert (found.account_id, found.agreement_id) == (buyer["accountId"], buyer["agreementId"])
    assert (found.license_arn, found.chain.agreement_status) == (buyer["licenseArn"], "ACTIVE")
    world = stage.world
    assert world.report(world.event(buyer["id"], "a", 2))[0]["verdict"] == "recorded"
    world.next_run()
    assert world.billed(buyer["id"]) == 2


def test_a_search_finds_nothing_twice_and_nothing_that_was_told(stage: Noticed) -> None:
    told, lost = stage.buys(), stage.buys()
    stage.world.marketplace.lose(lost["id"], "")
    stage.deliver(told, lost)
    stage.world.now += 30 * MINUTE
    first = stage.search()
    assert (first["lost"], first["agreements"]) == (1, 2)
    for _ in range(3):
        stage.world.now += HOUR
        assert stage.search()["lost"] == 0
    before = stage.row(lost).version
    stage.world.now += DAY
    stage.search()
    assert stage.row(lost).version == before


def test_a_start_that_is_under_way_is_not_called_lost(stage: Noticed) -> None:
    buyer = stage.buys()
    stage.world.now += 14 * MINUTE
    assert stage.search()["lost"] == 0
    assert stage.world.subscribers.get(buyer["id"]) is None
    stage.world.now += HOUR
    assert stage.search()["lost"] == 1, "the next search overlaps"


def test_the_real_notice_that_comes_after_all_changes_no_period(stage: Noticed) -> None:
    buyer = stage.buys()
    stage.world.marketplace.lose(buyer["id"], "")
    stage.world.now += HOUR
    stage.search()
    before = stage.knows(buyer)
    stage.world.marketplace.lose(buyer["id"])
    assert stage.deliver(buyer) == 2
    assert stage.knows(buyer) == before


def test_a_lost_end_is_found(stage: Noticed) -> None:
    buyer = stage.buys()
    stage.deliver(buyer)
    stage.world.now += 2 * HOUR
    ended = stage.world.now
    stage.world.marketplace.end(buyer["id"])
    stage.world.marketplace.lose(buyer["id"], "Purchase Agreement Ended", "License Deprovisioned")
    stage.deliver(buyer)
    stage.world.now += 20 * MINUTE
    assert stage.search()["lost"] == 1
    status, periods = stage.knows(buyer)
    assert (status, periods[-1][1]) == ("pending_cancellation", ended)
    assert stage.row(buyer).accepts_until == ended + 45 * MINUTE
    stage.world.marketplace.lose(buyer["id"])
    stage.deliver(buyer)
    assert stage.knows(buyer) == (status, periods)


def test_a_whole_life_that_nobody_told_is_found(stage: Noticed) -> None:
    buyer = stage.buys()
    stage.world.marketplace.lose(buyer["id"], "")
    stage.world.now += 30 * MINUTE
    stage.world.marketplace.end(buyer["id"])
    stage.world.now += HOUR
    assert stage.search()["lost"] == 2
    assert stage.knows(buyer) == ("pending_cancellation", [(START + 1, START + 30 * MINUTE)])


@pytest.mark.parametrize("status", ["RENEWED", "REPLACED"])
def test_a_renewal_with_the_same_licence_changes_no_period(stage: Noticed, status: str) -> None:
    buyer = stage.buys()
    stage.deliver(buyer)
    before = stage.knows(buyer)
    stage.world.now += DAY
    renewed = stage.world.marketplace.succeed(buyer["id"], status)
    stage.world.marketplace.lose(buyer["id"], "")
    stage.world.now += HOUR
    assert stage.search()["lost"] == 0
    assert stage.knows(buyer) == before
    found = stage.row(buyer)
    assert (found.agreement_id, found.chain.agreement_status) == (renewed["agreementId"], "ACTIVE")
    assert found.chain.initial_agreement_id == buyer["agreementId"]
    stage.world.marketplace.end(buyer["id"])
    stage.world.now += HOUR
    assert stage.search()["lost"] == 1
    assert stage.knows(buyer)[0] == "pending_cancellation"


@pytest.mark.parametrize("status", ["RENEWED", "REPLACED"])
@pytest.mark.parametrize("lost", [False, True])
def test_a_followed_licence_ends_and_the_next_one_is_linked(stage: Noticed, status: str, lost: bool) -> None:
    buyer = stage.buys()
    stage.deliver(buyer)
    stage.world.now += DAY
    followed = stage.world.now
    renewed = stage.world.marketplace.succeed(buyer["id"], status, licence="new")
    for each in (buyer, renewed) if lost else ():
        stage.world.marketplace.lose(each["id"], "")
    stage.deliver(buyer, renewed)
    stage.world.now += 30 * MINUTE
    counts = stage.search()
    assert counts["lost"] == (2 if lost else 0)
    assert counts["linked"] == (1 if lost or status == "REPLACED" else 0), "a renewal's notice names the agreement"
    old, new = stage.row(buyer), stage.row(renewed)
    assert (old.status, old.active_periods[-1].end) == ("pending_cancellation", followed)
    assert new.status == "active" and new.active_periods[-1].end is None
    assert (old.chain.succeeded_by, new.previous_identifier) == (renewed["id"], buyer["id"])
    assert old.chain.is_followed, "its end revokes no access"
    assert new.chain.initial_agreement_id == buyer["agreementId"]
    assert (old.chain.agreement_status, new.chain.agreement_status) == (status, "ACTIVE")


def test_entitlements_that_changed_without_a_notice_are_fetched() -> None:
    tiers = tuple(Tier(name, {"workflow_executions": Decimal(10)}) for name in ("basic", "pro"))
    with new_world(integration="license", pricing_model="contract-with-consumption", tiers=tiers) as world:
        stage = Noticed(world)
        until = "2027-11-15T00:00:00Z"
        buyer = stage.buys(entitlements=[{"dimension": "basic", "value": 1, "expiresAt": until}])
        world.marketplace.lose(buyer["id"], "")
        world.now += HOUR
        stage.search()
        assert stage.row(buyer).tier == "basic"
        world.marketplace.set_entitlements(buyer["id"], [{"dimension": "pro", "value": 1, "expiresAt": until}])
        world.now += 10 * MINUTE
        stage.search()
        assert stage.row(buyer).tier == "basic", "its notice may be under way"
        world.now += HOUR
        stage.search()
        assert stage.row(buyer).tier == "pro"


def test_how_entitlements_stand_is_kept(stage: Noticed) -> None:
    buyer = stage.buys()
    stage.deliver(buyer)
    stage.world.marketplace.suspend(buyer["id"])
    stage.world.now += 30 * MINUTE
    stage.search()
    (one,) = stage.row(buyer).agreement_entitlements
    assert one == ("FAILED", buyer["licenseArn"], "ACCOUNT_SUSPENDED")
    assert stage.row(buyer).agreement_entitlements_at == stage.world.now


def test_a_legacy_customer_follows_all_of_its_agreements() -> None:
    with new_world(integration="mixed") as world:
        stage = Noticed(world)
        buyer = stage.buys("legacy")
        stage.deliver(buyer)
        world.change(buyer["id"], customerAWSAccountId=buyer["accountId"], agreementId=buyer["agreementId"])
        world.now += 2 * HOUR
        ended = world.now
        world.marketplace.end(buyer["id"])
        world.marketplace.lose(buyer["id"], "unsubscribe")
        stage.deliver(buyer)
        assert stage.row(buyer).status == "active"
        world.now += HOUR
        assert stage.search()["lost"] == 1
        assert stage.knows(buyer) == ("pending_cancellation", [(int(START), int(ended))])
        assert world.subscribers.get(buyer["licenseArn"].rsplit(":", 1)[1]) is None, "its licence is no customer"


def test_other_products_and_kept_out_buyers_stay_out(stage: Noticed) -> None:
    stage.world.marketplace.create_product("other", ["runs"], integration="license")
    foreign = stage.world.marketplace.create_buyer("other", "license", activated_at="2026-11-15T08:00:00Z")
    stage.world.now += HOUR
    assert stage.search()["agreements"] == 0
    assert stage.world.subscribers.get(foreign["id"]) is None


def test_a_search_that_fails_goes_on_where_it_stopped(stage: Noticed) -> None:
    buyers = [stage.buys() for _ in range(3)]
    for buyer in buyers:
        stage.world.marketplace.lose(buyer["id"], "")
    stage.world.now += HOUR
    stage.world.marketplace.arm("error", error="AccessDeniedException", operation="SearchAgreements", times=1)
    with pytest.raises(ClientError):
        stage.search()
    stage.world.now += 5 * HOUR
    assert stage.search()["lost"] == 3


def test_throttling_is_waited_out(stage: Noticed) -> None:
    buyer = stage.buys()
    stage.world.marketplace.lose(buyer["id"], "")
    stage.world.now += HOUR
    for operation in ("SearchAgreements", "GetAgreementEntitlements"):
        stage.world.marketplace.arm("throttle", operation=operation, times=2)
    assert stage.search()["lost"] == 1


def test_many_pages_are_read(stage: Noticed) -> None:
    for _ in range(120):
        buyer = stage.buys()
        stage.world.marketplace.lose(buyer["id"], "")
    stage.world.now += HOUR
    assert stage.search()["lost"] == 120


def test_a_future_agreement_is_remembered_until_it_begins(stage: Noticed) -> None:
    begins = stage.world.now + 3 * DAY
    buyer: dict[str, Any] = stage.world.marketplace.create_buyer(
        "prod-scenarios", "license", activated_at="2026-11-18T08:00:00Z"
    )
    stage.world.marketplace.lose(buyer["id"], "")
    stage.world.now += HOUR
    stage.search()
    assert stage.world.subscribers.get(buyer["id"]) is None
    stage.world.now = begins + HOUR
    assert stage.search()["lost"] == 1
    assert stage.row(buyer).active_periods[0].start == begins + 1
