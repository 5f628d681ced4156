"""A buyer resubscribes during final metering, and each step reads again what changed in between."""

from decimal import Decimal
from typing import Any

import pytest

from ledger.balance import Balance
from ledger.transaction import Cancelled
from runtime.clock import iso
from tests.scenarios.final_metering import (
    ELEVEN,
    END,
    MINUTE,
    NINE,
    REFUSES,
    TEN,
    FinalMetering,
    cancel,
    lines,
    notified_buyer,
    open_hours,
    resubscribe,
    status,
    subscriber,
    use,
)
from tests.scenarios.world import START, World

CALLS = "api_calls"
#: usage of the last minute of the period
OF_THEN = {"occurredAt": iso(END - MINUTE)}


@pytest.fixture
def buyer(world: World) -> str:
    """In the middle of an hour, of which some is used."""
    found = notified_buyer(world)
    world.now = NINE + 10 * MINUTE
    assert use(world, found, "nine", 9) == "recorded 09"
    return found


def test_a_customer_who_resubscribes_within_the_grace_keeps_the_remainder(world: World, buyer: str) -> None:
    use(world, buyer, "calls", 2400, dimension=CALLS)
    cancel(world, buyer)
    final = FinalMetering(world, buyer).run(until=END + 1)
    resubscribe(world, buyer, TEN + 2 * MINUTE)
    assert use(world, buyer, "new", 5) == "recorded 10"
    world.now = REFUSES
    final.run()
    assert status(world, buyer) == "active"
    assert lines(world, buyer) == {"09:00": 9, "10:02": 5}, "both periods' usage of the hour goes with one line"
    assert use(world, buyer, "next", 4) == "recorded 11", "the running hour was sealed early"
    world.next_run(hours=2)
    assert lines(world, buyer)["11:00"] == 4
    balance = world.balances.get(buyer)
    assert (balance.remainder, balance.ended) == ({CALLS: 400}, {})


@pytest.mark.parametrize("step", ["refuse", "seal", "submit"])
def test_a_customer_who_resubscribes_during_final_metering_is_not_cancelled(
    world: World, buyer: str, step: str
) -> None:
    cancel(world, buyer)
    world.now = REFUSES
    final = FinalMetering(world, buyer)
    for effect in final.effects():
        if effect == step:
            resubscribe(world, buyer, REFUSES)
            break
    assert status(world, buyer) == "active"
    assert use(world, buyer, "new", 5).startswith("recorded 10")
    final.run()
    assert status(world, buyer) == "active"
    assert lines(world, buyer)["09:00"] == 9
    world.next_run()
    assert lines(world, buyer) == {"09:00": 9, "10:05": 5}


def test_a_resubscription_between_reading_and_cancelling_wins(world: World, buyer: str) -> None:
    cancel(world, buyer)
    world.now = REFUSES
    final = FinalMetering(world, buyer)
    for effect in final.effects():
        if effect == "submit":
            break
    read, balance = subscriber(world, buyer), world.balances.get(buyer)
    resubscribe(world, buyer, REFUSES + 1)
    with pytest.raises(Cancelled):
        world.ender.cancellation.end(read, balance, int(END), world.now)
    assert status(world, buyer) == "active"
    assert world.ender.end_subscription(buyer, int(END)) == "not_its_turn"


def test_an_hour_after_the_grace_is_kept_if_the_customer_resubscribes(world: World, buyer: str) -> None:
    """It would have been refused; now it lies in the new period."""
    cancel(world, buyer)
    world.now = TEN + MINUTE
    for hour in (NINE, TEN):
        use(world, buyer, f"late-{hour}", 1, **OF_THEN)
        world.sealer.seal_hour(buyer, int(hour))
    assert use(world, buyer, "far-ahead", 3, **OF_THEN) == "recorded 11"
    world.now = REFUSES
    final = FinalMetering(world, buyer)
    ender = world.ender
    real = ender.records.unsettled

    def comes_back(customer: str, first: int) -> Any:
        """Right after final metering has read the hours for the last time."""
        found = real(customer, first)
        if status(world, buyer) == "final_metering" and all(record.state == "sealed" for record in found[0]):
            resubscribe(world, buyer, world.now)
        return found

    for effect in final.effects():
        if effect == "submit":
            break
    ender.records.unsettled = comes_back  # type: ignore[method-assign,assignment]
    assert ender.end_subscription(buyer, int(END)) == "not_its_turn"
    assert status(world, buyer) == "active"
    assert world.record(buyer, ELEVEN).lines["workflow_executions"].verdict is None
    world.next_run(hours=3)
    assert lines(world, buyer)["11:00"] == 3
    assert world.failed() == set()


