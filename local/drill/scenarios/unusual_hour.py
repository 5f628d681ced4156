"""After five days of one size two customers have nine times as much in an hour: their lines are held.

One is real, and a person releases its line. The other is an app's mistake: its line is refused, which leaves its units
unbilled by name, and what is right is reported anew.
"""

from decimal import Decimal

from local.drill.drilling import DIMENSION, DrillFailed, Drilling
from local.drill.scenario import Course, Scenario
from marketplace.hour import SECONDS, hour_of

USUAL, TIMES, DAYS = 50, 9, 5
DAY = 24 * SECONDS
#: Of the hour: late enough that its buyers are there since its beginning.
MINUTE = 20


def play(drilling: Drilling, course: Course) -> None:
    real, wrong = course.buyers = drilling.arrive(2)
    drilling.until_minute(MINUTE)
    hour = hour_of(drilling.now)
    for day in range(1, DAYS + 1):
        drilling.use(course.buyers, USUAL)
        drilling.jump(hour_of(drilling.now) + SECONDS + 9 * 60)
        drilling.pass_minutes(3)
        drilling.jump(hour + day * DAY + MINUTE * 60)
    named = drilling.use(course.buyers, USUAL * TIMES)
    drilling.fault()
    drilling.until_metered()
    course.minutes = drilling.paged(SCENARIO.alarm, within=90)
    drilling.paged("MeteringUnusualHours", within=90)
    course.at_stake = drilling.units(course.buyers)["pending"]
    if course.at_stake != len(course.buyers) * USUAL * TIMES:
        raise DrillFailed(f"{course.at_stake} units are held")
    for buyer in course.buyers:
        key = buyer.customer_identifier
        drilling.operator.follow(SCENARIO.page, "look", **{"CUSTOMER/HOUR": f"{key}/{named}", "ID": key})
    drilling.operator.follow(SCENARIO.page, "release", LINE=f"{real.customer_identifier}/{named}/{DIMENSION}")
    drilling.operator.follow(SCENARIO.page, "refuse", LINE=f"{wrong.customer_identifier}/{named}/{DIMENSION}")
    drilling.use([wrong], USUAL)
    drilling.until_metered()
    course.lost, course.expected_loss = "refused by a person", Decimal(USUAL * TIMES)


SCENARIO = Scenario(
    name="unusual-hour",
    happens="an hour has nine times the customer's usual, and is held",
    alarm="MeteringHeldLines",
    page="metering-held-lines",
    play=play,
)
