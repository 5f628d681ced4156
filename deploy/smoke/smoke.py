"""The looks of ``make smoke``."""

from collections.abc import Iterator

from deploy.check.deployed import stack_lines
from deploy.check.fulfilment import page_lines
from deploy.line import Line, State, green, red
from deploy.show_lines import Look
from deploy.smoke.doors import door_lines
from deploy.smoke.metering import metering_lines
from deploy.smoke.queues import queue_lines
from deploy.smoke.watch import watch_lines
from deploy.smoke.write import Wishes, write_lines
from deploy.stage_there import StageThere

POLICY = "docs/smoke-policy.json"


def looks(there: StageThere, wishes: Wishes) -> Iterator[Look]:
    """Of a stage that is deployed; of another one only the line that says so."""
    yield Look("stacks", lambda: deployed_lines(there))
    if not is_deployed(there):
        return
    yield Look("API", lambda: door_lines(there))
    yield Look("fulfilment page", lambda: page_lines(there))
    yield Look("alarms", lambda: watch_lines(there))
    yield Look("queues", lambda: queue_lines(there))
    yield Look("metering", lambda: metering_lines(there))
    if wishes.write:
        yield Look("writing", lambda: write_lines(there, wishes), unanswered=State.RED)
    else:
        yield Look("writing", lambda: [nothing_written()])


def is_deployed(there: StageThere) -> bool:
    return any(stack.complete for stack in there.stacks)


def deployed_lines(there: StageThere) -> Iterator[Line]:
    if is_deployed(there):
        yield from stack_lines(there.stage, there.stacks)
    else:
        yield red("stacks", "the stage is not deployed", f"run `make deploy STAGE={there.stage.name}` first")


def nothing_written() -> Line:
    return green("writing", "nothing was written; WRITE=1 TEST_BUYER=<billing key> tries the doors and a run as well")
