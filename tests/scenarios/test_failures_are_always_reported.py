"""The settler may crash right after it writes a verdict, or lose the answer: the failure is reported all the same."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from ledger.cancellation import Cancellation
from local.dynamodb.table import MemoryTable
from runtime.metric_names import MeteringMetric
from tests.scenarios.final_metering import END, Crash, FinalMetering, cancel, notified_buyer, status, use
from tests.scenarios.world import World


def ask_again(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """The answer to the write of such a verdict is lost, and the SDK asks again: the condition now fails."""
    real = MemoryTable.update_item

    def twice(self: Any, **request: Any) -> Any:
        answer = real(self, **request)
        values = request.get("ExpressionAttributeValues", {})
        if any(isinstance(value, dict) and value.get("verdict") == word for value in values.values()):
            return real(self, **request)
        return answer

    monkeypatch.setattr(MemoryTable, "update_item", twice)


def test_a_line_that_expires(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 3))
    world.marketplace.arm("error", error="InvalidLicenseException", buyer=buyer)
    world.next_run()
    ask_again(monkeypatch, "expired")
    world.now += 25 * 3600
    for _ in range(3):
        world.run()
    assert world.verdicts(buyer) == {"workflow_executions": "expired"}
    assert world.counted[MeteringMetric.LINES_EXPIRED] == 1


def test_a_conflict(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 3))
    world.marketplace.arm("status", times=1, buyer=buyer, status="DuplicateRecord")
    ask_again(monkeypatch, "conflict")
    for _ in range(3):
        world.next_run()
    assert world.verdicts(buyer) == {"workflow_executions": "conflict"}
    assert world.counted[MeteringMetric.LINES_CONFLICT] == 1


class Lost(Cancellation):
    """Done, and the answer never came."""

    def end(self, *given: Any, **more: Any) -> None:
        super().end(*given, **more)
        raise Crash


def test_a_remainder_of_more_than_a_unit(world: World) -> None:
    buyer = notified_buyer(world)
    use(world, buyer, "e0", 900, dimension="api_calls")
    world.next_run()
    # the stage's scale is lowered while 900 calls are left over: nine billed units now
    world.dimensions = {**world.dimensions, "api_calls": replace(world.dimensions["api_calls"], scale=100)}
    cancel(world, buyer)
    final = FinalMetering(world, buyer)
    for effect in final.effects():
        if effect == "refuse":
            break
    with suppress(Crash):
        replace(world.ender, cancellation=Lost(**vars(world.ender.cancellation))).end_subscription(buyer, int(END))
    assert (status(world, buyer), world.counted[MeteringMetric.REMAINDERS_UNBILLED]) == ("cancelled", 0)
    assert world.ender.end_subscription(buyer, int(END)) == "not_its_turn"
    assert world.balances.get(buyer).ended == {("api_calls", int(END)): 900}
    assert world.counted[MeteringMetric.REMAINDERS_UNBILLED] == 1
