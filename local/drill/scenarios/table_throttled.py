"""DynamoDB throttles every transaction of the table of events, for a quarter of an hour and longer."""

from ledger import tables
from local.drill.drilling import Drilling
from local.drill.scenario import Course, Scenario

#: Of five minutes; the alarm asks for 30.
THROTTLED = 40
PERIODS = 4


def play(drilling: Drilling, course: Course) -> None:
    stage = drilling.stage
    course.buyers = drilling.arrive(2)
    drilling.until_minute(20)
    events = [drilling.event(buyer, 100) for buyer in course.buyers]
    drilling.fault()
    faults = stage.dynamodb_faults
    name = stage.table_name(tables.USAGE_EVENTS)
    throttle = faults.arm("throttle", operation="TransactWriteItems", table=name, times=None)
    for _ in range(PERIODS):
        seen = throttle.met
        while throttle.met < seen + THROTTLED:
            # A careful sender sends again what was not recorded.
            drilling.try_to_report(*events)
        drilling.pump.take()
        drilling.pass_minutes(5)
    course.minutes = drilling.paged(SCENARIO.alarm, within=60)
    drilling.operator.follow(SCENARIO.page, "look")
    faults.disarm()
    drilling.report(*events)
    drilling.until_metered()


SCENARIO = Scenario(
    name="table-throttled",
    happens="DynamoDB throttles the table of events",
    alarm="StoreRefuses",
    page="store-refuses",
    play=play,
)
