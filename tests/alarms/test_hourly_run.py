"""What goes wrong in the hourly run and in final metering calls people: by the functions' own metrics."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.allocations import allocations_key
from ledger.conservation import NotConserved
from ledger.metering_record import MeteringRecord
from ledger.pauses import STAGE, Pause
from ledger.tables import USAGE_EVENTS
from ledger.transaction import write
from marketplace.hour import deadline
from marketplace.tiers import Tier
from metering.seal.unusual_settings import UnusualSettings
from tests.alarms.hourly import Watched, watched
from tests.alarms.life import Life
from tests.alarms.proof import prove
from tests.scenarios.final_metering import FinalMetering, cancel, notified_buyer, use
from tests.scenarios.world import START
from tests.synthesized import Assembly

HOUR, DAY = 3600, 86400
Play = Callable[[Watched, pytest.MonkeyPatch], float]
PLAYS: dict[str, Play] = {}


def plays(alarm: str) -> Callable[[Play], Play]:
    """The function plays this alarm's fault, and returns when it shows."""

    def registered(play: Play) -> Play:
        PLAYS[alarm] = play
        return play

    return registered


def used(world: Watched, quantity: int = 2, **changes: object) -> str:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", quantity, **changes))
    return buyer


# --- lines ------------------------------------------------------------------------------------------------------------


@plays("MeteringLinesConflict")
def conflict(world: Watched, _: pytest.MonkeyPatch) -> float:
    world.marketplace.arm("status", times=1, buyer=used(world), status="DuplicateRecord")
    world.next_run()
    return world.now


@plays("MeteringLinesExpired")
def expired(world: Watched, _: pytest.MonkeyPatch) -> float:
    world.marketplace.arm("status", buyer=used(world), status="CustomerNotSubscribed")
    world.next_run()
    world.next_run(hours=23)
    return world.now


@plays("MeteringLinesPresumedOnFile")
def presumed(world: Watched, _: pytest.MonkeyPatch) -> float:
    world.marketplace.set_settings(identicalResend="DuplicateRecord")
    used(world)
    world.marketplace.arm("lost-answer", times=1)
    world.next_run()
    world.next_run()
    return world.now


@plays("MeteringFailedLines")
def failed_lines(world: Watched, patch: pytest.MonkeyPatch) -> float:
    return conflict(world, patch)


@plays("MeteringLinesCapped")
def capped(world: Watched, _: pytest.MonkeyPatch) -> float:
    buyer = world.buyer()
    world.report(*(world.event(buyer, str(number), 999_999_999) for number in range(3)))
    world.next_run()
    return world.now


@plays("MeteringTagSetsFolded")
def folded(world: Watched, patch: pytest.MonkeyPatch) -> float:
    patch.setattr("metering.seal.allocate_rules.MAX_ALLOCATIONS", 3)
    buyer = world.buyer()
    world.report(*(world.event(buyer, str(n), 1, tags={"case": str(n)}) for n in range(9)))
    world.next_run()
    return world.now


@plays("MeteringAllocationsMissing")
def allocations_gone(world: Watched, _: pytest.MonkeyPatch) -> float:
    buyer = used(world, tags={"team": "blue"})
    world.now = START + HOUR + 600
    world.sealer.seal_hour(buyer, int(START))
    key = {"customerIdentifier": buyer, "eventId": allocations_key(int(START), "workflow_executions", 0)}
    world.dynamodb.Table(USAGE_EVENTS.name).delete_item(Key=key)
    world.run()
    return world.now


@plays("MeteringHoursNotConserved")
def not_conserved(world: Watched, patch: pytest.MonkeyPatch) -> float:
    used(world)

    def damaged(_before: MeteringRecord, _after: MeteringRecord) -> None:
        raise NotConserved("lines: damaged")

    patch.setattr("ledger.settlement.check_lines", damaged)
    world.next_run()
    return world.now


@plays("MeteringLinesRejected")
def rejected(world: Watched, _: pytest.MonkeyPatch) -> float:
    world.marketplace.arm("error", error="InvalidLicenseException", buyer=used(world))
    used(world)
    world.next_run()
    return world.now


@plays("MeteringProductFaults")
def product_fault(world: Watched, _: pytest.MonkeyPatch) -> float:
    used(world)
    world.marketplace.arm("error", error="AccessDeniedException")
    world.next_run()
    return world.now


@plays("MeteringSharedRecordIds")
def shared_ids(world: Watched, patch: pytest.MonkeyPatch) -> float:
    patch.setattr("marketplace_local.metering.metering_record_id", lambda _key: "the-same")
    used(world)
    used(world)
    world.next_run()
    return world.now


