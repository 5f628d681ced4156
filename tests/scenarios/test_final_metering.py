"""A subscription ends: the last hour is billed before Marketplace's grace is over, whatever happens on the way."""

from decimal import Decimal

import pytest

from ledger.metering_records import MeteringRecords
from tests.scenarios.final_metering import (
    ELEVEN,
    END,
    GRACE,
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
    use,
)
from tests.scenarios.world import START, World

CALLS = "api_calls"


@pytest.fixture
def buyer(world: World) -> str:
    """It has used one hour, which no run has metered yet, and is in the middle of the next."""
    found = notified_buyer(world)
    world.now = START + 30 * MINUTE
    assert use(world, found, "eight", 8) == "recorded 08"
    world.now = NINE + 10 * MINUTE
    assert use(world, found, "nine", 9) == "recorded 09"
    return found


def test_the_last_hour_is_billed_within_the_grace_without_an_hourly_run(world: World, buyer: str) -> None:
    cancel(world, buyer)
    final = FinalMetering(world, buyer).run(until=END + 1)
    assert lines(world, buyer) == {"08:00": 8}, "closed hours go at once"
    assert status(world, buyer) == "pending_cancellation"
    assert use(world, buyer, "told-late", 1, occurredAt="2026-11-15T09:19:00Z") == "recorded 09"
    world.now = TEN + MINUTE
    assert use(world, buyer, "told-later", 1, occurredAt="2026-11-15T09:19:00Z") == "recorded 09"
    world.now = REFUSES
    final.run()
    assert lines(world, buyer) == {"08:00": 8, "09:00": 11}
    assert final.steps[-4:] == ["refuse", "seal", "submit", "ended"]
    assert (status(world, buyer), world.now) == ("cancelled", REFUSES)
    assert (world.pending(), world.failed()) == (set(), set())


def test_the_running_hour_is_sealed_and_nothing_is_recorded_after_it(world: World, buyer: str) -> None:
    cancel(world, buyer)
    world.now = TEN + 2 * MINUTE
    world.sealer.seal_hour(buyer, int(NINE))
    assert use(world, buyer, "late", 2, occurredAt="2026-11-15T09:19:00Z") == "recorded 10"
    FinalMetering(world, buyer).run()
    assert lines(world, buyer) == {"08:00": 8, "09:00": 9, "10:00": 2}
    assert use(world, buyer, "too-late", 1, occurredAt="2026-11-15T09:19:00Z") == "retry_later just_ended"
    world.now = GRACE + MINUTE
    assert use(world, buyer, "too-late", 1, occurredAt="2026-11-15T09:19:00Z") == "refused not_subscribed"


def test_what_remains_ends_by_name_in_the_transaction_that_cancels(world: World, buyer: str) -> None:
    use(world, buyer, "calls", 2400, dimension=CALLS)
    cancel(world, buyer)
    FinalMetering(world, buyer).run()
    balance = world.balances.get(buyer)
    assert lines(world, buyer, CALLS) == {"09:00": 2}
    assert (balance.remainder, balance.ended) == ({}, {(CALLS, int(END)): Decimal(400)})


def test_a_resubscription_after_cancellation_starts_without_a_remainder(world: World, buyer: str) -> None:
    use(world, buyer, "calls", 2400, dimension=CALLS)
    cancel(world, buyer)
    FinalMetering(world, buyer).run()
    resubscribe(world, buyer, ELEVEN + 5 * MINUTE)
    assert use(world, buyer, "more", 700, dimension=CALLS) == "recorded 11"
    world.next_run()
    balance = world.balances.get(buyer)
    assert (balance.remainder, balance.ended) == ({CALLS: 700}, {(CALLS, int(END)): Decimal(400)})
    cancel(world, buyer, world.now + MINUTE)
    FinalMetering(world, buyer, world.now).run()
    assert set(world.balances.get(buyer).ended.values()) == {Decimal(400), Decimal(700)}


# --- the five holes ---------------------------------------------------------------------------------------------------


