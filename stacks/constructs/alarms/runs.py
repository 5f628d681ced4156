"""Alarms of the hourly run: it failed, took too long, was stopped, or did not happen."""

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn

from runtime.metric_names import MeteringMetric
from stacks.constructs.alarms.bound import MISSING, QUARTER, Alarms
from stacks.constructs.alarms.message import Page, Ticket

#: "Did not happen": no run has completed for so long, and the group calls if that is still so ten minutes later. Runs
#: begin an hour apart, and a run of more than 45 minutes meets this too; after 55 minutes it is ended. The alarm calls
#: 75 minutes after the end of a missed run's hour at the latest: the run before ended some minutes after :10, so 100
#: minutes later it is :50 to :00; then come the group's wait (10) and the metric's delay (3).
LOOKS = 10
LOOK_MINUTES = 10


def add_run_alarms(alarms: Alarms, workflow: sfn.IStateMachine) -> None:
    """The alarms' service counts completed runs, and adds a zero whenever look-after-leavers runs.

    The alarm looks at these zeros and not at missing values: there are none before the first deployment, so it calls
    only when runs have been missed. Whether look-after-leavers runs is another alarm (``final_metering``).
    """
    members = [
        alarms.silent(
            "RunFailed",
            workflow.metric_failed(period=QUARTER),
            "A metering run failed; the error of the execution says why.",
        ),
        alarms.silent(
            "RunTimedOut",
            workflow.metric_timed_out(period=QUARTER),
            "A metering run took longer than its 55 minutes.",
        ),
        alarms.silent(
            "RunDidNotHappen",
            alarms.metric(MeteringMetric.RUNS_COMPLETED, "Sum", Duration.minutes(LOOK_MINUTES)),
            f"No metering run has completed for {LOOKS * LOOK_MINUTES} minutes.",
            periods=LOOKS,
            below=True,
            missing=MISSING.IGNORE,
        ),
    ]
    alarms.group(
        "Stopped",
        members,
        Page(
            happened="The hourly metering does not complete: a run failed, took longer than 55 minutes, or none has"
            " completed for 100 minutes.",
            money="Nothing is lost yet. Usage stays pending, and AWS Marketplace takes it for 24 hours, on the 1st"
            " until 06:00 UTC for the month before.",
            look="Look at the error of the latest execution of the state machine HourlyMetering. If there is none,"
            " look at its schedule in EventBridge Scheduler. Correct the cause and start an execution with the input"
            " {}.",
        ),
        witness=True,
    )
    alarms.add(
        "RunAborted",
        workflow.metric_aborted(period=QUARTER),
        Ticket(
            happened="A person or a program stopped a metering run.",
            money="The usage of that run stays pending, and the next run bills it.",
            look="Look in CloudTrail (StopExecution) for who stopped it, if it was none of you.",
        ),
    )
