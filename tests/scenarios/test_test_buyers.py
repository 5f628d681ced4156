"""A stage that tries out metering with some buyers: it sends for those who are listed, and holds everybody else."""

from typing import NamedTuple

import pytest

from metering.report.levels import read_levels
from tests.scenarios.world import START, World


class Buyers(NamedTuple):
    listed: str
    held: str


@pytest.fixture
def buyers(world: World) -> Buyers:
    """Two buyers with equal usage in the same hour; the stage lists one of them."""
    both = Buyers(world.buyer(), world.buyer())
    world.mode = "test-buyers"
    world.test_buyers = frozenset({both.listed})
    world.report(*(world.event(buyer, "a", 2) for buyer in both))
    world.next_run()
    return both


def test_the_listed_buyer_is_billed_and_the_other_is_held(world: World, buyers: Buyers) -> None:
    assert world.verdicts(buyers.listed) == {"workflow_executions": "billed"}
    assert world.verdicts(buyers.held) == {"workflow_executions": None}
    assert [(line["buyer"], line["quantity"]) for line in world.accepted()] == [(buyers.listed, "2")]
    assert world.pending() == {(buyers.held, int(START))}


def test_held_hours_are_billed_once_the_stage_goes_live(world: World, buyers: Buyers) -> None:
    world.mode = "live"
    world.next_run()
    assert [world.billed(buyer) for buyer in buyers] == [2, 2]
    assert world.pending() == set()


def test_a_held_hour_ends_not_sent_at_its_deadline_and_listed_buyers_are_billed(world: World, buyers: Buyers) -> None:
    world.next_run(hours=22)
    later = world.now
    world.report(*(world.event(buyer, "b", 3) for buyer in buyers))
    world.next_run()
    assert world.verdicts(buyers.held) == {"workflow_executions": "not_sent"}
    assert world.verdicts(buyers.listed, later) == {"workflow_executions": "billed"}
    assert world.failed() == set(), "a setting pages no operator"
    world.mode = "live"
    world.next_run()
    assert [world.billed(buyer) for buyer in buyers] == [5, 3], "what was not sent never is"


def test_a_listed_buyers_line_that_cannot_be_sent_ends_expired(world: World, buyers: Buyers) -> None:
    """The stage wanted to send it, so it is lost, whatever the mode holds back of others."""
    later = world.now
    world.report(*(world.event(buyer, "b", 3) for buyer in buyers))
    world.marketplace.arm("status", buyer=buyers.listed, status="CustomerNotSubscribed")
    world.next_run()
    world.next_run(hours=23)
    assert world.verdicts(buyers.listed, later) == {"workflow_executions": "expired"}
    assert world.verdicts(buyers.held, later) == {"workflow_executions": "not_sent"}
    assert {buyer for buyer, _ in world.failed()} == {buyers.listed}


def test_levels_separate_the_listed_buyers_hours_from_held_ones(world: World, buyers: Buyers) -> None:
    world.report(*(world.event(buyer, "b", 3) for buyer in buyers))
    levels = read_levels(
        world.records,
        world.subscribers,
        int(world.now),
        now=world.now,
        mode=world.metering_mode,
        products=world.products,
    )
    assert (levels.pending_hours, levels.held_hours) == (1, 2)
