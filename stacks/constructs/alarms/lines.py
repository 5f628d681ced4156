"""Worries about lines: they ended other than billed, or are not sent.

A level that stays up tells once, so what must wake somebody each time is alarmed by its count; the level reminds.
"""

from aws_cdk import Duration
from constructs import Construct

from runtime.metric_names import MeteringMetric
from stacks.constructs.alarms.alarm import FIVE_MINUTES, HOUR, Meaning
from stacks.constructs.alarms.room_alarms import RoomAlarms
from stacks.constructs.alarms.routes import Severity

CONFLICT = Meaning(
    happened="AWS Marketplace has another quantity on file for a line's hour.",
    money="What was sent is not billed; what is on file is.",
    look="Look at CloudTrail (BatchMeterUsage) for who else called for that hour; the failed-lines queue names the"
    " line.",
)
EXPIRED = Meaning(
    happened="Usage was not billed before its deadline, and AWS Marketplace no longer takes it.",
    money="It is lost to metering; what is still owed is between you and the buyer.",
    look="Look at the failed-lines queue for the lines, then find what held the hour up in the log of seal-hours.",
)
PRESUMED = Meaning(
    happened="Lines are presumed on file: an answer was lost, and AWS Marketplace called the next try a duplicate.",
    money="They are most likely billed; bill nothing by hand until that is known.",
    look="Look at CloudTrail (BatchMeterUsage) for the hours that the failed-lines queue names.",
)
CAPPED = Meaning(
    happened="An hour has more units than one line of AWS Marketplace takes.",
    money="The rest is billed with the next hours.",
    look="Look whether the usage is real; if it is, the product needs a coarser unit.",
)
FOLDED = Meaning(
    happened="A line had more sets of tags than AWS Marketplace takes.",
    money="All of it is billed, the smallest sets without their tags.",
    look="Look at the line 'tag sets folded' of seal-hours; use fewer tags, or tags with fewer values.",
)
ALLOCATIONS = Meaning(
    happened="The frozen split of a line by tags is gone or damaged.",
    money="The line is not sent, and expires at its deadline.",
    look="Look at the line 'allocations missing, line not sent' of submit-batch, and restore allocations# of that hour"
    " in yawl-usage-events (point in time).",
)
REJECTED = Meaning(
    happened="AWS Marketplace rejected lines by themselves: the dimension, the licence, the timestamp or a tag.",
    money="They stay pending and are tried again until their deadline, then they are lost.",
    look="Look at detail of the lines in GET /subscribers/{id}/usage; mend the listing or the stage file.",
)
PRODUCT = Meaning(
    happened="AWS Marketplace refuses the whole product: access, product code, Region or credentials.",
    money="Nothing is billed until it is mended; every line stays pending, for 24 hours at most.",
    look="Look at the error of the latest run, mend it and start a run with {}.",
)
SHARED = Meaning(
    happened="Two lines were answered with one MeteringRecordId.",
    money="One of them may not be billed.",
    look="Look at the log of submit-batch for both lines, and compare their hours and timestamps.",
)
FAILED = Meaning(
    happened="Lines ended without being billed, and nobody has resolved them yet.",
    money="Each may have been billed or lost; this reminds of them once, however many join them.",
    look="Look at the failed-lines queue, at CloudTrail for each line's hour, and at 'A failed line, dealt with' in"
    " docs/operations.md.",
)


def add_line_alarms(scope: Construct, room: RoomAlarms) -> None:
    """Five minutes: what happens to a line once, so that each occurrence is told; runs are an hour apart.

    An hour: what the same line does in every run, and what can wait. It is told once until it is over.
    """
    counts: tuple[tuple[MeteringMetric, Duration, Meaning, Severity], ...] = (
        (MeteringMetric.LINES_CONFLICT, FIVE_MINUTES, CONFLICT, Severity.PAGE),
        (MeteringMetric.LINES_EXPIRED, FIVE_MINUTES, EXPIRED, Severity.PAGE),
        (MeteringMetric.LINES_PRESUMED_ON_FILE, HOUR, PRESUMED, Severity.TICKET),
        (MeteringMetric.LINES_CAPPED, HOUR, CAPPED, Severity.TICKET),
        (MeteringMetric.TAG_SETS_FOLDED, HOUR, FOLDED, Severity.TICKET),
        (MeteringMetric.ALLOCATIONS_MISSING, HOUR, ALLOCATIONS, Severity.PAGE),
        (MeteringMetric.LINES_REJECTED, HOUR, REJECTED, Severity.PAGE),
        (MeteringMetric.PRODUCT_FAULTS, HOUR, PRODUCT, Severity.PAGE),
        (MeteringMetric.SHARED_RECORD_IDS, HOUR, SHARED, Severity.PAGE),
    )
    for metric, period, means, severity in counts:
        room.count(scope, metric, means, severity, period=period)
    room.level(scope, MeteringMetric.FAILED_LINES, FAILED, Severity.TICKET)
