"""The ways in which an earlier draft of the protocol lost money, each as a small schedule of its own.

The letters are those of the review that found them. What ``tests.scenarios`` shows already is not repeated here.
"""

import pytest

from ledger.metering_record import UNDER_WAY
from marketplace.hour import SECONDS, deadline
from runtime.clock import iso
from tests.properties.holes import EXECUTIONS, HOUR, before_write, report, settle_all
from tests.scenarios.world import START
from tests.simulation.new_protocol import protocol
from tests.simulation.promise import all_records
from tests.simulation.protocol import Protocol

# --- H1: every hour is sent with a moment of its own ------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["license", "legacy"])
def test_h1_a_second_start_never_moves_earlier_hours_onto_its_own(world: Protocol, kind: str) -> None:
    """Equal quantities in one slot would both be answered Success, and one of them billed."""
    buyer = world.join(kind)
    for number in range(3):
        report(world, buyer, f"e{number}", 2)
        world.now += SECONDS
    world.note(buyer, "start", world.now + 900)  # subscribe-success again, with a new offer
    world.deliver()
    settle_all(world)
    assert [line["hour"] for line in world.accepted()] == [iso(HOUR + n * SECONDS) for n in range(3)]
    assert {line["timestamp"] for line in world.accepted()} == {line["hour"] for line in world.accepted()}


def test_h1_a_backlog_of_a_customer_who_comes_back_keeps_its_hours(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    world.now += 1800
    world.subscribe(buyer, notified=True)
    world.now += 1800
    report(world, buyer, "e1", 2, occurredAt=iso(world.now - 1900))
    world.now += 300
    world.subscribe(buyer, notified=True)
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


def test_h4_a_duplicate_of_another_runs_attempt_is_no_conflict() -> None:
    """The second run's answer is stored before the first run's."""
    with protocol(now=START, identical_resend="DuplicateRecord") as world:
        buyer = world.join("license")
        report(world, buyer, "e0", 2)
        first = world.scheduler.actors[before_write(world, 3)]
        world.now += UNDER_WAY  # longer than a call may take: the second run no longer waits for it
        world.scheduler.run(world.hourly())
        assert world.verdicts(buyer) == {EXECUTIONS: "presumed_on_file"}
        world.scheduler.run(first)
        assert world.verdicts(buyer) == {EXECUTIONS: "billed"}
        settle_all(world)


@pytest.mark.parametrize("stage", ["before the call", "after it"])
def test_h4_a_line_with_a_call_under_way_is_not_sent_by_another_run(world: Protocol, stage: str) -> None:
    """Two runs at once do not make every call twice, and no answer is ambiguous for nothing."""
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    first = world.scheduler.actors[before_write(world, 2 if stage == "before the call" else 3)]
    calls = world.marketplace.summary()["calls"]
    second = world.hourly()
    world.scheduler.run(second)
    assert second.error is None
    assert world.marketplace.summary()["calls"] == calls
    world.scheduler.run(first)
    assert world.verdicts(buyer) == {EXECUTIONS: "billed"}
    assert world.marketplace.summary()["calls"] == 1


def test_h4_a_line_that_may_have_been_billed_never_ends_not_sent(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    before_write(world, 2)
    world.scheduler.step(world.scheduler.actors[-1], "crash_after")
    world.mode = "off"
    world.next_run(hours=24)
    assert world.verdicts(buyer) == {EXECUTIONS: "expired"}
    settle_all(world)


@pytest.mark.parametrize("fault", [None, "crash_after"])
def test_h4_a_run_from_before_a_line_ended_does_not_send_it(world: Protocol, fault: str | None) -> None:
    """It has read the line as open; then another run, in another mode, ends the line ``not_sent``, for good."""
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    world.now = deadline(HOUR) - 1.0
    run = world.hourly()
    world.scheduler.run(run, 1, writes=True)
    assert run.point == "UpdateItem", "the attempt's"
    world.mode = "off"
    world.next_run(hours=24)
    assert world.verdicts(buyer) == {EXECUTIONS: "not_sent"}
    world.scheduler.run(run, 1, writes=True, fault=fault)
    world.scheduler.run(run)
    assert world.accepted() == []
    settle_all(world)
