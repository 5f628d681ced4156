"""Holes of the review in visibility, in the month of a user, and in what an event's id guarantees."""

from decimal import Decimal
from typing import Any

import pytest

from marketplace.hour import SECONDS, deadline
from runtime.clock import from_iso, iso
from tests.properties.holes import EXECUTIONS, HOUR, before_write, report, settle_all
from tests.scenarios.world import START
from tests.simulation.new_protocol import protocol
from tests.simulation.protocol import Protocol

DAY = 24 * SECONDS


def told(world: Protocol, *bodies: dict[str, Any]) -> list[str]:
    """Verdicts of one request, with their reasons."""
    return [" ".join(filter(None, (v["verdict"], v.get("reason")))) for v in world.report(*bodies)]


def seen(world: Protocol, customer: str, event_id: str, user: str, **changes: Any) -> dict[str, Any]:
    body = world.event(customer, event_id, dimension="active_users", user=user, **changes)
    del body["quantity"]
    return body


# --- H5: a failed line cannot be invisible ----------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["crash_after", "crash_before"])
def test_h5_a_failed_line_is_indexed_although_its_settler_crashes(world: Protocol, fault: str) -> None:
    """The mark is part of the write that ends the line, so that no crash comes between."""
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    world.marketplace.arm("status", status="CustomerNotSubscribed", buyer=buyer)
    world.next_run()
    world.now = float(deadline(HOUR))
    run = world.hourly()
    world.scheduler.run(run, 0, writes=True)
    world.scheduler.step(run, fault)
    ended = world.verdicts(buyer) == {EXECUTIONS: "expired"}
    assert (world.failed() == {(buyer, HOUR)}) is ended is (fault == "crash_after")
    world.run()
    assert world.verdicts(buyer) == {EXECUTIONS: "expired"}
    assert (world.failed(), world.pending()) == ({(buyer, HOUR)}, set())
    settle_all(world)


# --- H14: a user counts in the month of use, and once under both keys of its customer ---------------------------------


def test_h14a_a_user_of_october_reported_in_november_counts_in_october() -> None:
    with protocol(now=from_iso("2026-10-31T23:40:00Z")) as world:
        buyer = world.join("license")
        assert told(world, seen(world, buyer, "o1", "ann")) == ["recorded"]
        late = seen(world, buyer, "o2", "ann")
        world.now = from_iso("2026-11-01T00:20:00Z")
        assert told(world, late, seen(world, buyer, "n1", "ann"), seen(world, buyer, "n2", "ann")) == ["recorded"] * 3
        world.next_run(hours=1)
        assert world.billed(buyer, "active_users") == 2, "once in October, once in November"


def test_h14b_a_renewed_customers_users_are_counted_once_a_month(world: Protocol) -> None:
    """Two people who were counted under the old licence would cost another two units under the new one."""
    old, new = world.join("license"), world.join("license")
    assert told(world, seen(world, old, "a", "ann"), seen(world, old, "b", "bob")) == ["recorded"] * 2
    world.change(new, previousIdentifier=old)
    assert told(world, *(seen(world, new, f"again-{user}", user) for user in ("ann", "bob", "eve"))) == ["recorded"] * 3
    world.next_run()
    assert [world.billed(key, "active_users") for key in (old, new)] == [2, 1]


def test_h14c_a_batch_in_which_a_user_comes_twice_is_recorded(world: Protocol) -> None:
    """Two operations on the user's mark would be a ValidationException at every try."""
    buyer = world.join("license")
    assert told(world, *(seen(world, buyer, f"e{n}", "ann") for n in range(5))) == ["recorded"] * 5
    world.next_run()
    assert world.billed(buyer, "active_users") == 1


# --- H15: an event's name: its scope, its life, its content -----------------------------------------------------------


def test_h15a_an_event_of_the_previous_key_counts_once(world: Protocol) -> None:
    old, new = world.join("legacy"), world.join("license")
    first = world.event(old, "e0", Decimal(7))
    assert told(world, first) == ["recorded"]
    world.change(new, previousIdentifier=old)
    assert told(world, first | {"customerIdentifier": new}) == ["duplicate"]
    world.next_run()
    assert (world.billed(old), world.billed(new)) == (7, 0)


