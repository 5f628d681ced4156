"""Senders' clocks are five minutes ahead of ours and five minutes behind, around an hour's boundary.

Up to five minutes ahead usage is of the running hour, never of one that has not begun; behind, it is of its own hour
until that is sealed. A clock that is further ahead is refused, counted, and sent again once its moment has come.
"""

from collections import defaultdict
from decimal import Decimal

from ledger import tables
from ledger.metering_record import from_item
from local.drill.drilling import DIMENSION, DrillFailed, Drilling
from local.drill.scenario import Course, Scenario
from marketplace.hour import SECONDS, hour_of
from runtime.clock import iso

APART, TOO_FAR = 5 * 60, 6 * 60
BEFORE, AFTER, EARLY = 100, 60, 40


def play(drilling: Drilling, course: Course) -> None:
    ahead, behind = course.buyers = drilling.arrive(2)
    drilling.until_minute(57)
    hour = hour_of(drilling.now)
    drilling.fault()
    drilling.report(drilling.event(ahead, BEFORE, occurredAt=iso(drilling.now + APART)))
    drilling.report(drilling.event(behind, BEFORE, occurredAt=iso(drilling.now - APART)))
    too_early = drilling.event(ahead, EARLY, occurredAt=iso(drilling.now + TOO_FAR))
    if drilling.try_to_report(too_early) != ["refused"]:
        raise DrillFailed("usage of more than five minutes ahead was not refused")
    drilling.put_on_queue(too_early)
    drilling.wait(lambda: drilling.depth("Doors", "RefusedUsageQueueUrl") == 1, "the refused usage is kept")
    course.at_stake = Decimal(EARLY)
    drilling.pass_minutes(6)
    for buyer, off in ((ahead, APART), (behind, -APART)):
        drilling.report(drilling.event(buyer, AFTER, occurredAt=iso(drilling.now + off)))
    course.minutes = drilling.paged(SCENARIO.alarm, within=30)
    if not drilling.counted("QueuedEventsRefused"):
        raise DrillFailed("the refused event was not counted")
    drilling.operator.follow(SCENARIO.page, "look")
    # What a look has shown is hidden for ten seconds.
    drilling.wait(lambda: drilling.depth("Doors", "RefusedUsageQueueUrl") == 1, "the refused usage is visible again")
    drilling.operator.follow(SCENARIO.page, "redrive")
    drilling.wait(lambda: drilling.depth("Doors", "RefusedUsageQueueUrl") == 0, "the refused usage is sent again")
    drilling.wait(lambda: drilling.units(course.buyers)["recorded"] == 2 * (BEFORE + AFTER) + EARLY, "it is recorded")
    drilling.until_metered()
    expected = {
        (ahead.customer_identifier, hour): BEFORE,
        (ahead.customer_identifier, hour + SECONDS): AFTER + EARLY,
        (behind.customer_identifier, hour): BEFORE + AFTER,
    }
    if (found := _counted(drilling, course)) != expected:
        raise DrillFailed(f"units are in other hours than theirs: {found}, and not {expected}")


def _counted(drilling: Drilling, course: Course) -> dict[tuple[str, int], Decimal]:
    """Recorded units by customer and hour."""
    own = {buyer.customer_identifier for buyer in course.buyers}
    found: defaultdict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for record in map(from_item, drilling.stage.items(tables.METERING_RECORDS)):
        for (dimension, _period), units in record.counted.items():
            if record.customer_identifier in own and dimension == DIMENSION:
                found[record.customer_identifier, record.hour] += units
    return dict(found)


SCENARIO = Scenario(
    name="clocks-apart",
    happens="senders' clocks are five minutes ahead and behind at an hour's turn",
    alarm="UsageQueueRefused",
    page="usage-queue-refused",
    play=play,
)
