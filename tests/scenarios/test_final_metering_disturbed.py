"""Final metering twice, late, over lost answers, and beside the hourly run."""

from dataclasses import replace
from decimal import Decimal

import pytest

from runtime.clock import iso
from runtime.metric_names import MeteringMetric
from tests.scenarios.final_metering import (
    ELEVEN,
    END,
    GRACE,
    HOUR,
    MINUTE,
    NINE,
    REFUSES,
    TEN,
    FinalMetering,
    cancel,
    lines,
    notice,
    notified_buyer,
    open_hours,
    status,
    subscriber,
    use,
)
from tests.scenarios.world import START, World

CALLS = "api_calls"
#: Usage of the last minute of the period.
OF_THEN = {"occurredAt": iso(END - MINUTE)}


@pytest.fixture
def buyer(world: World) -> str:
    """In the middle of an hour, of which some is used."""
    found = notified_buyer(world)
    world.now = NINE + 10 * MINUTE
    assert use(world, found, "nine", 9) == "recorded 09"
    return found


# --- two endings of one period ----------------------------------------------------------------------------------------


def test_a_later_end_of_the_same_period_changes_nothing(world: World, buyer: str) -> None:
    cancel(world, buyer)
    world.now = END + 5 * MINUTE
    notice(world, buyer, "end", world.now)
    assert FinalMetering(world, buyer, world.now).run().steps == []
    FinalMetering(world, buyer).run()
    assert (status(world, buyer), lines(world, buyer)) == ("cancelled", {"09:00": 9})
    before = subscriber(world, buyer)
    notice(world, buyer, "end", REFUSES + MINUTE)
    after = subscriber(world, buyer)
    assert (after.status, after.active_periods) == ("cancelled", before.active_periods)
    assert FinalMetering(world, buyer).run().steps == []


@pytest.mark.parametrize("at_step", ["wait", "refuse"])
def test_an_end_that_was_earlier_takes_the_others_place(world: World, buyer: str, at_step: str) -> None:
    """The notice of the first end comes last: the execution for the second end gives way to the first's."""
    cancel(world, buyer)
    second = FinalMetering(world, buyer)
    for effect in second.effects():
        if effect == at_step:
            break
    earlier = END - 2 * MINUTE
    notice(world, buyer, "end", earlier)
    assert second.run().steps == []
    first = FinalMetering(world, buyer, earlier).run()
    assert first.steps[-1] == "ended"
    assert (status(world, buyer), lines(world, buyer)) == ("cancelled", {"09:00": 9})


def test_two_executions_of_one_period_at_once_bill_once_and_end_once(world: World, buyer: str) -> None:
    use(world, buyer, "calls", 2400, dimension=CALLS)
    cancel(world, buyer)
    one, other = FinalMetering(world, buyer), FinalMetering(world, buyer)
    first, second = one.effects(), other.effects()
    outcomes = []
    while one_step := [next(first, None), next(second, None)]:
        outcomes += one_step
        if one_step == [None, None]:
            break
    assert [outcome for outcome in outcomes if outcome == "ended"] == ["ended"]
    assert (lines(world, buyer), lines(world, buyer, CALLS)) == ({"09:00": 9}, {"09:00": 2})
    assert world.balances.get(buyer).ended == {(CALLS, int(END)): Decimal(400)}
    assert world.marketplace.summary()["billedTwice"] == 0


# --- late -------------------------------------------------------------------------------------------------------------


def test_a_notice_half_an_hour_late_loses_nothing(world: World, buyer: str) -> None:
    world.marketplace.end(buyer, iso(END))
    world.now = END + 10 * MINUTE
    assert use(world, buyer, "unaware", 2) == "recorded 09"
    world.now = END + 30 * MINUTE
    notice(world, buyer, "end", END)
    FinalMetering(world, buyer).run()
    assert (lines(world, buyer), world.now) == ({"09:00": 11}, REFUSES)
    assert status(world, buyer) == "cancelled"


def test_a_notice_two_hours_late_is_metered_at_once_and_its_loss_is_named(world: World, buyer: str) -> None:
    world.marketplace.end(buyer, iso(END))
    world.now = ELEVEN + 10 * MINUTE
    assert use(world, buyer, "unaware", 2) == "recorded 11"
    world.now = END + 2 * HOUR
    notice(world, buyer, "end", END)
    final = FinalMetering(world, buyer).run()
    assert final.steps == ["refuse", "seal", "seal", "submit", "ended"]
    assert (status(world, buyer), world.now) == ("cancelled", END + 2 * HOUR)
    assert lines(world, buyer) == {}, "Marketplace takes no more usage of this buyer"
    assert world.verdicts(buyer, NINE) == world.verdicts(buyer, ELEVEN) == {"workflow_executions": "not_subscribed"}
    world.next_run(hours=25)
    assert world.failed() == {(buyer, int(NINE)), (buyer, int(ELEVEN))}
    assert world.pending() == set()


# --- answers ----------------------------------------------------------------------------------------------------------


def test_lost_answers_of_the_last_hour_are_asked_for_every_minute(world: World, buyer: str) -> None:
    cancel(world, buyer)
    world.now = REFUSES
    world.marketplace.arm("lost-answer", times=3)
    final = FinalMetering(world, buyer).run()
    assert final.steps.count("MarketplaceBusy") == 3
    assert (lines(world, buyer), world.verdicts(buyer, NINE)) == ({"09:00": 9}, {"workflow_executions": "billed"})
    assert REFUSES + 3 * MINUTE <= world.now < GRACE
    asked = {
        (record["timestamp"], record["quantity"]) for call in world.marketplace.calls() for record in call["results"]
    }
    assert len(asked) == 1, "the same request each time"


