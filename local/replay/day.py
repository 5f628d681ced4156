"""A simulated working day: for each hour the replay sends usage, moves the clock and runs the metering workflow."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from local.dashboard_picture.collect import Collector
from local.replay.buyers import Buyer, Buyers
from local.replay.engine_day import EngineDay
from local.replay.living_engine import LivingEngineDay
from local.replay.send_usage import UsageSender
from local.replay.units import Units, billed, sums
from local.replay_plan import CANCELS_AT_MINUTE, Replay
from local.run_report.extras import HourFacts
from local.simulated_clock import moment_of
from local.stage import LocalStage
from runtime.clock import iso

#: Seconds after which a run of the workflow has ended by its own time limit.
LONGEST_METERING = 3600.0
#: Part of an hour at which its usage is sent: all of it has happened, and none is late.
SENT_AT = 57 / 60
#: Hours after an hour's start at which it is metered: the hourly workflow's own minute (sealDelay) and 30 seconds.
METERED_AT = 1 + 10.5 / 60


@dataclass(frozen=True)
class Day:
    """The day's parts. replay: the events of each hour. buyers: by the log's weeks; ``arrivals`` brought them.

    date: the simulated day. engine: of the customer that has one. collector: collects what the dashboard shows.
    """

    stage: LocalStage
    replay: Replay
    arrivals: Buyers
    buyers: Mapping[str, Buyer]
    date: date
    engine: EngineDay | LivingEngineDay
    collector: Collector

    def pass_hour(
        self, hour: int, sender: UsageSender, advance: Callable[[int], None], metering: Callable[[], None]
    ) -> HourFacts:
        """Sends the hour's usage, calls ``metering``, lets the hour close and meters it."""
        started = time.monotonic()
        identifiers = {week: buyer.customer_identifier for week, buyer in self.buyers.items()}
        recorded_before = _by_dimension(sender.tally.by_verdict["recorded"])
        billed_before = self._billed_so_far()
        cancellation = self.replay.cancellation
        if cancellation is not None and cancellation.hour == hour:
            self.stage.clock.set(moment_of(self.date, hour + CANCELS_AT_MINUTE / 60))
            self.arrivals.cancel(self.buyers[cancellation.customer])
        self.stage.clock.set(moment_of(self.date, hour + SENT_AT))
        self.collector.clock_moved()
        events = self.replay.to_send(hour, self.date, identifiers)
        sender.send(events, advance)
        in_engine = self.engine.pass_hour(hour, self.date)
        if in_engine:
            self.engine.add_to(sender.tally)
        metering()
        self.stage.clock.set(moment_of(self.date, hour + METERED_AT))
        self.collector.clock_moved()
        self.stage.meter(timeout=LONGEST_METERING)
        self.collector.look()
        return HourFacts(
            hour=iso(moment_of(self.date, hour)),
            events=Counter(tagged["event"]["dimension"] for tagged in events) + in_engine,
            recorded=_difference(_by_dimension(sender.tally.by_verdict["recorded"]), recorded_before),
            billed=_difference(self._billed_so_far(), billed_before),
            seconds=time.monotonic() - started,
        )

    def finish(self) -> None:
        """Waits for the end of final metering, which runs beside the hours."""
        if self.replay.cancellation is not None:
            self.arrivals.wait_until_cancelled(self.buyers[self.replay.cancellation.customer])

    def _billed_so_far(self) -> dict[str, Decimal]:
        return _by_dimension(billed(self.stage.marketplace.accepted(), self.stage.settings.dimensions))


def _by_dimension(units: Units) -> dict[str, Decimal]:
    return sums((dimension, quantity) for (_customer, dimension), quantity in units.items())


def _difference(after: Mapping[str, Decimal], before: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {name: units - before.get(name, Decimal(0)) for name, units in after.items() if units != before.get(name)}
