"""A buyer that goes on under another licence: metered to the old key's end, and its balance, users and ids go along."""

from decimal import Decimal
from typing import Any

import pytest

from ledger.balance import MOVED_FROM, MOVED_TO, USED_MOVED_FROM, USED_MOVED_TO
from ledger.succession import Links
from ledger.tables import STATE
from marketplace.tiers import Tier
from metering.final.find_final_hours import find_final_hours
from tests.scenarios.final_metering import (
    DAY,
    ELEVEN,
    END,
    HOUR,
    MINUTE,
    NINE,
    REFUSES,
    TEN,
    FinalMetering,
    cancel,
    notified_buyer,
    status,
    subscriber,
    use,
)
from tests.scenarios.world import START, World
from tests.scenarios.world import world as new_world


def successor(world: World, old: str, at: float = END) -> str:
    """A licence of the same account that begins when the old one ends, and is linked to it."""
    world.now = max(world.now, at)
    new = notified_buyer(world, active_from=at, account=subscriber(world, old).account_id)
    assert links(world).link(new, old, world.now)
    return new


def finish(world: World, customer: str) -> None:
    """Final metering of the customer's last period, to its end."""
    end = subscriber(world, customer).active_periods[-1].end
    assert end is not None
    FinalMetering(world, customer, end=end).run()


def links(world: World) -> Links:
    return Links(
        client=world.dynamodb.meta.client,
        subscribers=world.subscribers,
        subscribers_table=world.subscriber_items.name,
        pause=world.pause,
    )


def balance_item(world: World, customer: str) -> dict[str, Any]:
    key = {"customerIdentifier": customer, "item": "balance"}
    return dict(world.dynamodb.Table(STATE.name).get_item(Key=key).get("Item", {}))


def seen(world: World, customer: str, event_id: str, user: str) -> str:
    body = world.event(customer, event_id, dimension="active_users", user=user)
    del body["quantity"]
    (verdict,) = world.report(body)
    return str(verdict["verdict"])


def test_what_is_left_over_is_billed_under_the_next_key(world: World) -> None:
    """700 calls under the old licence and 400 under the new one make one billed unit of 1,000."""
    world.now = NINE + 5 * MINUTE
    old = notified_buyer(world)
    assert use(world, old, "a", 700, dimension="api_calls") == "recorded 09"
    new = successor(world, old)
    cancel(world, old)
    finish(world, old)
    assert status(world, old) == "cancelled"
    assert (world.billed(old, "api_calls"), world.balances.get(old).remainder) == (0, {})
    assert world.balances.get(old).ended == {}
    assert world.balances.get(new).remainder == {"api_calls": 700}
    assert use(world, new, "b", 400, dimension="api_calls").startswith("recorded")
    world.next_run(hours=2)
    assert (world.billed(new, "api_calls"), world.balances.get(new).remainder) == (1, {"api_calls": 100})


def test_both_balances_say_what_moved(world: World) -> None:
    world.now = NINE + 5 * MINUTE
    old = notified_buyer(world)
    use(world, old, "a", 700, dimension="api_calls")
    new = successor(world, old)
    cancel(world, old)
    finish(world, old)
    gave, took = balance_item(world, old), balance_item(world, new)
    assert gave[f"{MOVED_TO}api_calls#{new}"] == took[f"{MOVED_FROM}api_calls#{old}"] == 700
    assert world.subscribers.get(old).item["movedTo"] == new  # type: ignore[union-attr]


def test_two_remainders_that_make_a_billed_unit_open_an_hour(world: World) -> None:
    """The new key's own remainder and the moved one are billed although no more usage comes."""
    world.now = NINE + 5 * MINUTE
    old = notified_buyer(world)
    use(world, old, "a", 700, dimension="api_calls")
    new = successor(world, old)
    use(world, new, "b", 600, dimension="api_calls")
    cancel(world, old)
    world.now = TEN + 10 * MINUTE
    world.run()
    assert world.balances.get(new).remainder == {"api_calls": 600}
    finish(world, old)
    world.next_run(hours=2)
    assert (world.billed(new, "api_calls"), world.balances.get(new).remainder) == (1, {"api_calls": 300})


def test_a_user_and_an_id_count_once_across_the_chain(world: World) -> None:
    world.now = NINE + 5 * MINUTE
    first = notified_buyer(world)
    assert seen(world, first, "u1", "ann") == "recorded"
    use(world, first, "w", 3)
    second = successor(world, first)
    cancel(world, first)
    finish(world, first)
    world.now = ELEVEN + 30 * MINUTE
    third = successor(world, second, at=world.now)
    cancel(world, second, at=world.now)
    finish(world, second)
    assert seen(world, third, "u2", "ann") == seen(world, third, "u3", "eve") == "recorded"
    repeat = world.event(third, "w", 3, occurredAt="2026-11-15T09:05:00Z")
    assert world.report(repeat)[0]["verdict"] == "duplicate"
    world.next_run(hours=2)
    assert sum(world.billed(key, "active_users") for key in (first, second, third)) == 2
    assert sum(world.billed(key) for key in (first, second, third)) == 3


def test_a_highest_count_goes_on_under_the_next_key(world: World) -> None:
    world.now = NINE + 5 * MINUTE
    first = notified_buyer(world)
    use(world, first, "n1", 5, dimension="peak_nodes")
    second = successor(world, first)
    use(world, second, "n2", 7, dimension="peak_nodes")
    use(world, first, "n3", 6, dimension="peak_nodes", occurredAt="2026-11-15T09:06:00Z")
    cancel(world, first)
    finish(world, first)
    world.next_run(hours=2)
    assert world.billed(first, "peak_nodes") + world.billed(second, "peak_nodes") == 7


