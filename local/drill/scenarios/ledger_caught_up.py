"""All tables of the ledger go back to a moment before an hour was sealed and billed; the archive brings them up."""

from decimal import Decimal

from archive.change import read
from archive.objects import Objects
from ledger import tables
from local.drill.drilling import DrillFailed, Drilling
from local.drill.scenario import Course, Scenario
from local.drill.scenarios.ledger_rewound import rewind
from local.stage import STAGE
from runtime.clock import iso

BEFORE, AFTER, OPEN, LATER = 100, 50, 30, 10


def play(drilling: Drilling, course: Course) -> None:
    stage = drilling.stage
    course.buyers = drilling.arrive(2)
    drilling.until_minute(15)
    drilling.use(course.buyers, BEFORE)
    drilling.pass_minutes(2)
    moment, image = iso(int(drilling.now)), {table.name: stage.items(table) for table in tables.ALL_TABLES}
    drilling.pass_minutes(2)
    drilling.use(course.buyers, AFTER)
    drilling.until_metered()
    drilling.use(course.buyers, OPEN)
    _until_archived(drilling, course)
    before = iso(int(drilling.now))
    drilling.pass_minutes(2)
    drilling.fault()
    drilling.operator.follow(SCENARIO.page, "stop")
    for table in tables.ALL_TABLES:
        rewind(stage, table, image[table.name])
    drilling.operator.follow(SCENARIO.page, "pause")
    course.at_stake = Decimal(len(course.buyers) * (AFTER + OPEN))
    values = {"2026-11-15T15:20:00Z": moment, "2026-11-15T18:00:00Z": before}
    drilling.operator.follow(SCENARIO.page, "catch-up", **values)
    drilling.jump(drilling.now + 31 * 60)
    drilling.operator.follow(SCENARIO.page, "fence", **values)
    drilling.operator.follow(SCENARIO.page, "go-on")
    drilling.runs_ended()
    drilling.use(course.buyers, LATER)
    drilling.until_metered()
    recorded, each = drilling.units(course.buyers)["recorded"], BEFORE + AFTER + OPEN + LATER
    if recorded != len(course.buyers) * each:
        raise DrillFailed(f"{recorded} units are recorded in the end, and {len(course.buyers) * each} were reported")


def _until_archived(drilling: Drilling, course: Course) -> None:
    """Wait until the archive has the newest event of each buyer."""
    stage = drilling.stage
    bucket = stage.outputs[f"YawlMetering-{STAGE}-Archive"]["ArchiveBucketName"]
    objects = Objects(stage.cloud.seller.client("s3"), bucket)
    wanted = {
        item["eventId"]
        for item in stage.items(tables.USAGE_EVENTS)
        if item["customerIdentifier"] in {buyer.customer_identifier for buyer in course.buyers}
    }

    def there() -> bool:
        keys = [each.key for each in objects.list(f"table={tables.USAGE_EVENTS.name}/")]
        return wanted <= {read(line).keys["eventId"] for key in keys for line in objects.lines(key)}

    drilling.wait(there, "the archive has every event")


SCENARIO = Scenario(
    name="ledger-caught-up",
    happens="the ledger is restored from before a billed hour, and the archive brings it up",
    alarm="none",
    page="restore",
    play=play,
)
