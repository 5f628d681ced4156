"""A fault that every line has is not the lines': the run stops, pages, and leaves them pending."""

import pytest

from metering.send.send_batch import ALIKE_REJECTIONS
from tests.scenarios.world import World


def use(world: World, number: int) -> list[str]:
    buyers = [world.buyer() for _ in range(number)]
    for start in range(0, number, 50):
        world.report(*(world.event(buyer, "a") for buyer in buyers[start : start + 50]))
    return buyers


def test_fifty_lines_rejected_for_one_reason_stop_the_run(world: World) -> None:
    buyers = use(world, 110)
    world.marketplace.arm("error", error="InvalidLicenseException")
    assert world.next_run() == ["ProductFault"]
    rejected = [buyer for buyer in buyers if world.verdicts(buyer)["workflow_executions"] == "rejected"]
    assert len(rejected) == ALIKE_REJECTIONS
    assert world.marketplace.summary()["calls"] < 3 * 49
    world.marketplace.clear_faults()
    assert world.next_run() == []
    assert [world.billed(buyer) for buyer in buyers] == [1] * 110


@pytest.mark.parametrize("first", [True, False])
def test_where_one_line_is_accepted_the_others_are_tried(world: World, first: bool) -> None:
    buyers = use(world, 60)
    good = sorted(buyers)[0 if first else -1]
    for buyer in buyers:
        if buyer != good:
            world.marketplace.arm("error", error="InvalidLicenseException", buyer=buyer)
    errors = world.next_run()
    rejected = [buyer for buyer in buyers if world.verdicts(buyer)["workflow_executions"] == "rejected"]
    assert (errors, len(rejected)) == (([], 59) if first else (["ProductFault"], ALIKE_REJECTIONS))
