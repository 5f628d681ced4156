"""What a run counts: alarms rest on these numbers, so each is 0 without its cause and exact with it."""

from decimal import Decimal

import pytest

from marketplace.tiers import Tier
from runtime.metric_names import MeteringMetric
from tests.scenarios.world import World


def lines(world: World) -> dict[str, int]:
    """What was counted of lines by what became of them; zeros that failed are among it."""
    return {metric: n for metric, n in world.counted.items() if n and ("Lines" in metric)}


def use(world: World, *buyers: str) -> None:
    world.report(*(world.event(buyer, "a", 2) for buyer in buyers))


# --- lines by verdict -------------------------------------------------------------------------------------------------


def test_every_billed_line_is_counted_once(world: World) -> None:
    buyers = [world.buyer() for _ in range(2)]
    use(world, *buyers)
    world.report(world.event(buyers[0], "b", 7, dimension="peak_nodes"))
    world.next_run()
    assert lines(world) == {"LinesBilled": 3}
    world.run()
    assert lines(world) == {"LinesBilled": 3}, "a second run bills nothing"


def test_a_line_that_is_billed_after_a_lost_answer_is_counted_once(world: World) -> None:
    use(world, world.buyer())
    world.marketplace.arm("lost-answer", times=1)
    world.next_run()
    assert lines(world) == {}, "nobody knows yet"
    world.run()
    assert lines(world) == {"LinesBilled": 1}


def test_a_rejected_line_is_counted_rejected_beside_those_that_are_billed(world: World) -> None:
    bad, *good = [world.buyer() for _ in range(3)]
    use(world, bad, *good)
    world.marketplace.arm("error", error="InvalidLicenseException", buyer=bad)
    world.next_run()
    assert lines(world) == {"LinesBilled": 2, "LinesRejected": 1}


def test_a_conflict_is_counted_as_one(world: World) -> None:
    buyer = world.buyer()
    use(world, buyer)
    world.marketplace.arm("status", times=1, buyer=buyer, status="DuplicateRecord")
    world.next_run()
    assert lines(world) == {"LinesConflict": 1}


def test_a_line_presumed_on_file_is_counted_so_and_not_as_a_conflict(world: World) -> None:
    world.marketplace.set_settings(identicalResend="DuplicateRecord")
    use(world, world.buyer())
    world.marketplace.arm("lost-answer", times=1)
    world.next_run()
    world.run()
    assert lines(world) == {"LinesPresumedOnFile": 1}


def test_a_buyer_who_is_not_subscribed_is_not_counted_yet(world: World) -> None:
    """His line is asked again until its deadline; only how it ends is counted."""
    buyer = world.buyer()
    use(world, buyer)
    world.marketplace.arm("status", times=1, buyer=buyer, status="CustomerNotSubscribed")
    world.next_run()
    assert lines(world) == {}


@pytest.mark.parametrize(("mode", "counted"), [("live", "LinesExpired"), ("off", "LinesNotSent")])
def test_the_lines_of_an_hour_that_waited_until_its_deadline_are_counted(world: World, mode: str, counted: str) -> None:
    """His entitlements never come. What nobody wanted to send is not counted as lost."""
    world.mode = mode
    world.pricing_model = "contract-with-consumption"
    world.tiers = (Tier("basic", {"workflow_executions": Decimal(5)}),)
    buyer = world.buyer()
    use(world, buyer)
    world.report(world.event(buyer, "b", 7, dimension="peak_nodes"))
    world.next_run()
    assert lines(world) == {}
    world.next_run(hours=23)
    assert lines(world) == {counted: 2}


def test_a_zero_that_fails_is_counted_apart(world: World) -> None:
    """Nothing is lost with it, so no alarm on lines may see it."""
    world.zeros = "workflow_executions"
    failing, _other = world.buyer(), world.buyer()
    world.marketplace.arm("status", times=1, buyer=failing, status="DuplicateRecord")
    world.next_run()
    assert world.verdicts(failing) == {"workflow_executions": "conflict"}
    assert lines(world) == {"ZeroLinesFailed": 1, "LinesBilled": 1}


# --- faults of the product --------------------------------------------------------------------------------------------


def test_a_product_fault_is_counted_once_for_the_run_that_it_stops(world: World) -> None:
    use(world, *(world.buyer() for _ in range(30)))
    world.marketplace.arm("error", error="AccessDeniedException")
    assert world.next_run() == ["ProductFault"]
    assert world.counted[MeteringMetric.PRODUCT_FAULTS] == 1
    world.run()
    assert world.counted[MeteringMetric.PRODUCT_FAULTS] == 2, "and once again for the next"


def test_lines_rejected_for_one_reason_count_as_one_product_fault(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metering.send.send_batch.ALIKE_REJECTIONS", 3)
    use(world, *(world.buyer() for _ in range(5)))
    world.marketplace.arm("error", error="InvalidLicenseException")
    assert world.next_run() == ["ProductFault"]
    assert world.counted[MeteringMetric.PRODUCT_FAULTS] == 1
    assert lines(world) == {"LinesRejected": 3}


@pytest.mark.parametrize("kind", ["throttle", "server-error", "lost-answer", "unprocessed"])
def test_a_transient_fault_is_no_product_fault(world: World, kind: str) -> None:
    use(world, world.buyer())
    world.marketplace.arm(kind, times=1)
    assert world.next_run() == ["MarketplaceBusy"]
    assert world.counted[MeteringMetric.PRODUCT_FAULTS] == 0


def test_one_line_that_is_rejected_is_no_fault_of_the_product(world: World) -> None:
    bad, good = world.buyer(), world.buyer()
    use(world, bad, good)
    world.marketplace.arm("error", error="InvalidLicenseException", buyer=bad)
    world.next_run()
    assert world.counted[MeteringMetric.PRODUCT_FAULTS] == 0


# --- MeteringRecordIds ------------------------------------------------------------------------------------------------


def test_lines_that_share_a_metering_record_id_are_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The id is of one metering event: two lines with one id may be billed as one, and somebody has to look."""
    monkeypatch.setattr("marketplace_local.metering.metering_record_id", lambda _key: "the-same")
    use(world, *(world.buyer() for _ in range(4)))
    world.next_run()
    assert world.counted[MeteringMetric.SHARED_RECORD_IDS] == 3, "all but the one whose it may be"


def test_lines_with_an_id_of_their_own_or_none_share_none(world: World) -> None:
    buyers = [world.buyer() for _ in range(4)]
    use(world, *buyers)
    for buyer in buyers[:2]:
        world.marketplace.arm("status", times=1, buyer=buyer, status="DuplicateRecord")
    world.next_run()
    assert lines(world) == {"LinesBilled": 2, "LinesConflict": 2}
    assert world.counted[MeteringMetric.SHARED_RECORD_IDS] == 0
