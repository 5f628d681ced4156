"""A sum that does not hold stops the hour of one customer; the run goes on, and the other customer's hour is billed."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.balance import Balances
from ledger.cancellation import accepts_until, refuse_usage
from ledger.conservation import NotConserved, check_lines
from ledger.metering_record import Line, MeteringRecord
from marketplace.meter_usage import UsageLine
from marketplace.usage_allocations import Allocation
from metering.send.plan_batches import usage_line
from runtime.metric_names import MeteringMetric
from tests.scenarios.final_metering import END, cancel, notified_buyer, status
from tests.scenarios.world import START, World

STOPPED = MeteringMetric.HOURS_NOT_CONSERVED


@pytest.fixture
def buyers(world: World) -> tuple[str, str]:
    """Two buyers with three executions in one hour."""
    first, second = world.buyer(), world.buyer()
    world.report(world.event(first, "a", 3), world.event(second, "b", 3))
    return first, second


def test_a_line_that_is_not_what_was_frozen_is_not_sent(
    world: World, buyers: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = buyers

    def wrong(record: MeteringRecord, line: Line, allocations: tuple[Allocation, ...] = ()) -> UsageLine:
        usage = usage_line(record, line, allocations)
        return replace(usage, quantity=Decimal(4)) if record.customer_identifier == first else usage

    monkeypatch.setattr("metering.send.submit_batch.usage_line", wrong)
    world.next_run()
    assert (world.billed(first), world.billed(second)) == (0, 3)
    assert world.counted[STOPPED] > 0
    assert world.pending() == {(first, START)}
    assert all(not line.attempts for line in world.record(first).lines.values())
    monkeypatch.undo()
    world.run()
    assert (world.billed(first), world.pending()) == (3, set())


def test_a_record_that_changes_while_it_is_settled_holds_up_no_other(
    world: World, buyers: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = buyers

    def damaged(before: MeteringRecord, after: MeteringRecord) -> None:
        check_lines(before, after)
        if before.customer_identifier == first and any(line.verdict for line in after.lines.values()):
            raise NotConserved("lines: damaged")

    monkeypatch.setattr("ledger.settlement.check_lines", damaged)
    world.next_run()
    assert world.counted[STOPPED] > 0
    assert set(world.verdicts(second).values()) == {"billed"}
    monkeypatch.undo()
    world.run()
    assert (world.billed(first), world.billed(second), world.pending()) == (3, 3, set())


def test_a_remainder_that_does_not_add_up_keeps_the_subscription_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer = notified_buyer(world)
    cancel(world, buyer)
    world.now = float(accepts_until(int(END)))
    refuse_usage(world.subscribers, buyer, int(END), world.now)

    def wrong(*_: object) -> None:
        raise NotConserved("remainder: 1 before, 0 after")

    monkeypatch.setattr(Balances, "end_remainder", wrong)
    assert world.ender.end_subscription(buyer, int(END)) == "open"
    assert world.counted[STOPPED] == 1
    monkeypatch.undo()
    assert world.ender.end_subscription(buyer, int(END)) == "ended"
    assert status(world, buyer) == "cancelled"
