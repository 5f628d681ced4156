"""Workflows are there, and the schedules start them."""

from collections.abc import Iterator

from deploy.line import Line, green, red
from deploy.stage_there import StageThere

WORKFLOWS = {"StateMachineArn": "hourly metering", "FinalMeteringArn": "final metering"}
SCHEDULES = ("ScheduleName", "MonthEndScheduleName")


def workflow_line(what: str, arn: str | None, status: str | None) -> Line:
    """status: of DescribeStateMachine."""
    if arn is None:
        return red(what, "has no workflow", "deploy again")
    if status != "ACTIVE":
        return red(what, f"its workflow is {status}", "deploy again")
    return green(what, f"its workflow {arn.rsplit(':', 1)[-1]} is there")


def schedule_line(name: str, state: str, target: str, workflow: str | None) -> Line:
    """target: what the schedule starts. workflow: what it has to start."""
    about = f"schedule {name}"
    if state != "ENABLED":
        return red(about, f"is {state}: hours pass unmetered", "enable it in EventBridge Scheduler, or deploy again")
    if target != workflow:
        return red(about, f"starts {target}, not {workflow}", "deploy again")
    return green(about, "is enabled and starts the workflow's live version")


def started(there: StageThere) -> str | None:
    """What schedules start, and so do we: the live version of hourly metering."""
    return there.output("Metering", "StateMachineAliasArn")


def metering_lines(there: StageThere) -> Iterator[Line]:
    for output, what in WORKFLOWS.items():
        arn = there.output("Metering", output)
        status = (
            there.reader.ask("stepfunctions", "describe_state_machine", stateMachineArn=arn)["status"] if arn else None
        )
        yield workflow_line(what, arn, status)
    for output in SCHEDULES:
        name = there.output("Metering", output)
        if name is None:
            yield red(f"schedule {output}", "is not there", "deploy again")
            continue
        answer = there.reader.ask("scheduler", "get_schedule", GroupName=there.schedule_group, Name=name)
        yield schedule_line(name, answer["State"], answer["Target"]["Arn"], started(there))