def test_h15b_no_retry_that_is_taken_outlives_its_key(world: Protocol) -> None:
    """The spool of a machine that comes back: taken for 30 days, and the key lives 60 from the later of both times."""
    buyer = world.join("license")
    world.change(buyer, activePeriods=[{"start": HOUR - 90 * DAY}])
    oldest = world.event(buyer, "e0", occurredAt=iso(world.now - 30 * DAY + 60))
    assert told(world, oldest) == ["recorded"]
    item: Any = world.dynamodb.Table(world.events.table_name).get_item(
        Key={"customerIdentifier": buyer, "eventId": "event#e0"}
    )["Item"]
    assert int(item["expiresAt"]) >= int(world.now) + 60 * DAY
    world.now += 3600
    assert told(world, oldest) == ["duplicate"], "what was recorded is never called too old"
    assert told(world, world.event(buyer, "e1", occurredAt=iso(world.now - 30 * DAY - 1))) == ["refused too_old"]


def test_h15c_another_quantity_under_a_used_id_is_refused_by_name(world: Protocol) -> None:
    buyer = world.join("license")
    body = world.event(buyer, "e0", Decimal(3))
    assert told(world, body, body | {"quantity": Decimal(5)}) == ["recorded", "refused id_reused"]
    assert told(world, body | {"quantity": Decimal(5)}, body) == ["refused id_reused", "duplicate"]
    world.next_run()
    assert world.billed(buyer) == 3


# --- H16: the transaction fits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("previous", [False, True])
@pytest.mark.parametrize("kind", ["plain", "users", "tagged"])
def test_h16_the_largest_request_fits_its_transactions(world: Protocol, kind: str, previous: bool) -> None:
    """100 events with the record, the subscriber, a mark or tags for each, and the look under a previous key."""
    old, buyer = world.join("license"), world.join("license")
    if previous:
        world.change(buyer, previousIdentifier=old)
    bodies = [
        seen(world, buyer, f"e{n}", f"user-{n}")
        if kind == "users"
        else world.event(buyer, f"e{n}", **({"tags": {"team": f"t{n}"}} if kind == "tagged" else {}))
        for n in range(100)
    ]
    assert told(world, *bodies) == ["recorded"] * 100
    assert told(world, *bodies) == ["duplicate"] * 100
    world.next_run()
    assert world.billed(buyer, "active_users" if kind == "users" else EXECUTIONS) == 100


def test_h16_an_id_that_comes_twice_in_a_request_poisons_nothing(world: Protocol) -> None:
    buyer = world.join("license")
    body = world.event(buyer, "e0", Decimal(2))
    assert told(world, body, world.event(buyer, "e1"), body) == ["recorded", "recorded", "duplicate"]
    world.next_run()
    assert world.billed(buyer) == 3


# --- two endings of one period ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(0, 900), (900, 0)])
def test_two_endings_of_one_period_end_it_once_at_the_first_in_time(world: Protocol, order: tuple[int, int]) -> None:
    """The licence is deprovisioned and the agreement ends, in either order of arrival; usage runs on between."""
    buyer = world.join("license")
    world.now = START + 600
    report(world, buyer, "before", 3)
    world.now = START + 1800
    for later in order:
        world.note(buyer, "end", START + 700 + later)
        world.deliver()
    found = world.subscribers.get(buyer)
    assert found is not None
    assert [period.end for period in found.active_periods] == [HOUR + 700]
    assert found.accepts_until == HOUR + 700 + 45 * 60
    assert told(world, world.event(buyer, "after", occurredAt=iso(START + 1100))) == ["retry_later just_ended"]
    world.now = START + SECONDS + 600
    world.run()
    assert world.billed(buyer) == 3


def test_a_second_ending_between_read_and_write_of_a_run_bills_once(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 3)
    world.note(buyer, "end", START + 700)
    world.deliver()
    run = world.scheduler.actors[before_write(world)]
    world.note(buyer, "end", START + 900)
    world.deliver()
    world.scheduler.run(run)
    world.run()
    assert world.billed(buyer) == 3
