"""Alarms of final metering: AWS Marketplace takes a cancelled buyer's last hours for one hour only."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_stepfunctions as sfn

from runtime.metric_names import MeteringMetric
from stacks.constructs.alarms.bound import FIVE_MINUTES, MISSING, QUARTER, Alarms
from stacks.constructs.alarms.message import Page, Ticket
from stacks.constructs.functions.function import Function

#: look-after-leavers has not reported for a quarter of an hour: one period without a value and the two before it, at
#: which CloudWatch looks, too. Values are also missing before the first deployment, so the alarm is up when it is made,
#: and calls only if it still is after this time. The schedule first fires five minutes after its stack is there, which
#: is before the alarms' stack is, and the value arrives two or three minutes later.
FIRST_LOOK = Duration.minutes(10)
#: Part of the hour of grace. look-after-leavers, every five minutes, is the second way to start final metering.
STREAM_WAITS = Duration.minutes(10)


def add_final_metering_alarms(
    alarms: Alarms, workflow: sfn.IStateMachine, *, stream_reader: Function
) -> cloudwatch.Alarm:
    """Returns a silent alarm of records that wait too long in the subscribers' stream."""
    members = [
        alarms.silent("Failed", workflow.metric_failed(period=QUARTER), "Final metering of a cancelled buyer failed."),
        alarms.silent(
            "TimedOut",
            workflow.metric_timed_out(period=QUARTER),
            "Final metering of a cancelled buyer took longer than 26 hours.",
        ),
    ]
    alarms.group(
        "Stopped",
        members,
        Page(
            happened="Final metering of a cancelled buyer failed, or took longer than 26 hours.",
            money="AWS Marketplace takes the buyer's last hours for one hour after the end. An hour that we do not"
            " send by then is lost.",
            look="Look at the error of the execution of the state machine FinalMetering and in the log groups of its"
            " functions; look-after-leavers starts it again within five minutes. If it timed out, one of the buyer's"
            " hours cannot be sealed: the line 'hour waits' in the log group of seal-hours names the reason.",
        ),
        witness=True,
    )
    alarms.add(
        "Aborted",
        workflow.metric_aborted(period=FIVE_MINUTES),
        Ticket(
            happened="A person or a program stopped final metering of a cancelled buyer.",
            money="look-after-leavers starts it again within five minutes. AWS Marketplace takes the buyer's last"
            " hours for one hour after the end.",
            look="Look in CloudTrail (StopExecution) for who stopped it, if it was none of you.",
        ),
    )
    silence = alarms.silent(
        "NoLook",
        alarms.metric(MeteringMetric.LEAVERS_OVERDUE, "SampleCount", FIVE_MINUTES),
        "The function look-after-leavers has not reported for a quarter of an hour.",
        below=True,
        missing=MISSING.BREACHING,
    )
    alarms.group(
        "Unwatched",
        [silence],
        Page(
            happened="The function look-after-leavers has not reported for 25 minutes: it does not run, or does not"
            " finish.",
            money="If final metering of a cancelled buyer did not start, its last hours will not be billed. Missing"
            " hourly runs go unnoticed, too.",
            look="Look in the log group of look-after-leavers, at its schedule in EventBridge Scheduler, and at the"
            " dead-letter queue of LookAfterLeavers.",
        ),
        wait=FIRST_LOOK,
    )
    alarms.level(
        MeteringMetric.LEAVERS_OVERDUE,
        Page(
            happened="A buyer cancelled more than 70 minutes ago, and final metering has not finished.",
            money="AWS Marketplace no longer takes usage from after the buyer's end, and its last hours may be lost.",
            look="Look at the subscribers with status pending_cancellation and final_metering (StatusIndex of"
            " yawl-subscribers), and at the executions of the state machine FinalMetering whose names begin with their"
            " keys.",
        ),
    )
    alarms.count(
        MeteringMetric.FINAL_METERINGS_RESTARTED,
        QUARTER,
        Ticket(
            happened="Final metering of a cancelled buyer was not running, and look-after-leavers started it.",
            money="Nothing is lost if that was within an hour of the buyer's end.",
            look="Look in the log group and at the dead-letter queue of start-final-metering, which should have"
            " started it.",
        ),
        id_="Restarted",
    )
    alarms.count(
        MeteringMetric.REMAINDERS_UNBILLED,
        QUARTER,
        Ticket(
            happened="A cancelled buyer has at least one whole unit left that no hour could take.",
            money="These units are not billed. What the buyer owes is between you and the buyer.",
            look="Look at remainderEnded of the buyer's balance in yawl-metering-state, and in the log group of"
            " end-subscription for the line that names the customer and its unbilled dimensions.",
        ),
    )
    age = cloudwatch.Metric(
        namespace="AWS/Lambda",
        metric_name="IteratorAge",
        dimensions_map={"FunctionName": stream_reader.function.function_name},
        statistic="Maximum",
        period=FIVE_MINUTES,
    )
    return alarms.silent(
        "StreamTooOld",
        age,
        f"Changes of subscribers have waited in the stream for {int(STREAM_WAITS.to_minutes())} minutes.",
        at_least=STREAM_WAITS.to_milliseconds(),
    )
