"""An event is taken back exactly once: against its sealer, its sender, another void, and whatever breaks on the way."""

from decimal import Decimal

import pytest

from marketplace.hour import SECONDS
from tests.properties.holes import HOUR, before_write, report, settle_all
from tests.scenarios.world import START
from tests.simulation.actors import Actor
from tests.simulation.faults import AT
from tests.simulation.judge import Judge
from tests.simulation.new_protocol import protocol
from tests.simulation.protocol import Protocol

#: more effects than taking back has, with everything that may be tried again
MOST_EFFECTS = 40


def void(world: Protocol, buyer: str, event_id: str = "e0") -> Actor:
    return world.recorder([{"void": event_id, "customerIdentifier": buyer, "source": "people"}])


@pytest.mark.parametrize(("kept", "write"), [("2", "UpdateItem"), ("2.5", "TransactWriteItems")])
def test_a_sealer_that_has_read_the_record_loses_to_a_void(world: Protocol, kept: str, write: str) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 3)
    report(world, buyer, "e1", kept)
    run = world.scheduler.actors[before_write(world)]
    assert run.point == write
    world.scheduler.run(void(world, buyer))
    world.scheduler.run(run)
    settle_all(world)
    assert world.billed(buyer) == 2


def test_a_void_judged_before_the_seal_and_written_after_it_changes_nothing(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 3)
    world.now = HOUR + SECONDS + 600.0
    taking_back = void(world, buyer)
    world.scheduler.run(taking_back, 0, writes=True)
    assert taking_back.point == "TransactWriteItems"
    world.run()
    world.scheduler.run(taking_back)
    settle_all(world)
    assert world.sender.taken_back == set()
    assert world.billed(buyer) == 3


def test_a_split_that_has_been_read_is_not_sealed_after_a_void(world: Protocol) -> None:
    """The sealer has read the record, and then finds the set of tags without what was taken back."""
    buyer = world.join("license")
    report(world, buyer, "e0", 3, tags={"team": "a"})
    report(world, buyer, "e1", 2, tags={"team": "b"})
    world.now = HOUR + SECONDS + 600
    run = world.hourly()
    while not run.site.endswith("of_hour"):
        world.scheduler.step(run)
    world.scheduler.run(void(world, buyer))
    world.scheduler.run(run)
    settle_all(world)
    assert world.billed(buyer) == 2


def test_of_two_voids_at_once_one_takes_back(world: Protocol) -> None:
    buyer = world.join("license")
    report(world, buyer, "e0", 3)
    first, second = void(world, buyer), void(world, buyer)
    for each in (first, second):
        world.scheduler.run(each, 0, writes=True)
    world.scheduler.run(second)
    world.scheduler.run(first)
    settle_all(world)
    assert world.billed(buyer) == 0


@pytest.mark.parametrize("first", ["void", "event"])
def test_a_void_and_its_event_delivered_again_at_once(world: Protocol, first: str) -> None:
    buyer = world.join("license")
    event = world.event(buyer, "e0", Decimal(3))
    world.scheduler.run(world.recorder([event]))
    actors = {"void": void(world, buyer), "event": world.recorder([event])}
    for each in actors.values():
        world.scheduler.run(each, 0, writes=True)
    for name in sorted(actors, key=lambda name: name != first):
        world.scheduler.run(actors[name])
    settle_all(world)
    assert world.billed(buyer) == 0


@pytest.mark.parametrize("fault", sorted({fault for point in AT for fault in AT[point] if "Meter" not in point}))
def test_any_fault_at_any_effect_takes_the_event_back_once(fault: str) -> None:
    """The event comes with its void, and both come again after the fault; so does a run beside them."""
    for effect in range(MOST_EFFECTS):
        judge = Judge()
        with protocol(now=START, watcher=judge) as world:
            judge.watch(world)
            buyer = world.join("license")
            report(world, buyer, "e1", 2, tags={"team": "a"})
            event = world.event(buyer, "e0", Decimal(3), tags={"team": "a"})
            taking_back = {"void": "e0", "customerIdentifier": buyer, "source": "people"}
            actor = world.recorder([event, taking_back])
            world.scheduler.run(actor, effect)
            was_over = actor.done
            if not was_over and fault in AT[actor.point]:
                world.scheduler.step(actor, fault)
            settle_all(world)
            assert judge.broken == []
            assert world.sender.taken_back == {(buyer, "e0")}
            assert world.billed(buyer) == 2
            if was_over:
                return
    pytest.fail("taking back has more effects than were tried")
