"""How the named holes are written down: usage, and a run that stands before one of its writes."""

from decimal import Decimal

from marketplace.hour import SECONDS, hour_of
from tests.scenarios.world import START
from tests.simulation.promise import check_promise
from tests.simulation.protocol import Protocol

HOUR = int(START)
EXECUTIONS = "workflow_executions"


def report(world: Protocol, customer: str, event_id: str, quantity: int | str = 1, **changes: object) -> None:
    """An event that its sender repeats until it has a verdict."""
    world.scheduler.run(world.recorder([world.event(customer, event_id, Decimal(quantity), **changes)]))


def before_write(world: Protocol, number: int = 0) -> int:
    """A run that stands before its next but so many write; the index of it among the actors."""
    world.now = hour_of(world.now) + SECONDS + 600
    world.scheduler.run(world.hourly(), number, writes=True)
    return len(world.scheduler.actors) - 1


def settle_all(world: Protocol) -> None:
    world.scheduler.end_all(finish=True)
    world.drain()
    check_promise(world)
