"""Distinct users, highest counts, and batches of more than one transaction."""

from decimal import Decimal

import pytest

from ledger.usage_events import event_key, mark_key
from marketplace.hour import hour_of
from runtime.clock import from_iso, iso
from tests.scenarios.recording import (
    DAY,
    HOUR,
    MONTH,
    NOW,
    brief,
    counted,
    peak,
    stored,
    user,
)
from tests.scenarios.world import START, World

pytestmark = pytest.mark.usefixtures("half_past_eight")


def test_a_user_counts_once_a_month_over_batches_and_hours(world: World, buyer: str) -> None:
    verdicts = world.report(*(user(world, buyer, f"{name}{n}", name) for n in range(2) for name in ("ann", "bob")))
    assert [(v["verdict"], v["counted"]) for v in verdicts] == [("recorded", n) for n in ("1", "1", "0", "0")]
    assert world.report(user(world, buyer, "again", "ann"), user(world, buyer, "new", "cid"))[0]["counted"] == "0"
    assert counted(world, buyer) == {("active_users", MONTH): 3}
    world.now += HOUR
    assert [v["counted"] for v in world.report(user(world, buyer, "h9", "ann"), user(world, buyer, "d9", "dan"))] == [
        "0",
        "1",
    ]
    assert counted(world, buyer, START + HOUR) == {("active_users", MONTH): 1}


def test_a_user_counted_already_opens_no_hour(world: World, buyer: str) -> None:
    world.report(user(world, buyer, "a", "ann"))
    world.now += HOUR
    assert world.report(user(world, buyer, "b", "ann"))[0]["counted"] == "0"
    assert world.records.get(buyer, hour_of(world.now)) is None
    assert brief(world.report(user(world, buyer, "b", "ann"))) == ["duplicate 09"]


def test_a_user_counts_in_the_month_of_use_and_is_invoiced_with_the_hour(world: World) -> None:
    """H14a: an October event that arrives in November must not count its user in November."""
    world.now = from_iso("2026-11-01T00:20:00Z")
    buyer = world.buyer(active_from=world.now - DAY)
    october, november = "2026-10-31T23:50:00Z", "2026-11-01T00:10:00Z"
    seen = [("a", "ann", october), ("b", "ann", november), ("c", "bob", october), ("d", "ann", october)]
    verdicts = world.report(*(user(world, buyer, i, name, occurredAt=at) for i, name, at in seen))
    assert [v["counted"] for v in verdicts] == ["1", "1", "1", "0"]
    assert counted(world, buyer, from_iso(october)) == {("active_users", "2026-10"): 2}
    assert counted(world, buyer, world.now) == {("active_users", MONTH): 1}
    late = world.report(user(world, buyer, "e", "cid", occurredAt="2026-10-31T20:00:00Z"))
    assert brief(late) == ["recorded 00 late"]
    assert counted(world, buyer, world.now) == {("active_users", MONTH): 1, ("active_users", "2026-10"): 1}


def test_only_what_exceeds_the_months_highest_count_is_added(world: World, buyer: str) -> None:
    verdicts = world.report(*(peak(world, buyer, f"p{n}", q) for n, q in enumerate([3, 5, 4])))
    assert [v["counted"] for v in verdicts] == ["3", "2", "0"]
    world.now += HOUR
    verdicts = world.report(*(peak(world, buyer, f"q{n}", q) for n, q in enumerate([5, "7.5", 2])))
    assert [v["counted"] for v in verdicts] == ["0", "2.5", "0"]
    assert counted(world, buyer) == {("peak_nodes", MONTH): 5}
    assert counted(world, buyer, world.now) == {("peak_nodes", MONTH): Decimal("2.5")}
    assert world.events.highest(buyer, "peak_nodes", MONTH) == Decimal("7.5")
    assert brief(world.report(peak(world, buyer, "p1", 5, occurredAt=iso(NOW)))) == ["duplicate 08"]


@pytest.mark.parametrize("previous", [False, True])
def test_a_hundred_new_users_in_one_request(world: World, buyer: str, previous: bool) -> None:
    """H16: more than one transaction takes; each of them adds its part."""
    if previous:
        world.change(buyer, previousIdentifier="somebody-before")
    events = [user(world, buyer, f"u{n}", f"user {n}") for n in range(100)]
    verdicts = world.report(*events)
    assert [verdict["id"] for verdict in verdicts] == [event["id"] for event in events]
    assert set(brief(verdicts)) == {"recorded 08"}
    assert counted(world, buyer) == {("active_users", MONTH): 100}
    assert mark_key("active_users", MONTH, "user 99") in stored(world, buyer)
    assert set(brief(world.report(*events[40:60]))) == {"duplicate 08"}
    assert counted(world, buyer) == {("active_users", MONTH): 100}


def test_verdicts_of_a_hundred_mixed_events_keep_their_order(world: World) -> None:
    buyers = [world.buyer(kind) for kind in ("license", "legacy", "license")]
    makers = [
        lambda b, n: world.event(b, f"e{n}", n),
        lambda b, n: user(world, b, f"e{n}", f"user {n % 7}"),
        lambda b, n: peak(world, b, f"e{n}", n),
        lambda b, n: world.event(b, f"e{n}", -1),
    ]
    events = [makers[n % 4](buyers[n % 3], n) for n in range(100)]
    verdicts = world.report(*events)
    assert [verdict["id"] for verdict in verdicts] == [event["id"] for event in events]
    for number, verdict in enumerate(verdicts):
        assert verdict["verdict"] == ("refused" if number % 4 == 3 else "recorded")
    for number, buyer in enumerate(buyers):
        mine = [n for n in range(100) if n % 3 == number]
        assert counted(world, buyer) == {
            ("workflow_executions", MONTH): sum(n for n in mine if n % 4 == 0),
            ("active_users", MONTH): len({n % 7 for n in mine if n % 4 == 1}),
            ("peak_nodes", MONTH): max(n for n in mine if n % 4 == 2),
        }


def test_a_hundred_times_one_event(world: World, buyer: str) -> None:
    verdicts = world.report(*([world.event(buyer, "a", 2)] * 100))
    assert brief(verdicts) == ["recorded 08"] + ["duplicate 08"] * 99
    assert counted(world, buyer) == {("workflow_executions", MONTH): 2}
    assert stored(world, buyer) == {event_key("a")}


def test_one_event_among_a_hundred_that_are_known(world: World, buyer: str) -> None:
    events = [world.event(buyer, f"e{n}") for n in range(99)]
    world.report(*events)
    verdicts = world.report(*events, world.event(buyer, "new"))
    assert brief(verdicts) == ["duplicate 08"] * 99 + ["recorded 08"]
    assert counted(world, buyer) == {("workflow_executions", MONTH): 100}
