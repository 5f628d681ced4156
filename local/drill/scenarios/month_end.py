"""The month ends while the whole stage is paused: Marketplace takes the month before until 06:00 UTC on the 1st."""

from datetime import UTC, datetime, timedelta

from local.drill.drilling import Drilling
from local.drill.scenario import Course, Scenario


def play(drilling: Drilling, course: Course) -> None:
    first = _first_of_next_month(drilling.now)
    drilling.jump((first - timedelta(hours=2, minutes=30)).timestamp())
    course.buyers = drilling.arrive(2)
    drilling.operator.shell('bin/ops pause --why "and forgotten" --apply --stage local', "somebody pauses the stage")
    drilling.fault()
    drilling.use(course.buyers)
    drilling.jump((first - timedelta(minutes=30)).timestamp())
    drilling.use(course.buyers)
    drilling.jump((first + timedelta(hours=3, minutes=8)).timestamp())
    course.minutes = drilling.paged(SCENARIO.alarm, within=5 * 60 + 40)
    course.at_stake = drilling.units(course.buyers)["pending"]
    drilling.operator.follow(SCENARIO.page, "look")
    drilling.operator.follow("metering-paused", "resume")
    drilling.operator.follow(SCENARIO.page, "meter")
    drilling.runs_ended()


def _first_of_next_month(now: float) -> datetime:
    first = datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


SCENARIO = Scenario(
    name="month-end",
    happens="the month ends with a backlog, because the stage is paused",
    alarm="MeteringNearestDeadline",
    page="metering-nearest-deadline",
    play=play,
)
