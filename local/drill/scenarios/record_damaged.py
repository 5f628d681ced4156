"""Somebody edits an hour's item by hand, and turns its version into a text: nothing can read it any more."""

from typing import Any

from ledger import tables
from local.drill.drilling import DrillFailed, Drilling
from local.drill.scenario import Course, Scenario
from marketplace.hour import hour_of


def play(drilling: Drilling, course: Course) -> None:
    stage = drilling.stage
    course.buyers = drilling.arrive(2)
    named = drilling.use(course.buyers)
    damaged, whole = course.buyers
    key = {"customerIdentifier": damaged.customer_identifier, "timestamp": hour_of(drilling.now)}
    drilling.until_minute(5)
    course.at_stake = drilling.units([damaged])["pending"]
    drilling.fault()
    _damage(stage.dynamodb.Table(stage.table_name(tables.METERING_RECORDS)), key)
    drilling.pass_minutes(7)
    course.minutes = drilling.paged(SCENARIO.alarm, within=90)
    drilling.operator.follow(SCENARIO.page, "look")
    drilling.operator.follow(SCENARIO.page, "unreadable")
    hour = {"CUSTOMER/HOUR": f"{damaged.customer_identifier}/{named}"}
    drilling.operator.follow(SCENARIO.page, "restore-record", **hour)
    drilling.operator.follow(SCENARIO.page, "meter")
    drilling.runs_ended()
    if not drilling.units([whole])["billed"]:
        raise DrillFailed("a damaged record has kept another customer's hour from being billed")


def _damage(table: Any, key: dict[str, Any]) -> None:
    table.update_item(
        Key=key, UpdateExpression="SET version = :text", ExpressionAttributeValues={":text": "1 (edited by hand)"}
    )


SCENARIO = Scenario(
    name="record-damaged",
    happens="an hour's record is damaged by hand and cannot be read",
    alarm="MeteringHoursWaiting",
    page="metering-hours-waiting",
    play=play,
)
