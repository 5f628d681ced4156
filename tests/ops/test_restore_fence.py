"""``ops restore-fence`` over the local Marketplace's trail: what it refuses, closes and writes down."""

from decimal import Decimal
from typing import Any

import pytest

from ledger.pauses import STAGE, Pause
from ledger.transaction import write
from marketplace.metering_calls import UNKNOWN, MeteredRecord, MeteringCall, MeteringCalls
from ops.read.actions import actions
from ops.stage import OpenStage
from runtime.clock import iso
from tests.ops.test_repairing import done, refuses
from tests.scenarios.books import Audits
from tests.scenarios.world import START, World

RUNS, CALLS = "workflow_executions", "api_calls"


@pytest.fixture
def rewound(world: World, seen: OpenStage, monkeypatch: pytest.MonkeyPatch) -> tuple[str, float]:
    """A customer whose hour was billed after the moment to which all tables went back; the customer and the moment."""
    audits = Audits(world)
    monkeypatch.setattr(MeteringCalls, "connect", lambda *_: audits.books.calls)
    customer = world.buyer()
    world.report(world.event(customer, "a", 5), world.event(customer, "b", 990, dimension=CALLS))
    world.now += 60
    moment, memory = world.now, world.dynamodb
    rows: dict[str, Any] = {name: dict(data.rows) for name, data in memory._tables.items()}  # type: ignore[attr-defined]
    world.now += 60
    world.report(world.event(customer, "c", 20, dimension=CALLS))
    world.next_run()
    assert (world.billed(customer), world.billed(customer, CALLS)) == (5, 1)
    for name, kept in rows.items():
        data = memory._tables[name]  # type: ignore[attr-defined]
        data.clear()
        for key, row in kept.items():
            data.commit(key, row)
    return customer, moment


def paused(world: World, minutes: int) -> None:
    pause = Pause(world.now - minutes * 60, "ana", "a restore")
    write(world.dynamodb.meta.client, [world.pauses.pause(STAGE, pause)])


def test_it_closes_what_was_billed_and_the_next_run_bills_nothing_of_it(
    world: World, seen: OpenStage, rewound: tuple[str, float]
) -> None:
    customer, moment = rewound
    world.now += 3600
    paused(world, 40)
    said = done(seen, "restore-fence", iso(moment))
    assert "1 customers are fenced" in said
    lines = world.record(customer, START).lines
    assert {name: (line.quantity, line.verdict) for name, line in lines.items()} == {
        RUNS: (Decimal(5), "on_file"),
        CALLS: (Decimal(1), "on_file"),
    }
    (found,) = [each for each in actions(seen, customer).data["actions"] if each["command"] == "restore-fence"]
    assert found["change"]["closed"] == {f"{CALLS}#2026-11": "990", f"{RUNS}#2026-11": "5"}
    write(world.dynamodb.meta.client, [world.pauses.resume(STAGE, world.pauses.read().pauses[STAGE])])
    world.next_run()
    assert (world.billed(customer), world.billed(customer, CALLS)) == (5, 1)


def test_it_is_refused_until_cloudtrail_can_be_believed(
    world: World, seen: OpenStage, rewound: tuple[str, float]
) -> None:
    _, moment = rewound
    assert "half an hour" in refuses(seen, "restore-fence", iso(moment))
    paused(world, 5)
    assert "half an hour" in refuses(seen, "restore-fence", iso(moment))


def test_it_is_refused_where_an_hour_was_sealed_after_the_restore(
    world: World, seen: OpenStage, rewound: tuple[str, float]
) -> None:
    _, moment = rewound
    world.now += 3600
    paused(world, 40)
    world.run()
    assert "was sealed after the restored moment" in refuses(seen, "restore-fence", iso(moment))


def test_a_moment_that_is_none_is_refused(world: World, seen: OpenStage, rewound: tuple[str, float]) -> None:
    assert "is no moment" in refuses(seen, "restore-fence", "yesterday")
    assert "moments of the past 90 days" in refuses(seen, "restore-fence", iso(world.now + 60))


@pytest.mark.parametrize("status", [UNKNOWN, "DuplicateRecord"])
def test_it_is_refused_where_no_call_shows_whether_a_record_was_taken(
    world: World, seen: OpenStage, rewound: tuple[str, float], monkeypatch: pytest.MonkeyPatch, status: Any
) -> None:
    customer, moment = rewound
    world.now += 3600
    paused(world, 40)
    taken = MeteredRecord(customer, RUNS, int(START), Decimal(5), "Success", "one")
    doubted = MeteredRecord(customer, CALLS, int(START), Decimal(1), status)
    call = MeteringCall("event", moment + 120, "ours", (taken, doubted))
    monkeypatch.setattr(MeteringCalls, "between", lambda *_: iter([call]))
    assert f"no call shows an answer about {customer}/" in refuses(seen, "restore-fence", iso(moment))
