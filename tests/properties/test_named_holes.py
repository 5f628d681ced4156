"""The ways in which an earlier draft of the protocol lost money, each as a small schedule of its own.

The letters are those of the review that found them. What ``tests.scenarios`` shows already is not repeated here.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from itertools import permutations

import pytest

from ledger.hour import SECONDS, hour_of
from marketplace.deadlines import deadline
from marketplace.tiers import Tier
from runtime.clock import iso
from tests.properties.promise import all_records, check_promise
from tests.properties.protocol import Protocol
from tests.properties.test_promise import protocol
from tests.scenarios.world import START

HOUR = int(START)
EXECUTIONS = "workflow_executions"


@pytest.fixture
def world() -> Iterator[Protocol]:
    with protocol(now=START) as made:
        yield made


def report(world: Protocol, customer: str, event_id: str, quantity: int | str = 1, **changes: object) -> None:
    """An event that its sender repeats until it has a verdict."""
    world.scheduler.run(world.recorder([world.event(customer, event_id, Decimal(quantity), **changes)]))


def before_write(world: Protocol, number: int = 0) -> int:
    """A run that stands before its so-manieth write; the index of it among the actors."""
    world.now = hour_of(world.now) + SECONDS + 600
    world.scheduler.run(world.hourly(), number, writes=True)
    return len(world.scheduler.actors) - 1


def settle_all(world: Protocol) -> None:
    world.scheduler.end_all(finish=True)
    world.drain()
    check_promise(world)


# --- H1: every hour is sent with a moment of its own ------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["license", "legacy"])
def test_h1_a_second_start_never_moves_earlier_hours_onto_its_own(world: Protocol, kind: str) -> None:
    """Equal quantities in one slot would both be answered Success, and one of them billed."""
    buyer = world.join(kind)
    for number in range(3):
        report(world, buyer, f"e{number}", 2)
        world.now += SECONDS
    world._note(buyer, "start", world.now + 900)  # subscribe-success again, with a new offer
    world.tell()
    settle_all(world)
    assert [line["hour"] for line in world.accepted()] == [iso(HOUR + n * SECONDS) for n in range(3)]
    assert {line["timestamp"] for line in world.accepted()} == {line["hour"] for line in world.accepted()}


def test_h1_a_backlog_of_a_customer_who_comes_back_keeps_its_hours(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    world.now += 1800
    world._subscribe(buyer, told=True)
    world.now += 1800
    report(world, buyer, "e1", 2, occurredAt=iso(world.now - 1900))
    world.now += 300
    world._subscribe(buyer, told=True)
    report(world, buyer, "e2", 2)
    settle_all(world)
    hours = [line["hour"] for line in world.accepted()]
    assert len(hours) == len(set(hours)) == len(all_records(world))


# --- H3: a rejected line is not an end --------------------------------------------------------------------------------


def test_h3_a_wrong_licence_for_an_hour_costs_no_usage(world: Protocol) -> None:
    """A licence that has not propagated yet: every line is rejected alone, and billed an hour later."""
    buyers = [world.join("license") for _ in range(5)]
    for buyer in buyers:
        report(world, buyer, "e0", 2)
    world.marketplace.arm("error", error="InvalidLicenseException")
    world.next_run()
    assert {verdict for buyer in buyers for verdict in world.verdicts(buyer).values()} == {"rejected"}
    assert len(world.pending()) == len(buyers)
    world.marketplace.clear_faults()
    world.next_run()
    assert [world.billed(buyer) for buyer in buyers] == [2] * 5


def test_h3_a_line_rejected_until_its_deadline_ends_expired_and_visible(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    world.marketplace.arm("error", error="InvalidLicenseException", buyer=buyer)
    world.next_run()
    world.next_run(hours=24)
    assert world.verdicts(buyer) == {EXECUTIONS: "expired"}
    assert world.failed() == {(buyer, HOUR)}


# --- H4: failed does not mean not billed ------------------------------------------------------------------------------


def test_h4_a_line_that_expires_while_its_call_is_in_flight_ends_billed(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    world.now = deadline(HOUR) - 1.0
    run = world.hourly()
    world.scheduler.run(run, 2, writes=True)
    assert run.point == "BatchMeterUsage"
    world.now += 60
    world.scheduler.step(run)  # Marketplace has it; the answer is on its way
    world.scheduler.run(world.hourly())
    assert world.verdicts(buyer) == {EXECUTIONS: "expired"}
    world.scheduler.run(run)
    assert world.verdicts(buyer) == {EXECUTIONS: "billed"}
    assert world.failed() == set()


@pytest.mark.parametrize("identical_resend", ["Success", "DuplicateRecord"])
@pytest.mark.parametrize("fault", ["crash_after", "lost", "failed_after"])
def test_h4_what_was_billed_without_an_answer_is_never_a_conflict(fault: str, identical_resend: str) -> None:
    with protocol(now=START, identical_resend=identical_resend) as world:
        buyer = world.join("license")
        report(world, buyer, "e0", 2)
        before_write(world, 2)
        world.scheduler.step(world.scheduler.actors[-1], fault)
        settle_all(world)
        expected = "billed" if identical_resend == "Success" else "presumed_on_file"
        assert world.verdicts(buyer) == {EXECUTIONS: expected}


def test_h4_a_duplicate_of_an_attempt_that_another_run_has_in_flight_is_no_conflict() -> None:
    """The second run's answer is stored before the first run's."""
    with protocol(now=START, identical_resend="DuplicateRecord") as world:
        buyer = world.join("license")
        report(world, buyer, "e0", 2)
        first = world.scheduler.actors[before_write(world, 3)]
        world.scheduler.run(world.hourly())
        assert world.verdicts(buyer) == {EXECUTIONS: "presumed_on_file"}
        world.scheduler.run(first)
        assert world.verdicts(buyer) == {EXECUTIONS: "billed"}
        settle_all(world)


def test_h4_a_line_that_may_have_been_billed_never_ends_not_sent(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    before_write(world, 2)
    world.scheduler.step(world.scheduler.actors[-1], "crash_after")
    world.mode = "off"
    world.run()
    assert world.verdicts(buyer) == {EXECUTIONS: None}
    settle_all(world)


# --- H6: the seal sees every add, and can win -------------------------------------------------------------------------


def test_h6a_usage_that_arrives_while_an_hour_is_sealed_is_in_its_line(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    run = world.scheduler.actors[before_write(world)]
    assert run.point == "TransactWriteItems"
    report(world, buyer, "e1", 3, occurredAt=iso(HOUR + 1800))
    world.scheduler.run(run)
    assert world.billed(buyer) == 5
    settle_all(world)


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


def test_h7_two_hours_sealed_at_once_share_one_balance(world: Protocol) -> None:
    buyer = world.join("license")
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
    assert world.balances.get(buyer).remainder == {"api_calls": 200}
