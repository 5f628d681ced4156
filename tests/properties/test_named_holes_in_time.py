"""Holes of the review that are about when: late usage, hours that are closed already, ends, statuses, deadlines."""

from decimal import Decimal

import pytest

from marketplace.hour import SECONDS, deadline, hour_of
from metering.run import Mode
from metering.send.plan_batches import plan_batches
from runtime.clock import from_iso, iso
from tests.properties.holes import EXECUTIONS, HOUR, before_write, report, settle_all
from tests.simulation.new_protocol import protocol
from tests.simulation.promise import all_records
from tests.simulation.protocol import Protocol

# --- H8: a late event never opens an hour whose deadline has passed -------------------------------------------------


@pytest.mark.parametrize("late", [2 * SECONDS, 23 * SECONDS + 1200, 48 * SECONDS])
def test_h8_a_late_event_is_billed_in_the_running_hour(world: Protocol, late: int) -> None:
    buyer = world.join("license")
    world.now += 3 * 86400
    world.note(buyer, "start", world.now)  # says nothing new
    report(world, buyer, "e0", 2, occurredAt=iso(world.now - late) if late < 86400 else iso(world.now - 82800))
    assert [record.hour for record in all_records(world)] == [hour_of(world.now)]
    settle_all(world)
    assert world.billed(buyer) == 2


def test_h8_usage_of_last_month_after_its_close_is_billed_in_this_one() -> None:
    with protocol(now=from_iso("2026-12-01T05:20:00Z")) as world:
        buyer = world.join("license")
        report(world, buyer, "e0", 2, occurredAt="2026-11-30T23:40:00Z")
        world.now = from_iso("2026-12-01T06:10:00Z")
        world.run()
        assert [line["hour"] for line in world.accepted()] == ["2026-12-01T05:00:00Z"]
        assert world.failed() == set()


# --- H9: an hour is opened only for who is subscribed at that moment --------------------------------------------------


@pytest.mark.parametrize("status", ["final_metering", "cancelled"])
def test_h9a_an_event_judged_before_the_end_opens_no_hour_after_it(world: Protocol, status: str) -> None:
    """The subscriber is read, then final metering refuses, then the transaction runs."""
    buyer = world.join("license")
    recorder = world.recorder([world.event(buyer, "e0", Decimal(2))])
    world.scheduler.run(recorder, 0, writes=True)
    assert recorder.point == "TransactWriteItems"
    world.subscribe(buyer, notified=True)
    world.change(buyer, subscriptionStatus=status)
    world.scheduler.run(recorder)
    assert all_records(world) == []
    assert world.sender.accepted == []


def test_h9a_no_hour_opens_after_the_grace_even_without_a_workflow(world: Protocol) -> None:
    """The item's own ``acceptsUntil`` refuses, at the moment of the transaction."""
    buyer = world.join("license")
    world.subscribe(buyer, notified=True)
    report(world, buyer, "e0", 2)
    accepted = [body["id"] for body in world.sender.accepted]
    recorder = world.recorder([world.event(buyer, "e1", Decimal(2))])
    world.now += SECONDS
    world.scheduler.run(recorder)
    assert accepted == ["e0"] == [body["id"] for body in world.sender.accepted]
    assert [record.hour for record in all_records(world)] == [HOUR]


def test_h9d_an_event_from_just_ahead_counts_as_now(world: Protocol) -> None:
    buyer = world.join("license")
    world.now = HOUR + SECONDS - 2.0
    report(world, buyer, "e0", 2, occurredAt=iso(HOUR + SECONDS + 1))
    assert [record.hour for record in all_records(world)] == [HOUR]
    world.next_run()
    assert world.billed(buyer) == 2


# --- H10: recording has somewhere to go ------------------------------------------------------------------------------


def test_h10_usage_of_a_running_hour_that_is_sealed_goes_to_the_next(world: Protocol) -> None:
    """A sealer whose clock is ahead has sealed the hour that is still the recorder's own."""
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    world.sealer.seal_hours([(buyer, HOUR)])
    report(world, buyer, "e1", 3)
    assert {record.hour: record.state for record in all_records(world)} == {HOUR: "sealed", HOUR + SECONDS: "open"}
    settle_all(world)
    assert world.billed(buyer) == 5


