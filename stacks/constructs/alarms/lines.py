"""Alarms of lines: a line ended without being billed, or is not sent."""

from runtime.metric_names import MeteringMetric
from stacks.constructs.alarms.bound import FIVE_MINUTES, HOUR, Alarms
from stacks.constructs.alarms.message import Page, Ticket


def add_line_alarms(alarms: Alarms) -> None:
    """A count over five minutes calls each time: it is of what a line does once, and runs are an hour apart.

    A count over an hour calls once until it is over: it is of what the same line does in every run, or of what can
    wait.
    """
    alarms.count(
        MeteringMetric.LINES_CONFLICT,
        FIVE_MINUTES,
        Page(
            happened="AWS Marketplace has another quantity on record for a line's customer, dimension and hour.",
            money="AWS Marketplace bills what it has on record, and not what we sent.",
            look="Look in CloudTrail (BatchMeterUsage) for another caller in that hour. FailedLinesQueue names the"
            " line.",
        ),
    )
    alarms.count(
        MeteringMetric.LINES_EXPIRED,
        FIVE_MINUTES,
        Page(
            happened="A line was not billed before its deadline, and AWS Marketplace no longer takes it.",
            money="This usage is lost to metering. What the buyer still owes is between you and the buyer.",
            look="Look at FailedLinesQueue for the line, then in the log group of seal-hours for what held its hour"
            " up.",
        ),
    )
    alarms.count(
        MeteringMetric.LINES_PRESUMED_ON_FILE,
        HOUR,
        Ticket(
            happened="An answer of AWS Marketplace was lost, and AWS Marketplace called the next attempt of the line a"
            " duplicate.",
            money="The line is most likely billed. Bill nothing by hand until you know.",
            look="Look in CloudTrail (BatchMeterUsage) at the hours that FailedLinesQueue names.",
        ),
    )
    alarms.count(
        MeteringMetric.LINES_CAPPED,
        HOUR,
        Ticket(
            happened="An hour has more units than one line of AWS Marketplace may carry.",
            money="The rest is billed with the next hours.",
            look="Look at GET /subscribers/{id}/usage to see whether the usage is real. If it is, the product needs a"
            " coarser unit.",
        ),
    )
    alarms.count(
        MeteringMetric.TAG_SETS_FOLDED,
        HOUR,
        Ticket(
            happened="A line had more sets of tags than AWS Marketplace takes.",
            money="All of the line is billed, its smallest sets without their tags.",
            look="Look in the log group of seal-hours for the line 'tag sets folded'. Use fewer tags, or tags with"
            " fewer values.",
        ),
    )
    alarms.count(
        MeteringMetric.ALLOCATIONS_MISSING,
        HOUR,
        Page(
            happened="The sealed split of a line by tags is missing or damaged, so submit-batch does not send the"
            " line.",
            money="The line expires at its deadline, and its usage is lost then.",
            look="Look in the log group of submit-batch for the line 'allocations missing, line not sent'. Restore the"
            " items allocations# of that hour in yawl-usage-events (point-in-time recovery).",
        ),
    )
    alarms.count(
        MeteringMetric.HOURS_NOT_CONSERVED,
        HOUR,
        Page(
            happened="The metering code was about to seal, settle or end an hour with units that had appeared, vanished"
            " or changed. It stopped that hour; all other hours go on.",
            money="The hour stays unbilled. At its deadline, within 24 hours, its lines end expired: they are lost.",
            look="Look in the log groups of seal-hours, settle-hours, submit-batch and end-subscription for the line"
            " 'hour stopped': it names the customer, the hour and both sums. If it began with a deployment, roll that"
            " back (make rollback) and start a run with {}.",
        ),
    )
    alarms.count(
        MeteringMetric.UNUSUAL_HOURS,
        HOUR,
        Ticket(
            happened="An hour of a customer is far above what it usually uses at that time.",
            money="The hour is billed as it was recorded. If it is wrong, a sealed line can no longer be changed, only"
            " adjusted with the buyer.",
            look="Look in the log group of seal-hours for the line 'unusual hour': it has the customer, the hour, the"
            " quantity and the usual. If an app reports too much, stop it before the next hour.",
        ),
    )
    alarms.count(
        MeteringMetric.LINES_REJECTED,
        HOUR,
        Page(
            happened="AWS Marketplace rejected a line for a reason of its own: the dimension, the licence, the"
            " timestamp or a tag.",
            money="The line stays pending, and each run sends it again until its deadline. After that it is lost.",
            look="Look at detail of the line in GET /subscribers/{id}/usage, then correct the listing or the stage"
            " file.",
        ),
    )
    alarms.count(
        MeteringMetric.PRODUCT_FAULTS,
        HOUR,
        Page(
            happened="AWS Marketplace refuses BatchMeterUsage for a whole product: access, product code, Region or"
            " credentials are wrong.",
            money="Nothing of the product is billed until this is corrected. Its lines stay pending, for 24 hours at"
            " most; those of other products go on.",
            look="Look at the error of the latest execution of the state machine HourlyMetering, which names the"
            " product if the stage sells several. Correct it, then start an execution with the input {}.",
        ),
    )
    alarms.count(
        MeteringMetric.SHARED_RECORD_IDS,
        HOUR,
        Page(
            happened="AWS Marketplace answered two lines with one MeteringRecordId.",
            money="One of the two may not be billed.",
            look="Look in the log group of submit-batch for both lines, and compare their hours and timestamps.",
        ),
    )
    alarms.level(
        MeteringMetric.HELD_LINES,
        Page(
            happened="At least one line of an unusual hour is on hold, because the stage file says hold = true.",
            money="The line is not billed yet. It is sent all the same two hours before AWS Marketplace's deadline.",
            look="Look in the log group of seal-hours for the line 'unusual hour' with held = true, and decide whether"
            " the usage is real: release the line, or refuse it.",
        ),
    )
    # A level that stays up calls once, so the counts above call for each new line, and this one reminds.
    alarms.level(
        MeteringMetric.FAILED_LINES,
        Ticket(
            happened="At least one line ended without being billed, and no person has resolved it yet.",
            money="Each may have been billed or lost. This alarm calls once, however many lines join.",
            look="Look at FailedLinesQueue, and in CloudTrail at each line's hour.",
        ),
    )