# --- hours ------------------------------------------------------------------------------------------------------------


def unsealed(world: Watched) -> str:
    """A buyer's hour that cannot be sealed: its entitlements never come."""
    world.pricing_model = "contract-with-consumption"
    world.tiers = (Tier("basic", {"workflow_executions": Decimal(5)}),)
    return used(world, 9)


@plays("MeteringHoursWaiting")
def waiting(world: Watched, _: pytest.MonkeyPatch) -> float:
    buyer = unsealed(world)
    world.next_run()
    world.seal_by_handler(buyer, START)
    return world.now


def old_by(hours: int) -> Play:
    def play(world: Watched, _: pytest.MonkeyPatch) -> float:
        unsealed(world)
        for _hour in range(hours + 1):
            world.next_run()
        return world.now

    return play


plays("MeteringOldestPendingHourTicket")(old_by(4))
plays("MeteringOldestPendingHourPage")(old_by(12))
plays("MeteringAtRiskLines")(old_by(11))
plays("MeteringAtRiskMoney")(old_by(11))
plays("MeteringNearestDeadline")(old_by(20))


# --- what people hold back --------------------------------------------------------------------------------------------


def unusual_hour(world: Watched, *, hold: bool) -> float:
    """Nine times what the buyer used in this hour of each of the eight weeks before."""
    world.unusual = UnusualSettings(at_least_units={"workflow_executions": Decimal(100)}, hold=hold)
    buyer = world.buyer(active_from=START - 200 * DAY)
    for week in range(8, 0, -1):
        world.now = START - week * 7 * DAY
        world.report(world.event(buyer, f"week-{week}", 100))
        world.next_run()
    world.now = START
    world.report(world.event(buyer, "now", 900))
    world.next_run()
    return world.now


@plays("MeteringUnusualHours")
def unusual(world: Watched, _: pytest.MonkeyPatch) -> float:
    return unusual_hour(world, hold=False)


@plays("MeteringHeldLines")
def held(world: Watched, _: pytest.MonkeyPatch) -> float:
    return unusual_hour(world, hold=True)


@plays("MeteringPaused")
def paused(world: Watched, _: pytest.MonkeyPatch) -> float:
    """An operator pauses the stage right after a run, and forgets it."""
    world.next_run()
    world.now += 60
    write(world.dynamodb.meta.client, [world.pauses.pause(STAGE, Pause(world.now, "operator", "a trial"))])
    world.next_run()
    world.next_run()
    return world.now


# --- final metering ---------------------------------------------------------------------------------------------------


@plays("FinalMeteringLeaversOverdue")
def overdue(world: Watched, _: pytest.MonkeyPatch) -> float:
    """Its execution was started and does not end."""
    buyer = notified_buyer(world)
    end = START + 20 * 60
    cancel(world, buyer, end)
    while world.now < end + 70 * 60:
        world.now += 300
        world.look()
    return world.now


@plays("FinalMeteringRestarted")
def restarted(world: Watched, _: pytest.MonkeyPatch) -> float:
    """No execution was started by the stream."""
    cancel(world, notified_buyer(world), START + 20 * 60)
    world.look()
    return world.now


@plays("FinalMeteringRemaindersUnbilled")
def unbilled(world: Watched, _: pytest.MonkeyPatch) -> float:
    buyer = notified_buyer(world)
    use(world, buyer, "e0", 900, dimension="api_calls")
    world.next_run()
    world.dimensions = {**world.dimensions, "api_calls": replace(world.dimensions["api_calls"], scale=100)}
    cancel(world, buyer)
    FinalMetering(world, buyer).run()
    return world.now


# --- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alarm", PLAYS)
def test_people_are_called(alarm: str, priced: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life(priced)
    with watched(life, monkeypatch) as world:
        if alarm == "MeteringAtRiskMoney":
            executions = world.dimensions["workflow_executions"]
            world.dimensions = {**world.dimensions, "workflow_executions": replace(executions, price=Decimal(100))}
        shows = int((PLAYS[alarm](world, monkeypatch) - START) // 60)
    prove(life, alarm, shows=shows)


def test_no_deadline_is_nearer_than_it_was_told(priced: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page comes while people have two hours at least."""
    life = Life(priced)
    with watched(life, monkeypatch) as world:
        shows = int((old_by(20)(world, monkeypatch) - START) // 60)
    called = life.judged(range(shows + 60)).of("MeteringNearestDeadline")[0]
    assert deadline(int(START)) - (START + called * 60) >= 2 * HOUR
