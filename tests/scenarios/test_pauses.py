"""What an operator pauses is not sent, loses nothing while Marketplace takes it, and ends by name after that."""

import pytest

from ledger.pauses import STAGE, Pause, Paused, Pauses
from ledger.transaction import Cancelled, write
from metering.send.plan_batches import plan_batches
from tests.scenarios.final_metering import TEN, FinalMetering, cancel, notified_buyer, use
from tests.scenarios.final_metering import status as status_of
from tests.scenarios.world import START, World

EXECUTIONS = "workflow_executions"


def pause(world: World, whom: str) -> Pause:
    made = Pause(world.now, "arn:aws:sts::1:assumed-role/operator/ana", "a doubtful hour")
    write(world.dynamodb.meta.client, [world.pauses.pause(whom, made)])
    return made


def resume(world: World, whom: str, made: Pause) -> None:
    write(world.dynamodb.meta.client, [world.pauses.resume(whom, made)])


def used(world: World) -> str:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 2))
    return buyer


def test_a_paused_customer_waits_and_the_others_are_billed(world: World) -> None:
    paused, other = used(world), used(world)
    made = pause(world, paused)
    world.next_run()
    assert (world.billed(paused), world.billed(other)) == (0, 2)
    assert world.pending() == {(paused, int(START))}
    assert world.record(paused).state == "sealed"
    resume(world, paused, made)
    world.next_run()
    assert world.billed(paused) == 2


def test_a_paused_stage_sends_nothing(world: World) -> None:
    buyers = [used(world), used(world)]
    made = pause(world, STAGE)
    world.next_run()
    assert world.marketplace.summary()["calls"] == 0
    resume(world, STAGE, made)
    world.next_run()
    assert [world.billed(buyer) for buyer in buyers] == [2, 2]


def test_a_pause_stops_batches_that_are_planned_already(world: World) -> None:
    paused, other = used(world), used(world)
    world.now += 4200
    keys = [(paused, int(START)), (other, int(START))]
    world.sealer.seal_hours(keys)
    ((batch,), _left) = plan_batches(keys, world.records, world.subscribers, world.now, world.metering_mode)
    pause(world, paused)
    world.submitter.submit(batch, "run")
    assert (world.billed(paused), world.billed(other)) == (0, 2)


def test_a_lane_reads_the_pauses_once_and_stops_within_a_minute(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    buyers = [used(world) for _ in range(4)]
    keys = [(buyer, int(START)) for buyer in buyers]
    world.now += 4200
    world.sealer.seal_hours(keys)
    reads, read = [], Pauses.read

    def counted(self: Pauses) -> Paused:
        reads.append(world.now)
        return read(self)

    monkeypatch.setattr(Pauses, "read", counted)
    lane = world.submitter.for_lane()
    first, second, third, fourth = ([(buyer, int(START), EXECUTIONS)] for buyer in buyers)
    begun = world.now
    lane.submit(first, "run")
    pause(world, STAGE)
    world.now = begun + 29
    lane.submit(second, "run")
    assert reads == [begun]
    world.now = begun + 31
    lane.submit(third, "run")
    assert [world.billed(buyer) for buyer in buyers] == [2, 2, 0, 0]
    assert reads == [begun, begun + 31]
    # Another lane of the same copy reads them anew: a run that begins after a pause sends nothing of it.
    world.submitter.for_lane().submit(fourth, "run")
    assert world.billed(buyers[3]) == 0


def test_the_next_lane_of_a_copy_reads_the_pauses_anew(world: World) -> None:
    """A pause that was made and ended between two lanes of a copy is not remembered."""
    buyer = used(world)
    world.now += 4200
    world.sealer.seal_hours([(buyer, int(START))])
    submitter = world.submitter
    made = pause(world, buyer)
    submitter.for_lane().submit([(buyer, int(START), EXECUTIONS)], "run")
    assert world.billed(buyer) == 0
    resume(world, buyer, made)
    submitter.for_lane().submit([(buyer, int(START), EXECUTIONS)], "run")
    assert world.billed(buyer) == 2


def test_what_is_paused_until_its_deadline_expires_by_name(world: World) -> None:
    buyer = used(world)
    pause(world, buyer)
    world.next_run(hours=25)
    assert world.verdicts(buyer) == {EXECUTIONS: "expired"}
    assert world.failed() == {(buyer, int(START))}


def test_a_leaving_customer_that_is_paused_is_cancelled_and_expires_by_name(world: World) -> None:
    buyer = notified_buyer(world)
    world.now = START + 1800
    use(world, buyer, "eight", 8)
    pause(world, buyer)
    cancel(world, buyer)
    FinalMetering(world, buyer).run()
    assert status_of(world, buyer) == "cancelled"
    assert world.billed(buyer) == 0
    world.now = TEN + 24 * 3600
    world.run()
    assert world.verdicts(buyer) == {EXECUTIONS: "expired"}


def test_nobody_ends_a_pause_that_is_not_the_one_he_saw(world: World) -> None:
    buyer = used(world)
    first = pause(world, buyer)
    with pytest.raises(Cancelled):
        pause(world, buyer)
    resume(world, buyer, first)
    world.now += 60
    pause(world, buyer)
    with pytest.raises(Cancelled):
        resume(world, buyer, first)
    assert world.pauses.read().holds(buyer)
