"""All tables of the ledger go back to a moment before an hour was sealed and billed, and there is no archive.

What was billed since is closed by what CloudTrail shows. ``ledger_caught_up`` is the same with the archive.
"""

from decimal import Decimal
from typing import Any

from ledger import tables
from local.drill.drilling import DrillFailed, Drilling
from local.drill.scenario import Course, Scenario
from local.stage import LocalStage
from runtime.clock import iso

BEFORE, AFTER, LATER = 100, 50, 10
#: What the buyers' contracts include of it, at most.
INCLUDED = 15


def play(drilling: Drilling, course: Course) -> None:
    stage, course.restored = drilling.stage, True
    course.buyers = drilling.arrive(2)
    drilling.until_minute(15)
    drilling.use(course.buyers, BEFORE)
    moment, image = iso(int(drilling.now)), {table.name: stage.items(table) for table in tables.ALL_TABLES}
    drilling.use(course.buyers, AFTER)
    drilling.until_metered()
    billed = drilling.units(course.buyers)["billed"]
    drilling.fault()
    drilling.operator.follow(SCENARIO.page, "stop")
    for table in tables.ALL_TABLES:
        rewind(stage, table, image[table.name])
    drilling.operator.follow(SCENARIO.page, "pause")
    course.at_stake = Decimal(len(course.buyers) * (BEFORE + AFTER))
    drilling.jump(drilling.now + 31 * 60)
    values = {"2026-11-15T15:20:00Z": moment, "2026-11-15T18:00:00Z": moment}
    drilling.operator.follow(SCENARIO.page, "fence", **values)
    drilling.operator.follow(SCENARIO.page, "go-on")
    drilling.runs_ended()
    drilling.use(course.buyers, LATER)
    drilling.until_metered()
    units = drilling.units(course.buyers)
    most = billed + len(course.buyers) * LATER
    if not most - len(course.buyers) * INCLUDED <= units["billed"] <= most:
        raise DrillFailed(f"{billed} units were billed before the restore, and {units['billed']} in the end")
    course.lost = "no event that was not billed; the allowance of the rewound hour is granted again"


def rewind(stage: LocalStage, table: tables.Table, image: list[dict[str, Any]]) -> None:
    """Make a table hold what it held before, as a restore does."""
    keys = [key.name for key in (table.hash, table.range) if key]
    now = stage.items(table)
    with stage.dynamodb.Table(stage.table_name(table)).batch_writer() as batch:
        kept = {tuple(item[key] for key in keys) for item in image}
        for item in now:
            if tuple(item[key] for key in keys) not in kept:
                batch.delete_item(Key={key: item[key] for key in keys})
        for item in image:
            batch.put_item(Item=item)


SCENARIO = Scenario(
    name="ledger-rewound",
    happens="the ledger is restored from before a billed hour, without an archive",
    alarm="none",
    page="restore",
    play=play,
)
