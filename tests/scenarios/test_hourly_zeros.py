"""Hours without usage: a record of zero for every active customer, which never takes another line's slot."""

from typing import Any

import pytest

from ledger.subscribers import Subscribers
from runtime.clock import iso
from tests.scenarios.world import START, World

HOUR = 3600


def zeros(world: World, customer: str) -> list[tuple[str, str, str]]:
    """Accepted lines of a customer: hour, dimension, quantity."""
    return [
        (line["hour"], line["dimension"], line["quantity"]) for line in world.accepted() if line["buyer"] == customer
    ]


@pytest.mark.parametrize(("setting", "dimensions"), [("off", 0), ("workflow_executions", 1), ("every", 5)])
def test_an_idle_customer_is_metered_at_zero(world: World, setting: str, dimensions: int) -> None:
    world.zeros = setting
    buyers = [world.buyer("license"), world.buyer("legacy")]
    world.next_run()
    for buyer in buyers:
        lines = zeros(world, buyer)
        assert len(lines) == dimensions
        assert {(hour, quantity) for hour, _, quantity in lines} <= {(iso(START), "0")}
    assert world.pending() == set()
    assert world.run() == [], "a second run sends nothing"
    assert len(world.accepted()) == 2 * dimensions


def test_usage_that_comes_first_has_the_hour_and_no_zero_beside_it(world: World) -> None:
    world.zeros = "workflow_executions"
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 3))
    world.next_run()
    assert zeros(world, buyer) == [(iso(START), "workflow_executions", "3")]


def test_late_usage_is_added_to_a_zero_that_is_not_sealed_yet(world: World) -> None:
    world.zeros = "workflow_executions"
    buyer = world.buyer()
    event = world.event(buyer, "a", 3)
    world.now = START + HOUR + 600
    assert world.put_zeros() == 1
    world.report(event)
    world.run()
    assert zeros(world, buyer) == [(iso(START), "workflow_executions", "3")]


def test_late_usage_after_a_sealed_zero_goes_to_the_running_hour(world: World) -> None:
    world.zeros = "workflow_executions"
    buyer = world.buyer()
    event = world.event(buyer, "a", 3)
    world.next_run()
    world.report(event)
    world.next_run()
    assert zeros(world, buyer) == [
        (iso(START), "workflow_executions", "0"),
        (iso(START + HOUR), "workflow_executions", "3"),
    ]


def test_h2_no_zero_takes_the_place_of_the_activations_hour(world: World) -> None:
    """Activated five seconds after the full hour: its first hour's slot is not the hour before."""
    world.zeros = "every"
    buyer = world.buyer(active_from=START + HOUR + 5)
    world.now = START + HOUR + 1200
    world.report(world.event(buyer, "a", 7))
    world.now = START + HOUR + 600
    world.run()
    assert zeros(world, buyer) == []
    world.next_run()
    assert (iso(START + HOUR), "workflow_executions", "7") in zeros(world, buyer)
    assert {line["timestamp"] for line in world.accepted()} == {iso(START + HOUR + 5)}


def test_h2_a_manual_run_of_an_old_hour_puts_zeros_for_active_customers_only(world: World) -> None:
    world.zeros = "every"
    world.buyer(active_from=START + 5 * HOUR + 5)
    world.now = START + 8 * HOUR + 600
    assert [world.put_zeros(int(START) + hour * HOUR) for hour in range(7)] == [0, 0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"subscriptionStatus": "pending_cancellation", "acceptsUntil": int(START)},
        {"subscriptionStatus": "cancelled"},
        {"activePeriods": [{"start": int(START) - 9, "end": int(START) + 60}]},
        {"supersededBy": "somebody"},
    ],
)
def test_an_inactive_customer_gets_no_zero(world: World, changes: dict[str, Any]) -> None:
    world.zeros = "every"
    buyer, other = world.buyer(), world.buyer()
    world.change(buyer, **changes)
    world.next_run()
    assert zeros(world, buyer) == []
    assert len(zeros(world, other)) == 5


def test_a_customer_who_leaves_during_zeros_does_not_affect_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index still shows the customer as active. The condition decides, and the others are put alone."""
    world.zeros = "workflow_executions"
    buyers = [world.buyer() for _ in range(5)]
    read = Subscribers.get_many

    def then_one_leaves(subscribers: Subscribers, keys: Any) -> Any:
        found = read(subscribers, keys)
        world.change(buyers[2], subscriptionStatus="final_metering")
        return found

    monkeypatch.setattr(Subscribers, "get_many", then_one_leaves)
    world.now = START + HOUR + 600
    assert world.put_zeros() == 4
    assert {customer for customer, _ in world.pending()} == set(buyers) - {buyers[2]}


def test_pages_cover_every_customer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metering.find.put_zero_records.PAGE", 3)
    monkeypatch.setattr("metering.find.put_zero_records.TOGETHER", 2)
    world.zeros = "workflow_executions"
    buyers = {world.buyer() for _ in range(8)}
    world.now = START + HOUR + 600
    assert world.put_zeros() == 8
    assert {customer for customer, _ in world.pending()} == buyers
    assert world.put_zeros() == 0


def test_a_pure_contract_is_not_metered_for_nothing(world: World) -> None:
    world.zeros, world.pricing_model = "every", "contract"
    world.buyer()
    world.now = START + HOUR + 600
    assert world.put_zeros() == 0


def test_a_failed_zero_raises_no_alarm(world: World) -> None:
    world.zeros = "workflow_executions"
    buyer = world.buyer()
    world.marketplace.arm("status", buyer=buyer, status="CustomerNotSubscribed")
    world.next_run()
    world.zeros = "off"
    world.next_run(hours=23)
    assert world.verdicts(buyer) == {"workflow_executions": "expired"}
    assert (world.failed(), world.pending()) == (set(), set())