def test_h9a_an_event_judged_before_the_refusal_opens_no_record_after_it(world: World, buyer: str) -> None:
    """The recorder has read the status, final metering refuses and seals, then the recorder's transaction runs."""
    cancel(world, buyer)
    world.now = REFUSES - 1
    final = FinalMetering(world, buyer)
    real = world.records.state
    done: list[int] = []

    def state(customer: str, hour: int) -> str | None:
        answer = real(customer, hour)
        if not done:
            done.append(hour)
            final.run()
        return answer

    world.records.state = state  # type: ignore[method-assign, assignment]
    verdict = use(world, buyer, "between", 1, occurredAt="2026-11-15T09:19:00Z")
    assert done and status(world, buyer) == "cancelled"
    assert verdict == "retry_later just_ended"
    assert open_hours(world, buyer) == []
    assert world.pending() == set()


def test_h9b_usage_is_refused_before_anything_is_sealed(world: World, buyer: str) -> None:
    cancel(world, buyer)
    world.now = REFUSES
    final = FinalMetering(world, buyer)
    for effect in final.effects():
        final.steps.append(effect)
        if effect == "seal":
            assert use(world, buyer, f"event-{len(final.steps)}", 1, occurredAt="2026-11-15T09:19:00Z").startswith(
                "retry_later"
            )
    assert final.steps[0] == "refuse"


def test_h9c_a_record_that_the_index_does_not_show_yet_is_found(
    world: World, buyer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel(world, buyer)
    monkeypatch.setattr(MeteringRecords, "pending_keys", lambda *_: iter(()))
    monkeypatch.setattr(MeteringRecords, "pending_page", lambda *_, **__: ([], {}))
    FinalMetering(world, buyer).run()
    assert lines(world, buyer) == {"08:00": 8, "09:00": 9}


def test_h9d_usage_of_the_next_hour_waits_for_it_within_the_grace(world: World) -> None:
    """Its own hour was sealed early, so the next one has it."""
    buyer = notified_buyer(world)
    end = TEN + 10 * MINUTE
    cancel(world, buyer, end)
    assert use(world, buyer, "first", 2, occurredAt="2026-11-15T10:09:00Z") == "recorded 10"
    world.sealer.seal_hour(buyer, int(TEN))
    assert use(world, buyer, "ahead", 3, occurredAt="2026-11-15T10:09:00Z") == "recorded 11"
    world.now = end + 45 * MINUTE
    final = FinalMetering(world, buyer, end).run()
    assert final.steps == ["refuse", "seal", "submit", "wait", "seal", "submit", "ended"]
    assert (lines(world, buyer), world.now) == ({"10:00": 2, "11:00": 3}, ELEVEN)
    assert not [call for call in world.marketplace.calls() if call["outcome"] != "answered"], "no timestamp too early"


def test_h9d_usage_in_an_hour_after_the_grace_is_sealed_and_named(world: World, buyer: str) -> None:
    cancel(world, buyer)
    world.now = TEN + MINUTE
    for hour in (NINE, TEN):
        use(world, buyer, f"late-{hour}", 1, occurredAt="2026-11-15T09:19:00Z")
        world.sealer.seal_hour(buyer, int(hour))
    assert use(world, buyer, "far-ahead", 3, occurredAt="2026-11-15T09:19:00Z") == "recorded 11"
    world.now = REFUSES
    FinalMetering(world, buyer).run()
    assert lines(world, buyer) == {"08:00": 8, "09:00": 10, "10:00": 1}
    record = world.record(buyer, ELEVEN)
    assert [(line.verdict, line.detail) for line in record.lines.values()] == [
        ("expired", "hour begins after the grace")
    ]
    assert world.failed() == {(buyer, int(ELEVEN))}
    assert (status(world, buyer), world.pending()) == ("cancelled", set())


@pytest.mark.parametrize("effects", range(8))
def test_h9e_a_crash_between_two_steps_is_resumed(world: World, buyer: str, effects: int) -> None:
    use(world, buyer, "calls", 2400, dimension=CALLS)
    cancel(world, buyer)
    world.now = REFUSES
    killed = FinalMetering(world, buyer).killed_after(effects)
    assert killed is (effects < 5), "refuse, seal, seal, submit, end"
    assert status(world, buyer) == ("final_metering" if effects < 4 else "cancelled")
    FinalMetering(world, buyer).run()
    assert (lines(world, buyer), lines(world, buyer, CALLS)) == ({"08:00": 8, "09:00": 9}, {"09:00": 2})
    assert status(world, buyer) == "cancelled"
    assert world.balances.get(buyer).ended == {(CALLS, int(END)): Decimal(400)}
    assert world.marketplace.summary()["billedTwice"] == 0
