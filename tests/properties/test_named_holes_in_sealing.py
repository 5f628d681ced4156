"""Holes of the review in sealing: an hour's line holds every add, and every remainder is kept once."""

from decimal import Decimal
from functools import partial
from itertools import permutations

import pytest

from marketplace.hour import SECONDS
from marketplace.tiers import Tier
from runtime.clock import iso
from tests.properties.holes import HOUR, before_write, report, settle_all
from tests.scenarios.world import START
from tests.simulation.new_protocol import protocol
from tests.simulation.promise import all_records
from tests.simulation.protocol import Protocol

# --- H6: the seal sees every add, and can win -------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "write", "billed"), [("2", "UpdateItem", 5), ("2.5", "TransactWriteItems", 5)])
def test_h6a_usage_that_arrives_while_an_hour_is_sealed_is_in_its_line(
    world: Protocol, first: str, write: str, billed: int
) -> None:
    """Whether the hour is frozen by itself or together with what it leaves in the balance."""
    buyer = world.join("license")
    report(world, buyer, "e0", first)
    run = world.scheduler.actors[before_write(world)]
    assert run.point == write
    report(world, buyer, "e1", 3, occurredAt=iso(HOUR + 1800))
    world.scheduler.run(run)
    assert world.billed(buyer) == billed
    settle_all(world)


def test_h6a_usage_judged_before_the_seal_and_written_after_it_is_billed_later(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    world.now = HOUR + SECONDS + 600.0
    recorder = world.recorder([world.event(buyer, "e1", Decimal(3), occurredAt=iso(HOUR + 1800))])
    world.scheduler.run(recorder, 0, writes=True)
    assert recorder.point == "TransactWriteItems"
    world.run()
    world.scheduler.run(recorder)
    assert [record.hour for record in all_records(world)] == [HOUR, HOUR + SECONDS]
    settle_all(world)
    assert world.billed(buyer) == 5


@pytest.mark.parametrize("fault", ["crash_after", "lost"])
def test_usage_that_is_reported_again_after_a_lost_answer_is_recorded_once(world: Protocol, fault: str) -> None:
    buyer = world.join("license")
    recorder = world.recorder([world.event(buyer, "e0", Decimal(3))])
    world.scheduler.run(recorder, 0, writes=True, fault=fault)
    world.scheduler.end_all(finish=True)
    world.next_run()
    settle_all(world)
    assert world.billed(buyer) == 3
    assert len(world.sender.accepted) == 1


def test_h6b_a_record_that_keeps_changing_is_closed_to_adds_and_sealed(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    run = world.scheduler.actors[before_write(world)]
    closed = False
    for number in range(6):
        report(world, buyer, f"late{number}", 1, occurredAt=iso(HOUR + 1800))
        world.scheduler.run(run, 1, writes=True)
        closed = closed or world.record(buyer).state == "closing"
    world.scheduler.run(run)
    assert closed
    assert world.record(buyer).state == "sealed"
    assert world.billed(buyer) < 8, "what came after the closing is billed by the running hour"
    settle_all(world)


def test_h6b_a_record_left_closing_by_a_crash_is_sealed_by_the_next_run(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    world.now += SECONDS
    assert world.records.close(buyer, HOUR) is not None
    report(world, buyer, "e1", 3, occurredAt=iso(HOUR + 1800))
    world.next_run(0)
    assert world.billed(buyer) == 2
    settle_all(world)
    assert world.billed(buyer) == 5


def test_h6c_a_sealer_that_lost_sends_what_the_winner_has_frozen(world: Protocol) -> None:
    """It has computed other lines: from before an event that the winner's line holds."""
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    loser = world.scheduler.actors[before_write(world)]
    report(world, buyer, "e1", 3, occurredAt=iso(HOUR + 1800))
    winner = world.hourly()
    world.scheduler.run(winner, 1, writes=True)
    world.scheduler.run(loser)
    world.scheduler.run(winner)
    assert [line["quantity"] for line in world.accepted()] == ["5"]


# --- H7: the remainder is kept once, whatever the order ---------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_h7_any_order_of_sealing_bills_and_includes_the_same(order: tuple[int, ...]) -> None:
    tier = Tier("basic", {"api_calls": Decimal(1500)})
    with protocol(now=START, pricing_model="contract-with-consumption", tiers=(tier,)) as world:
        buyer = world.join("license")
        for number, quantity in enumerate((400, 999, 2600)):
            report(world, buyer, f"e{number}", quantity, dimension="api_calls")
            world.now += SECONDS
        for number in order:
            world.sealer.seal_hours([(buyer, HOUR + number * SECONDS)])
        settle_all(world)
        balance = world.balances.get(buyer)
        assert world.billed(buyer, "api_calls") == 2
        assert balance.used == {("api_calls", "2026-11"): 1500}
        assert balance.remainder == {"api_calls": 499}


@pytest.mark.parametrize("sealed_before", [False, True])
def test_h7_two_hours_sealed_at_once_share_one_balance(world: Protocol, sealed_before: bool) -> None:
    buyer = world.join("license")
    if sealed_before:
        report(world, buyer, "first", 100, dimension="api_calls", occurredAt=iso(world.now - SECONDS))
        world.sealer.seal_hours([(buyer, HOUR - SECONDS)])
    for number in range(2):
        report(world, buyer, f"e{number}", 600, dimension="api_calls")
        world.now += SECONDS

    def seal(hour: int) -> None:
        world.sealer.seal_hours([(buyer, hour)])

    sealers = [world.scheduler.spawn("sealer", partial(seal, hour)) for hour in (HOUR, HOUR + SECONDS)]
    for sealer in sealers:
        world.scheduler.run(sealer, 0, writes=True)
    for sealer in sealers:
        world.scheduler.run(sealer)
    settle_all(world)
    assert world.billed(buyer, "api_calls") == 1
    assert world.balances.get(buyer).remainder == {"api_calls": 300 if sealed_before else 200}
