"""Thirty days of ordinary life, a month's end among them, without one call: the functions' own code meters them."""

from random import Random

import pytest

from marketplace.hour import hour_of
from metering.final.start_final_metering import execution_name
from runtime.clock import from_iso, iso
from tests.alarms.hourly import Watched, watched
from tests.alarms.life import Life, Ordinary, printed
from tests.scenarios.final_metering import FinalMetering, cancel, notified_buyer, status
from tests.synthesized import Assembly

MINUTE, HOUR, DAYS = 60, 3600, 30
BEGINS = from_iso("2026-11-27T08:00:00Z")
#: Hours of the day in which customers use it.
BUSY = (7, 12, 18)
#: Among these days; AWS Marketplace takes usage of the month before until 06:00.
FIRST = from_iso("2026-12-01T05:00:00Z")


class Days:
    """A stage with four customers, each of whom uses it three times a day."""

    def __init__(self, world: Watched, ordinary: Ordinary) -> None:
        self.world, self.ordinary = world, ordinary
        self.chance = Random(7)
        self.buyers = [notified_buyer(world) for _ in range(4)]
        self.looked = world.minute

    def live(self) -> None:
        """Hour after hour, from the first to the last."""
        while self.world.now < BEGINS + DAYS * 24 * HOUR:
            self.hour()

    def hour(self) -> None:
        world = self.world
        begins = hour_of(world.now)
        self.use()
        if begins == FIRST:
            for minute in range(0, 60, 5):
                world.now = float(begins + minute * MINUTE + 30)
                world.run()
        if self.chance.random() < 0.02:
            # Marketplace is busy once, and the line goes with the next run.
            world.marketplace.arm("throttle", times=1)
        if begins in (BEGINS + 26 * HOUR, BEGINS + 19 * 24 * HOUR):
            self.leave(self.buyers.pop())
        world.now = float(begins + HOUR + 10 * MINUTE)
        self.look()
        world.run()
        world.now += MINUTE

    def use(self) -> None:
        world, life = self.world, self.world.life
        of_day = int(world.now // HOUR) % 24
        by_day = 6 <= of_day <= 20
        if of_day in BUSY:
            world.report(*(world.event(buyer, f"e-{world.now}", 3) for buyer in self.buyers))
        for _ in range(30 if by_day else 2):
            fails = self.chance.random() < 0.001
            minute = world.minute + self.chance.randrange(45)
            life.answered(minute, "502" if fails else "200", "INTEGRATION_FAILURE" if fails else "-")
            life.invoked("usage", minute, errors=int(fails))
        if self.chance.random() < 0.05:
            life.table("yawl-usage-events", "ThrottledRequests", world.minute, 4)
            life.invoked("settle-hours", world.minute, throttles=1)

    def leave(self, buyer: str) -> None:
        world = self.world
        end = world.now
        cancel(world, buyer, end)
        world.executions.running.append(execution_name(buyer, int(end)))
        self.look()
        FinalMetering(world, buyer, end).run()
        world.executions.running.clear()
        assert status(world, buyer) == "cancelled", iso(end)

    def look(self) -> None:
        """Looks every five minutes since the last one: the last is a real one, and those before it printed the same."""
        world = self.world
        lines = printed(world.look_by_handler)
        for minute in range(self.looked + 5, world.minute + 1, 5):
            world.life.emf(lines, minute)
            world.life.emf(self.ordinary.engines, minute)
            self.looked = minute


def test_thirty_days_across_a_months_end_call_nobody(
    priced: Assembly, ordinary: Ordinary, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(priced)
    with watched(life, monkeypatch, now=BEGINS) as world:
        first = world.minute
        days = Days(world, ordinary)
        days.live()
        last = world.minute
        assert len(world.accepted()) >= DAYS * len(BUSY) * len(days.buyers)
        assert (world.failed(), world.dead_letters) == (set(), [])
    assert life.judged(range(first + 2 * 60, last)).calls == []