# --- H11: a parked line wakes up -------------------------------------------------------------------------------------


def test_h11_a_notice_during_a_call_is_not_overlooked(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    world.marketplace.arm("status", times=1, buyer=buyer, status="CustomerNotSubscribed")
    run = world.scheduler.actors[before_write(world, 2)]
    assert run.point == "BatchMeterUsage"
    world.scheduler.step(run)
    world.change(buyer, statusChangedAt=int(world.now))
    world.scheduler.run(run)
    assert world.verdicts(buyer) == {EXECUTIONS: "not_subscribed"}
    world.next_run()
    assert world.billed(buyer) == 2


def test_h11_runs_retry_every_four_hours_and_once_before_the_deadline(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    world.marketplace.arm("status", buyer=buyer, status="CustomerNotSubscribed")
    asked, calls = [], 0
    for hour in range(1, 25):
        world.next_run()
        if calls != (calls := world.marketplace.summary()["calls"]):
            asked.append(hour)
    assert asked == [1, 5, 9, 13, 17, 21, 23]
    assert world.verdicts(buyer) == {EXECUTIONS: "expired"}


# --- H12: an older notice does not go with its facts -----------------------------------------------------------------


def test_h12_a_start_that_arrives_after_its_end_still_dates_the_first_hour(world: Protocol) -> None:
    buyer = world.buyer("license", active_from=None)
    world.customers.append(buyer)
    world.now = HOUR + 900.0
    world.marketplace.activate(buyer, iso(world.now))
    world.note(buyer, "end", HOUR + 1800)
    world.now = HOUR + 2000.0
    world.marketplace.end(buyer, iso(HOUR + 1800))
    world.deliver()
    event = world.event(buyer, "e0", Decimal(2), occurredAt=iso(HOUR + 1000))
    world.scheduler.run(world.recorder([event]))
    assert world.sender.accepted == [], "not active yet: the sender keeps it"
    world.note(buyer, "start", HOUR + 900)
    world.deliver()
    world.resend()
    world.next_run()
    assert [line["timestamp"] for line in world.accepted()] == [iso(HOUR + 900)]


# --- deadlines -------------------------------------------------------------------------------------------------------


def test_a_batch_planned_in_time_and_submitted_too_late_makes_no_call(world: Protocol) -> None:
    """One line past its time would have the whole request rejected."""
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    world.now = deadline(HOUR) - 60.0
    world.sealer.seal_hours([(buyer, HOUR)])
    ((batch,), _left) = plan_batches([(buyer, HOUR)], world.records, world.subscribers, world.now, Mode("live"))
    world.now += 60
    world.submitter.submit(batch, "run")
    assert world.marketplace.summary()["calls"] == 0
    assert plan_batches([(buyer, HOUR)], world.records, world.subscribers, world.now, Mode("live")) == ([], False)


def test_lines_near_their_deadline_travel_alone(world: Protocol) -> None:
    buyers = [world.join("license") for _ in range(3)]
    for buyer in buyers:
        report(world, buyer, "e0", 2)
    world.now = deadline(HOUR) - 240.0
    world.run()
    assert world.marketplace.summary()["calls"] == 3
    assert [world.billed(buyer) for buyer in buyers] == [2, 2, 2]


def test_tidying_from_a_stale_read_removes_no_newer_mark(world: Protocol) -> None:
    """Two lines: one run has read the record with none failed; the other ends one ``expired``."""
    buyer = world.join("license")
    report(world, buyer, "e0", 2)
    report(world, buyer, "e1", 1, dimension="peak_nodes")
    world.next_run(0)
    world.now = HOUR + SECONDS + 600.0
    world.sealer.seal_hours([(buyer, HOUR)])
    record = world.record(buyer)
    first = world.settlement.settle(record, "peak_nodes", "expired", now=world.now)
    billed = world.settlement.settle(record, "peak_nodes", "billed", now=world.now)
    assert first is not None and billed is not None
    world.settlement.settle(record, EXECUTIONS, "expired", now=world.now)
    assert world.settlement.tidy(billed) is False
    assert world.failed() == {(buyer, HOUR)}