def test_a_late_user_of_the_old_key_is_counted_once(world: World) -> None:
    """While the old key still takes usage, it knows the new one's users."""
    world.now = NINE + 5 * MINUTE
    old = notified_buyer(world)
    new = successor(world, old)
    assert seen(world, new, "u1", "ann") == "recorded"
    assert seen(world, old, "u2", "ann") == "recorded"
    cancel(world, old)
    finish(world, old)
    world.next_run(hours=2)
    assert world.billed(old, "active_users") + world.billed(new, "active_users") == 1


def test_usage_of_the_old_key_that_comes_late_is_taken_under_the_new_one(world: World) -> None:
    world.now = NINE + 5 * MINUTE
    old = notified_buyer(world)
    new = successor(world, old)
    cancel(world, old)
    finish(world, old)
    assert use(world, new, "late", 2, occurredAt="2026-11-15T09:01:00Z").startswith("recorded")
    world.next_run(hours=2)
    assert world.billed(new) == 2


def test_an_allowance_of_the_month_goes_on(chained: World) -> None:
    """The contract includes 100 a month: 80 used under the old licence leave 20 under the new one."""
    world = chained
    world.now = NINE + 5 * MINUTE
    old = entitled(world, notified_buyer(world))
    use(world, old, "a", 80)
    new = entitled(world, successor(world, old))
    use(world, new, "b", 50)
    cancel(world, old)
    world.now = TEN + 10 * MINUTE
    world.run()
    assert world.record(new, NINE).state == "open", "it waits for the old key's balance"
    finish(world, old)
    world.next_run()
    assert (world.billed(old), world.billed(new)) == (0, 30)
    assert world.balances.get(new).used == {("workflow_executions", "2026-11"): 100}
    assert world.balances.get(old).used == {}
    name = "workflow_executions#2026-11"
    assert balance_item(world, old)[f"{USED_MOVED_TO}{name}#{new}"] == 80
    assert balance_item(world, new)[f"{USED_MOVED_FROM}{name}#{old}"] == 80


def test_hours_wait_for_the_old_balance_for_three_hours_only(chained: World) -> None:
    world = chained
    world.now = NINE + 5 * MINUTE
    old = entitled(world, notified_buyer(world))
    new = entitled(world, successor(world, old))
    use(world, new, "b", 150)
    for hour in (10, 11, 12, 13):
        world.next_run()
        assert (world.record(new, NINE).state == "open") is (hour < 13), hour
    assert world.billed(new) == 50


def test_without_a_key_to_go_to_the_remainder_ends_here(world: World) -> None:
    """The next key was cancelled, too, before the old one's last hour was sealed."""
    world.now = NINE + 5 * MINUTE
    old = notified_buyer(world)
    use(world, old, "a", 700, dimension="api_calls")
    new = successor(world, old)
    world.change(new, subscriptionStatus="cancelled")
    cancel(world, old)
    finish(world, old)
    assert world.balances.get(old).ended == {("api_calls", int(END)): 700}


def test_the_balance_goes_to_the_key_that_is_left(world: World) -> None:
    world.now = NINE + 5 * MINUTE
    first = notified_buyer(world)
    use(world, first, "a", 700, dimension="api_calls")
    second = successor(world, first)
    third = successor(world, second, at=END + MINUTE)
    world.change(second, subscriptionStatus="cancelled")
    cancel(world, first)
    finish(world, first)
    assert world.balances.get(third).remainder == {"api_calls": 700}


@pytest.mark.parametrize(("minutes", "step"), [(0, "wait"), (134, "wait"), (135, "end")])
def test_a_followed_key_waits_three_hours_for_its_successor(world: World, minutes: int, step: str) -> None:
    """Its agreement was renewed, and nobody has said yet under which licence: only then the remainder is final."""
    world.now = NINE + 5 * MINUTE
    old = notified_buyer(world)
    world.change(old, agreementStatus="RENEWED")
    cancel(world, old)
    world.change(old, subscriptionStatus="final_metering")
    world.now = REFUSES + minutes * MINUTE
    found = find_final_hours(old, int(END), world.records, world.subscribers, now=world.now, sent=True)
    assert found.name == step


def test_a_link_is_made_once_and_of_one_buyer_only(world: World) -> None:
    old, new, foreign = (world.buyer() for _ in range(3))
    assert not links(world).link(new, old, world.now), "another account's"
    world.change(new, customerAWSAccountId=subscriber(world, old).account_id)
    assert links(world).link(new, old, world.now)
    assert not links(world).link(new, old, world.now)
    world.change(foreign, customerAWSAccountId=subscriber(world, old).account_id)
    assert not links(world).link(foreign, old, world.now), "the old key has a successor"
    assert not links(world).link(old, new, world.now), "no ring"
    assert subscriber(world, old).chain.succeeded_by == new


def entitled(world: World, customer: str) -> str:
    world.change(
        customer,
        entitlements=[{"dimension": "basic", "value": "1", "expiresAt": int(START) + 300 * DAY}],
        entitlementsFetchedAt=Decimal(int(world.now) + HOUR),
        tier="basic",
    )
    return customer


@pytest.fixture
def chained() -> Any:
    basic = Tier(name="basic", included={"workflow_executions": Decimal(100)})
    with new_world(pricing_model="contract-with-consumption", tiers=(basic,)) as made:
        yield made
