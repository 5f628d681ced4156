"""A buyer cancels in the deployed stage: its last hour is billed within Marketplace's grace, without an hourly run."""

from decimal import Decimal

import pytest

from ledger import tables
from ledger.balance import ENDED, ITEM, REMAINDER
from local.replay.buyers import Buyer
from runtime.clock import from_iso
from tests.local.stage.acting import Acting, Item, wait_until

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]

#: minutes from the end until usage is refused
REFUSED_AFTER = 45


@pytest.fixture
def leaver(acting: Acting) -> Buyer:
    """The buyer used something, beyond what any tier includes, and cancelled."""
    (buyer,) = acting.arrive(1)
    acting.record(acting.event(buyer, quantity=20), acting.event(buyer, "api_calls", "3400"))
    acting.leave(buyer)
    wait_until(lambda: bool(acting.final_meterings(buyer)), "the subscribers' stream has started final metering")
    return buyer


def ended(acting: Acting, buyer: Buyer) -> int:
    """When, in epoch seconds."""
    return int(from_iso(acting.get(buyer)["activePeriods"][-1]["end"]))


def balance(acting: Acting, buyer: Buyer) -> Item:
    (item,) = [
        item
        for item in acting.stage.items(tables.STATE)
        if (item["customerIdentifier"], item["item"]) == (buyer.customer_identifier, ITEM)
    ]
    return item


def billed(acting: Acting, buyer: Buyer) -> dict[str, Decimal]:
    return {dimension: quantity for (_, _, dimension), quantity in acting.billed(buyer).items()}


def owed(acting: Acting, buyer: Buyer) -> tuple[dict[str, Decimal], Decimal]:
    """Billed units, and the calls that remain."""
    tier = next(tier for tier in acting.stage.product.tiers if tier.name == buyer.tier)
    calls = 3400 - tier.included["api_calls"]
    units = {"workflow_executions": 20 - tier.included["workflow_executions"], "api_calls": calls // 1000}
    return {name: quantity for name, quantity in units.items() if quantity}, calls % 1000


def test_the_last_hour_is_billed_within_the_grace_and_the_remainder_is_named(acting: Acting, leaver: Buyer) -> None:
    runs = acting.runs()
    units, remaining = owed(acting, leaver)
    assert acting.get(leaver)["subscriptionStatus"] == "pending_cancellation"
    acting.pass_minutes(REFUSED_AFTER)
    acting.wait_for_status(leaver, "cancelled")
    assert billed(acting, leaver) == units
    stored = balance(acting, leaver)
    assert remaining > 0
    assert {name: value for name, value in stored.items() if name.startswith((REMAINDER, ENDED))} == {
        f"{ENDED}api_calls#{ended(acting, leaver)}": remaining
    }
    assert acting.runs() == runs, "no hourly run had a part in it"
    assert acting.now < ended(acting, leaver) + 3600, "and it was within the grace"
    (execution,) = acting.final_meterings(leaver)
    assert execution["name"] == f"{leaver.customer_identifier}-{ended(acting, leaver)}"
    wait_until(lambda: acting.final_meterings(leaver)[0]["status"] == "SUCCEEDED", "the execution has succeeded")
    states = acting.states_of(execution["executionArn"])
    assert states[-2:] == ["Ended", "FinalMeteringCompleted"]
    assert "RefuseUsage" in states
    acting.close_hour()
    acting.stage.meter()
    assert billed(acting, leaver) == units


def test_a_lost_answer_of_the_last_hour_is_asked_for_again_within_the_grace(acting: Acting, leaver: Buyer) -> None:
    units, _ = owed(acting, leaver)
    # more often than one invocation's retries: the next is a minute later
    acting.stage.marketplace.arm("lost-answer", times=5)
    before = len(acting.calls())
    acting.pass_minutes(REFUSED_AFTER)

    def cancelled() -> bool:
        acting.pass_minutes(1 / 60)
        return bool(acting.get(leaver)["subscriptionStatus"] == "cancelled")

    wait_until(cancelled, "the subscription is cancelled")
    assert [call["lost"] for call in acting.calls()[before:]] == [True] * 5 + [False]
    assert billed(acting, leaver) == units
    assert set(acting.verdicts(leaver).values()) == {"billed"}
    assert acting.now < ended(acting, leaver) + 3600


def test_final_metering_that_was_stopped_is_started_again(acting: Acting, leaver: Buyer) -> None:
    units, _ = owed(acting, leaver)
    (first,) = acting.final_meterings(leaver)
    assert acting.look_after_leavers()["started"] == 0, "it is under way"
    acting.stop(first)
    assert acting.look_after_leavers()["started"] == 1
    names = {execution["name"] for execution in acting.final_meterings(leaver)}
    assert len(names) == 2
    assert all(name.startswith(first["name"]) for name in names)
    acting.pass_minutes(REFUSED_AFTER)
    acting.wait_for_status(leaver, "cancelled")
    assert billed(acting, leaver) == units
    assert acting.look_after_leavers()["overdue"] == 0