def test_what_is_sealed_between_reading_and_cancelling_is_read_again(world: World, buyer: str) -> None:
    """A seal changes the balance: what it left over must not stay behind."""
    use(world, buyer, "calls", 400, dimension=CALLS)
    cancel(world, buyer)
    world.now = REFUSES
    final = FinalMetering(world, buyer)
    next(final.effects())
    stale = world.balances.get(buyer)
    world.sealer.seal_hour(buyer, int(NINE))
    with pytest.raises(Cancelled):
        world.ender.cancellation.end(subscriber(world, buyer), stale, int(END), world.now)
    final.run()
    assert world.balances.get(buyer).ended == {(CALLS, int(END)): Decimal(400)}


def test_a_seal_between_two_reads_makes_the_cancellation_read_both_again(world: World, buyer: str) -> None:
    use(world, buyer, "calls", 400, dimension=CALLS)
    cancel(world, buyer)
    world.now = REFUSES
    final = FinalMetering(world, buyer)
    next(final.effects())
    ender = world.ender
    real = ender.balances.get

    def get(customer: str) -> Balance:
        """The hourly run seals as soon as the balance was read."""
        found = real(customer)
        ender.balances.get = real  # type: ignore[method-assign]
        world.sealer.seal_hour(buyer, int(NINE))
        return found

    ender.balances.get = get  # type: ignore[method-assign,assignment]
    assert ender.end_subscription(buyer, int(END)) == "ended"
    assert (status(world, buyer), real(buyer).remainder) == ("cancelled", {})
    assert real(buyer).ended == {(CALLS, int(END)): Decimal(400)}


def test_an_unreadable_record_prevents_cancellation(world: World, buyer: str) -> None:
    cancel(world, buyer)
    world.now = REFUSES
    final = FinalMetering(world, buyer)
    next(final.effects())
    world.dynamodb.Table(world.records.table_name).update_item(
        Key={"customerIdentifier": buyer, "timestamp": int(NINE)}, UpdateExpression="REMOVE version"
    )
    assert world.ender.end_subscription(buyer, int(END)) == "open"
    assert status(world, buyer) == "final_metering"


def test_end_back_and_end_again_within_the_hour(world: World) -> None:
    """Point 13: the first final metering has sealed the running hour, so what is used after it waits for the next."""
    buyer = notified_buyer(world)
    first = START + 5 * MINUTE  # refused from 08:50 on
    world.now = START + MINUTE
    assert use(world, buyer, "a", 1) == "recorded 08"
    cancel(world, buyer, first)
    FinalMetering(world, buyer, first).run()
    assert (status(world, buyer), lines(world, buyer)) == ("cancelled", {"08:00": 1})
    resubscribe(world, buyer, START + 52 * MINUTE)
    assert use(world, buyer, "b", 2) == "recorded 09", "the running hour is sealed"
    second = START + 55 * MINUTE
    cancel(world, buyer, second)
    FinalMetering(world, buyer, first).run()
    assert open_hours(world, buyer) == ["09"], "the first has nothing to do with it"
    final = FinalMetering(world, buyer, second).run()
    assert final.steps == ["wait", "refuse", "seal", "submit", "ended"]
    assert (status(world, buyer), lines(world, buyer)) == ("cancelled", {"08:00": 1, "09:00": 2})
