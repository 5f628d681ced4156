"""Worries about the hourly run: it failed, took too long, was stopped, or did not happen."""

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from runtime.metric_names import MeteringMetric
from stacks.constructs.alarms.alarm import MISSING, QUARTER, Meaning, add_alarm, add_silent
from stacks.constructs.alarms.room_alarms import RoomAlarms
from stacks.constructs.alarms.routes import Severity
from stacks.constructs.alarms.symptoms import Symptoms

#: *Did not happen*: no run has completed for this long, and it is told if that still is so ten minutes later (a symptom
#: waits). Runs begin an hour apart, so that is met by a run of more than 45 minutes too, and after 55 it is ended. One
#: that is missed is told 75 minutes after the end of its hour at latest: the run before ended some minutes after :10,
#: 100 minutes later it is :50 to :00, then come the wait (10) and the metric's way (3).
LOOKS = 10
LOOK_MINUTES = 10

STOPPED = Meaning(
    happened="The hourly metering does not come to its end: a run failed, took longer than 55 minutes, or none has"
    " completed for 100 minutes.",
    money="Nothing is lost yet: lines stay pending, and AWS Marketplace takes them for 24 hours, on the 1st until"
    " 06:00 UTC for the month before.",
    look="Look at the error of the latest execution of the hourly workflow, or at its schedule if there is none; mend"
    " it and start an execution with the input {}.",
)
ABORTED = Meaning(
    happened="Somebody stopped a metering run.",
    money="Its lines stay pending, and the next run takes them.",
    look="Look at CloudTrail (StopExecution) if nobody of you did it.",
)


def add_run_alarms(scope: Construct, room: RoomAlarms, workflow: sfn.IStateMachine, symptoms: Symptoms) -> None:
    """room: whose functions count completed runs, and nought of them as often as the clock ticks.

    The noughts are what is watched, not that values are missing: before the first deployment there are none, so that
    nothing is told before runs have been missed. Whether the clock ticks is another alarm's (``final_metering``).
    """
    members = [
        add_silent(
            scope,
            "RunFailed",
            metric=workflow.metric_failed(period=QUARTER),
            happened="A metering run failed; the execution's error says why.",
        ),
        add_silent(
            scope,
            "RunTimedOut",
            metric=workflow.metric_timed_out(period=QUARTER),
            happened="A metering run took longer than its 55 minutes.",
        ),
        add_silent(
            scope,
            "RunDidNotHappen",
            metric=room.metric(MeteringMetric.RUNS_COMPLETED, "Sum", Duration.minutes(LOOK_MINUTES)),
            happened=f"No metering run has completed for {LOOKS * LOOK_MINUTES} minutes.",
            periods=LOOKS,
            below=True,
            missing=MISSING.IGNORE,
        ),
    ]
    symptoms.add(scope, "Stopped", members=members, means=STOPPED, severity=Severity.PAGE, witness=True)
    add_alarm(
        scope,
        "RunAborted",
        metric=workflow.metric_aborted(period=QUARTER),
        means=ABORTED,
        routes=room.routes,
        severity=Severity.TICKET,
    )
