"""The workflows exist, and the schedules start them."""

from collections.abc import Iterator

from deploy.check.deployed import schedule_line
from deploy.deployed_stage import DeployedStage
from deploy.line import Line, green, red

WORKFLOWS = {"StateMachineArn": "hourly metering", "FinalMeteringArn": "final metering"}
SCHEDULES = ("ScheduleName", "MonthEndScheduleName")


def workflow_line(what: str, arn: str | None, status: str | None) -> Line:
    """Whether a workflow can run. status: from DescribeStateMachine."""
    if arn is None:
        return red(what, "has no workflow", "deploy again")
    if status != "ACTIVE":
        return red(what, f"its workflow is {status}", "deploy again")
    return green(what, f"its workflow {arn.rsplit(':', 1)[-1]} is there")


def started_line(name: str, state: str, target: str, workflow: str | None) -> Line:
    """Whether a schedule starts its workflow. target: the ARN that the schedule starts. workflow: the ARN that it has
    to start."""
    enabled = schedule_line(name, state)
    if enabled.remedy:
        return enabled
    if target != workflow:
        return red(enabled.about, f"starts {target}, not {workflow}", "deploy again")
    return green(enabled.about, "is enabled and starts the workflow's live version")


def started(deployed: DeployedStage) -> str | None:
    """The ARN that the schedules start: the live version of hourly metering."""
    return deployed.output("Metering", "StateMachineAliasArn")


def metering_lines(deployed: DeployedStage) -> Iterator[Line]:
    """A line for each workflow, and for each schedule that starts one."""
    for output, what in WORKFLOWS.items():
        arn = deployed.output("Metering", output)
        status = (
            deployed.aws.ask("stepfunctions", "describe_state_machine", stateMachineArn=arn)["status"] if arn else None
        )
        yield workflow_line(what, arn, status)
    for output in SCHEDULES:
        name = deployed.output("Metering", output)
        if name is None:
            yield red(f"schedule {output}", "is not there", "deploy again")
            continue
        answer = deployed.aws.ask("scheduler", "get_schedule", GroupName=deployed.schedule_group, Name=name)
        yield started_line(name, answer["State"], answer["Target"]["Arn"], started(deployed))
