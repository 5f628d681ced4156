"""Marketplace answers every BatchMeterUsage with a server's error for four hours.

Three hours call nobody: the run after them bills everything, twenty hours before the first deadline.
"""

from local.drill.drilling import Drilling
from local.drill.scenario import Course, Scenario
from runtime.clock import iso

#: From just before a run until just after the run four hours later.
MINUTES = 4 * 60 + 7


def play(drilling: Drilling, course: Course) -> None:
    course.buyers = drilling.arrive(2)
    drilling.use(course.buyers)
    drilling.until_minute(9)
    drilling.fault()
    drilling.stage.marketplace.arm("server-error", until=iso(int(drilling.now) + MINUTES * 60))
    drilling.use(course.buyers)
    drilling.until_metered()
    # The runs between would fail likewise, and each of them tries for longer than half a minute of this machine's time.
    drilling.jump((drilling.began + MINUTES - 11) * 60)
    course.minutes = drilling.paged(SCENARIO.alarm, within=MINUTES + 20)
    course.at_stake = drilling.units(course.buyers)["pending"]
    drilling.operator.follow(SCENARIO.page, "look")
    drilling.operator.follow(SCENARIO.page, "meter")
    drilling.runs_ended()


SCENARIO = Scenario(
    name="marketplace-down",
    happens="Marketplace is down for four hours",
    alarm="MeteringOldestPendingHourTicket",
    page="metering-oldest-pending-hour",
    play=play,
)
