"""One line is poison: Marketplace refuses each request with it, and takes all others."""

from local.drill.drilling import Drilling
from local.drill.scenario import Course, Scenario

POISON = "api_calls"


def play(drilling: Drilling, course: Course) -> None:
    course.buyers = drilling.arrive(2)
    hour = drilling.use(course.buyers)
    key = course.buyers[0].customer_identifier
    drilling.report(drilling.event(course.buyers[0], 5000, POISON))
    drilling.fault()
    error = {"error": "InvalidUsageDimensionException", "dimension": POISON, "buyer": key}
    drilling.stage.marketplace.arm("error", **error)
    drilling.until_metered()
    course.minutes = drilling.paged(SCENARIO.alarm, within=90)
    course.at_stake = drilling.units(course.buyers)["pending"]
    drilling.operator.follow(SCENARIO.page, "look", LINE=f"{key}/{hour}/{POISON}")
    # The listing has the dimension again.
    drilling.stage.marketplace.clear_faults()
    drilling.operator.follow(SCENARIO.page, "meter")
    drilling.runs_ended()


SCENARIO = Scenario(
    name="line-rejected",
    happens="one line is poison: Marketplace refuses every request with it",
    alarm="MeteringLinesRejected",
    page="metering-lines-rejected",
    play=play,
)
