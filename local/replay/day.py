"""A simulated working day: hour by hour usage is sent, the clock moves on, the workflow meters the hour."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from local.replay.buyers import Buyer, Buyers
from local.replay.send_usage import UsageSender
from local.replay_plan import LEAVES_AT_MINUTE, Replay
from local.run_report.extras import HourFacts
from local.simulated_clock import moment_of
from local.stage import LocalStage
from runtime.clock import iso

#: seconds after which a run of the workflow has ended by its own time limit
LONGEST_METERING = 3600.0
#: usage of an hour is sent at three minutes to the next: all of it has happened, and none is late
SENT_AT = 57 / 60
#: the hourly workflow's own minute (sealDelay), and a little
METERED_AT = 1 + 10.5 / 60


@dataclass(frozen=True)
class Day:
    """stage: up and running. replay: what is sent when. buyers: by the log's weeks, brought by ``arrivals``.

    date: the simulated day.
    """

    stage: LocalStage
    replay: Replay
    arrivals: Buyers
    buyers: Mapping[str, Buyer]
    date: date

    def pass_hour(
        self, hour: int, sender: UsageSender, advance: Callable[[int], None], metering: Callable[[], None]
    ) -> HourFacts:
        """Send the hour's usage, let the hour close, meter it; ``metering`` is called when all is sent."""
        started = time.monotonic()
        identifiers = {week: buyer.customer_identifier for week, buyer in self.buyers.items()}
        before = _recorded(sender)
        known = self._billed_so_far()
        if self.replay.leaver is not None and self.replay.leaver.hour == hour:
            self.stage.clock.set(moment_of(self.date, hour + LEAVES_AT_MINUTE / 60))
            self.arrivals.leave(self.buyers[self.replay.leaver.customer])
        self.stage.clock.set(moment_of(self.date, hour + SENT_AT))
        events = self.replay.to_send(hour, self.date, identifiers)
        sender.send(events, advance)
        metering()
        self.stage.clock.set(moment_of(self.date, hour + METERED_AT))
        self.stage.meter(timeout=LONGEST_METERING)
        sent: dict[str, int] = defaultdict(int)
        for tagged in events:
            sent[tagged["event"]["dimension"]] += 1
        return HourFacts(
            hour=iso(moment_of(self.date, hour)),
            events=dict(sent),
            recorded=_difference(_recorded(sender), before),
            billed=_difference(self._billed_so_far(), known),
            seconds=time.monotonic() - started,
        )

    def finish(self) -> None:
        """Returns when who has left is metered to the end, which goes on beside the hours."""
        if self.replay.leaver is not None:
            self.arrivals.wait_until_cancelled(self.buyers[self.replay.leaver.customer])

    def _billed_so_far(self) -> dict[str, Decimal]:
        billed: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.stage.marketplace.accepted():
            scale = self.stage.settings.dimensions[line["dimension"]].scale
            billed[line["dimension"]] += Decimal(line["quantity"]) * scale
        return billed


def _recorded(sender: UsageSender) -> dict[str, Decimal]:
    recorded: dict[str, Decimal] = defaultdict(Decimal)
    for (_customer, dimension), units in sender.tally.by_verdict["recorded"].items():
        recorded[dimension] += units
    return recorded


def _difference(after: Mapping[str, Decimal], before: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {name: units - before.get(name, Decimal(0)) for name, units in after.items() if units != before.get(name)}
