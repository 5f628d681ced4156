"""Worries about buyers who leave: Marketplace takes their last hours for one hour only, and nobody else sends them in
time.
"""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from runtime.metric_names import MeteringMetric
from stacks.constructs.alarms.alarm import FIVE_MINUTES, MISSING, QUARTER, Meaning, add_alarm, add_silent
from stacks.constructs.alarms.room_alarms import RoomAlarms
from stacks.constructs.alarms.routes import Severity
from stacks.constructs.alarms.symptoms import Symptoms

#: Nobody looks: no value for a quarter of an hour. Values are also missing before the first deployment, so the alarm is
#: up when it is made, and is told only if it still is after this time. The clock first fires five minutes after its
#: stack is there, which is before the alarms' stack is, and the value is there two minutes later.
FIRST_LOOK = Duration.minutes(20)
#: of the grace of an hour; what looks at all leavers every five minutes is the second way to start
STREAM_WAITS = Duration.minutes(10)

FAILED = Meaning(
    happened="Final metering of a buyer who left failed, or took longer than a day.",
    money="AWS Marketplace takes his last hours for one hour after the end; an hour that is not sent by then is lost.",
    look="Look at the execution's error and at the logs of its functions; it is started again within five minutes. If"
    " it timed out, an hour of his cannot be sealed: see the line 'hour waits' of seal-hours.",
)
ABORTED = Meaning(
    happened="Somebody stopped final metering of a buyer who left.",
    money="It is started again within five minutes, and his grace is an hour.",
    look="Look at CloudTrail (StopExecution) if nobody of you did it.",
)
UNWATCHED = Meaning(
    happened="Nobody has looked for half an hour whether buyers who left are metered to the end: look-after-leavers"
    " does not run or does not finish.",
    money="Where a start was missed, the last hours of a buyer will not be billed; and nobody notices that hourly runs"
    " are missing.",
    look="Look at the log of look-after-leavers, at its schedule, and at its dead letters.",
)
OVERDUE = Meaning(
    happened="A buyer left more than 70 minutes ago and is not metered to the end.",
    money="AWS Marketplace no longer takes usage of after his end, and his last hours may be lost.",
    look="Look at the subscribers with status pending_cancellation and final_metering, and at the executions of final"
    " metering, whose names begin with his key.",
)
RESTARTED = Meaning(
    happened="Final metering of a buyer who left was not under way and was started by the look every five minutes.",
    money="Nothing is lost if that was in time: he has an hour from his end on.",
    look="Look at the log and at the dead letters of start-final-metering, which should have done it.",
)
REMAINDERS = Meaning(
    happened="A buyer left with a billed unit or more that no hour could take.",
    money="These units are not billed; what is owed is between you and the buyer.",
    look="Look at remainderEnded of his balance in yawl-metering-state, and at the line 'a leaver's remainder was not"
    " billed' of end-subscription.",
)


class FinalMeteringAlarms(Construct):
    """late: the silent alarm of the stream that starts final metering, for whoever tells of what waits."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        workflow: sfn.IStateMachine,
        starter: lambda_.IFunction,
        room: RoomAlarms,
        symptoms: Symptoms,
    ) -> None:
        """starter: who reads the subscribers' stream. room: where the function that looks after leavers emits."""
        super().__init__(scope, id_)
        failed = [
            add_silent(
                self,
                "Failed",
                metric=workflow.metric_failed(period=QUARTER),
                happened="Final metering of a buyer who left failed.",
            ),
            add_silent(
                self,
                "TimedOut",
                metric=workflow.metric_timed_out(period=QUARTER),
                happened="Final metering of a buyer who left took longer than 26 hours.",
            ),
        ]
        symptoms.add(self, "Stopped", members=failed, means=FAILED, severity=Severity.PAGE, witness=True)
        add_alarm(
            self,
            "Aborted",
            metric=workflow.metric_aborted(period=FIVE_MINUTES),
            means=ABORTED,
            routes=room.routes,
            severity=Severity.TICKET,
        )
        self._watched(room, symptoms)
        room.level(self, MeteringMetric.LEAVERS_OVERDUE, OVERDUE, Severity.PAGE)
        room.count(
            self, MeteringMetric.FINAL_METERINGS_RESTARTED, RESTARTED, Severity.TICKET, period=QUARTER, id_="Restarted"
        )
        room.count(self, MeteringMetric.REMAINDERS_UNBILLED, REMAINDERS, Severity.TICKET, period=QUARTER)
        age = cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name="IteratorAge",
            dimensions_map={"FunctionName": starter.function_name},
            statistic="Maximum",
            period=FIVE_MINUTES,
        )
        self.late = add_silent(
            self,
            "StreamTooOld",
            metric=age,
            happened=f"Changes of subscribers have waited in the stream for {int(STREAM_WAITS.to_minutes())} minutes.",
            at_least=STREAM_WAITS.to_milliseconds(),
        )

    def _watched(self, room: RoomAlarms, symptoms: Symptoms) -> None:
        silence = add_silent(
            self,
            "NoLook",
            metric=room.metric(MeteringMetric.LEAVERS_OVERDUE, "SampleCount", FIVE_MINUTES),
            happened="Nobody has looked after leavers for a quarter of an hour.",
            periods=3,
            below=True,
            missing=MISSING.BREACHING,
        )
        symptoms.add(self, "Unwatched", members=[silence], means=UNWATCHED, severity=Severity.PAGE, wait=FIRST_LOOK)
