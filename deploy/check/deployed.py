"""Stacks, schedules and dead letters of a deployed stage."""

from collections.abc import Iterator, Sequence

from deploy.deployed_stacks import ONLY_NAMED, STUCK, DeployedStack, Resource
from deploy.deployed_stage import DeployedStage
from deploy.line import Line, green, red, yellow
from stacks.stage import Stage

#: Parts of the names of queues that only people read.
DEAD_LETTERS = ("DeadLetters", "BackupsFailures", "FailedLines", "Refused", "Unattributed")
WHOLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


def stacks_of(stage: Stage) -> list[str]:
    """The names of the stage's stacks, as ``stacks.application`` makes them."""
    names = ["Data", *(["Yawl"] if stage.engines else []), "Doors", "Events", "Metering", "Archive", "Audit", "Watch"]
    names += ["Operators"] if stage.operators else []
    names += ["Notices"] if stage.notices_region_is_elsewhere() else []
    return [f"YawlMetering-{stage.name}-{name}" for name in names]


def stack_lines(stage: Stage, stacks: Sequence[DeployedStack]) -> Iterator[Line]:
    """A line for each stack of the stage: its state; one line where the stage has none yet."""
    existing = {stack.name: stack for stack in stacks if stack.status != ONLY_NAMED}
    if not existing:
        yield green("stacks", f"none yet: after `make deploy STAGE={stage.name}` more is looked at")
        return
    for name in stacks_of(stage):
        yield _stack_line(stage, name, existing.get(name))


def _stack_line(stage: Stage, name: str, stack: DeployedStack | None) -> Line:
    about, deploy = f"stack {name}", f"run `make deploy STAGE={stage.name}`"
    if stack is None:
        return red(about, "is missing", deploy)
    if stack.status in STUCK:
        return red(about, f"is {stack.status}", STUCK[stack.status].format(name=name, region=stack.region))
    if stack.status.endswith("_IN_PROGRESS"):
        return yellow(about, f"is {stack.status}: it is being changed", "run this again when that has ended")
    if stack.status not in WHOLE:
        return red(about, f"is {stack.status}", deploy)
    if stage.keep_data and not stack.protected:
        return red(about, "is not protected against deletion, and the stage keeps its data", deploy)
    return green(about, f"is {stack.status}" + (" and protected" if stack.protected else ""))


def schedule_line(name: str, state: str) -> Line:
    """Whether one schedule is enabled. state: from GetSchedule."""
    about = f"schedule {name}"
    if state == "ENABLED":
        return green(about, "is enabled")
    return red(about, f"is {state}: hours pass unmetered", "enable it in EventBridge Scheduler, or deploy again")


def schedule_lines(deployed: DeployedStage) -> Iterator[Line]:
    """A line for each of the stage's schedules: whether it is enabled."""
    for group, schedule in deployed.schedules:
        answer = deployed.aws.ask("scheduler", "get_schedule", GroupName=group, Name=schedule.name)
        yield schedule_line(schedule.logical_id, answer["State"])


def is_dead_letters(queue: Resource) -> bool:
    """Whether the queue keeps messages for a person to look at."""
    return any(word in queue.logical_id for word in DEAD_LETTERS)


def dead_letter_line(name: str, messages: int) -> Line:
    """Whether one queue for a person is empty. messages: how many it holds, about."""
    about = f"queue {name}"
    if not messages:
        return green(about, "is empty")
    return red(
        about,
        f"holds {messages} message{'s' if messages > 1 else ''} that wait for a person",
        "look up its alarm in docs/operations.md; SQS deletes them 14 days after they came",
    )


def dead_letter_lines(deployed: DeployedStage) -> Iterator[Line]:
    """A line for each of the stage's queues that hold messages for a person."""
    for queue in filter(is_dead_letters, deployed.of_type("AWS::SQS::Queue")):
        answer = deployed.aws.ask(
            "sqs",
            "get_queue_attributes",
            region=queue.region,
            QueueUrl=queue.name,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        yield dead_letter_line(queue.logical_id, sum(int(number) for number in answer["Attributes"].values()))
