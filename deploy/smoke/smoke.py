"""The looks of ``make smoke``."""

from collections.abc import Iterator

from deploy.check.deployed import stack_lines
from deploy.check.fulfilment import page_lines
from deploy.deployed_stage import DeployedStage
from deploy.line import Line, State, green, red
from deploy.show_lines import Look
from deploy.smoke.doors import door_lines
from deploy.smoke.metering import metering_lines
from deploy.smoke.queues import queue_lines
from deploy.smoke.watch import watch_lines
from deploy.smoke.write import Wishes, write_lines

POLICY = "docs/smoke-policy.json"


def looks(deployed: DeployedStage, wishes: Wishes) -> Iterator[Look]:
    """The looks at a deployed stage; where it is not deployed, only the one that says so."""
    yield Look("stacks", lambda: deployed_lines(deployed))
    if not is_deployed(deployed):
        return
    yield Look("API", lambda: door_lines(deployed))
    yield Look("fulfilment page", lambda: page_lines(deployed))
    yield Look("alarms", lambda: watch_lines(deployed))
    yield Look("queues", lambda: queue_lines(deployed))
    yield Look("metering", lambda: metering_lines(deployed))
    if wishes.write:
        yield Look("writing", lambda: write_lines(deployed, wishes), unanswered=State.RED)
    else:
        yield Look("writing", lambda: [nothing_written()])


def is_deployed(deployed: DeployedStage) -> bool:
    """Whether at least one stack of the stage is complete."""
    return any(stack.complete for stack in deployed.stacks)


def deployed_lines(deployed: DeployedStage) -> Iterator[Line]:
    """The stage's stacks, or one red line where the stage is not deployed."""
    if is_deployed(deployed):
        yield from stack_lines(deployed.stage, deployed.stacks)
    else:
        yield red("stacks", "the stage is not deployed", f"run `make deploy STAGE={deployed.stage.name}` first")


def nothing_written() -> Line:
    """A line that says that smoke wrote nothing, and how it would."""
    return green("writing", "nothing was written; WRITE=1 TEST_BUYER=<billing key> tries the doors and a run as well")