def test_a_product_fault_within_the_grace_loses_no_line(world: World, buyer: str) -> None:
    cancel(world, buyer)
    world.now = REFUSES
    world.marketplace.arm("error", times=4, error="AccessDeniedException")
    FinalMetering(world, buyer).run()
    assert (lines(world, buyer), status(world, buyer)) == ({"09:00": 9}, "cancelled")


def test_after_the_grace_final_metering_waits_for_no_answer(world: World, buyer: str) -> None:
    cancel(world, buyer)
    world.now = REFUSES
    world.marketplace.arm("throttle", times=100)
    FinalMetering(world, buyer).run()
    assert status(world, buyer) == "cancelled"
    assert GRACE <= world.now <= GRACE + MINUTE
    assert world.pending() == {(buyer, int(NINE))}, "the hourly run asks on, and names it at its deadline"


def test_an_hour_that_cannot_be_sealed_prevents_cancellation(world: World, buyer: str) -> None:
    cancel(world, buyer)
    known = subscriber(world, buyer).account_id
    world.subscriber_items.update_item(
        Key={"customerIdentifier": buyer}, UpdateExpression="REMOVE customerAWSAccountId"
    )
    final = FinalMetering(world, buyer).run(until=GRACE + 10 * MINUTE)
    assert (status(world, buyer), open_hours(world, buyer)) == ("final_metering", ["09"])
    world.change(buyer, customerAWSAccountId=known)
    final.run()
    assert (status(world, buyer), open_hours(world, buyer)) == ("cancelled", [])


def test_beside_the_hourly_run_each_hour_is_billed_once(world: World, buyer: str) -> None:
    cancel(world, buyer)
    final = FinalMetering(world, buyer)
    for number, effect in enumerate(final.effects()):
        if number % 2 and world.now < ELEVEN:
            world.now = max(world.now, TEN + 10 * MINUTE)
            world.run()
        assert effect
    assert (status(world, buyer), lines(world, buyer)) == ("cancelled", {"09:00": 9})
    assert world.marketplace.summary()["billedTwice"] == 0


def test_after_a_day_without_runs_the_old_hours_remainder_is_named(world: World, buyer: str) -> None:
    """An hour past its deadline cannot be billed, but only sealing names what it leaves over."""
    use(world, buyer, "calls", 400, dimension=CALLS)
    end = END + 30 * HOUR
    cancel(world, buyer, end)
    FinalMetering(world, buyer, end).run()
    assert (status(world, buyer), open_hours(world, buyer)) == ("cancelled", [])
    balance = world.balances.get(buyer)
    assert (balance.remainder, balance.ended) == ({}, {(CALLS, int(end)): Decimal(400)})
    world.next_run()
    assert world.verdicts(buyer, NINE) == {"workflow_executions": "expired"}


def test_a_late_record_with_an_attempt_waits_for_its_answer(world: World, buyer: str) -> None:
    """By a clock that is ahead: what may have been billed is not named as never sent."""
    cancel(world, buyer)
    world.now = TEN + MINUTE
    for hour in (NINE, TEN):
        use(world, buyer, f"late-{hour}", 1, **OF_THEN)
        world.sealer.seal_hour(buyer, int(hour))
    assert use(world, buyer, "ahead", 3, **OF_THEN) == "recorded 11"
    world.sealer.seal_hour(buyer, int(ELEVEN))
    world.settlement.store_attempt(world.record(buyer, ELEVEN), ["workflow_executions"], "attempt")
    world.now = REFUSES
    FinalMetering(world, buyer).run()
    assert status(world, buyer) == "cancelled"
    assert world.verdicts(buyer, ELEVEN) == {"workflow_executions": None}
    assert world.pending() == {(buyer, int(ELEVEN))}


def test_usage_of_the_first_hour_counts_despite_a_truncated_activation(world: World) -> None:
    """Marketplace activates at 08:12:05.7 and refuses usage that is stamped before; the event says 08:12:05."""
    buyer = world.buyer(active_from=START + 725.7)
    world.subscriber_items.update_item(
        Key={"customerIdentifier": buyer}, UpdateExpression="REMOVE subscriptionStatus, activePeriods, statusChangedAt"
    )
    world.now = START + 730
    notice(world, buyer, "start", START + 725)
    use(world, buyer, "a", 5)
    world.next_run()
    assert lines(world, buyer) == {"08:12": 5}


@pytest.mark.parametrize(("scale", "told"), [(1000, 0), (100, 1)])
def test_a_remainder_of_a_whole_unit_is_reported(world: World, scale: int, told: int) -> None:
    """The stage's scale was lowered while 900 calls were left over, and the buyer cancels before more usage."""
    buyer = notified_buyer(world)
    use(world, buyer, "e0", 900, dimension="api_calls")
    world.next_run()
    world.dimensions = {**world.dimensions, "api_calls": replace(world.dimensions["api_calls"], scale=scale)}
    cancel(world, buyer)
    FinalMetering(world, buyer).run()
    assert status(world, buyer) == "cancelled"
    assert world.counted[MeteringMetric.REMAINDERS_UNBILLED] == told
