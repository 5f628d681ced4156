"""The state machine speaks of files, errors and payload keys that the functions know."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from stacks import synth
from tests.synthesized import Assembly

SOURCE = synth.ROOT / "lambda_src"
HANDLERS = SOURCE / "metering" / "handlers"


#: The number of each workflow's steps, which are files and functions.
STEPS = {"HourlyMetering": 7, "FinalMetering": 6}
WORKFLOWS = tuple(STEPS)


@pytest.fixture(params=WORKFLOWS)
def workflow(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def states(prod: Assembly, workflow: str) -> dict[str, Any]:
    return prod.states(workflow)


def invocations(states: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Task states that invoke a function."""
    return {name: state for name, state in states.items() if "FunctionName" in state.get("Arguments", ())}


def test_working_states_are_named_after_the_files_that_implement_them(workflow: str, states: dict[str, Any]) -> None:
    """The parts of a Map have names of their own, so that the Map's is the file's."""
    maps = {name: state for name, state in states.items() if state["Type"] == "Map" and not name.endswith("OneByOne")}
    parts = {name for state in maps.values() for name in state["ItemProcessor"]["States"]}
    working = {*invocations(states)} - parts | {*maps}
    files = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() + ".py" for name in working if not name.endswith("Alone")}
    assert len(files) == STEPS[workflow]
    assert files <= {path.name for path in HANDLERS.glob("*.py")}


def test_errors_that_are_retried_by_name_are_exceptions_that_the_functions_raise(states: dict[str, Any]) -> None:
    named = {
        error
        for state in invocations(states).values()
        for retrier in state["Retry"]
        for error in retrier["ErrorEquals"]
    }
    ours = {error for error in named if "." not in error}
    nodes = [node for path in SOURCE.rglob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    classes = {node.name for node in nodes if isinstance(node, ast.ClassDef)}
    raised = {
        name.id
        for node in nodes
        if isinstance(node, ast.Raise) and node.exc
        for name in ast.walk(node.exc)
        if isinstance(name, ast.Name)
    }
    assert ours == {"ProductFault"}
    assert ours <= classes & raised


def test_every_function_of_a_workflow_is_invoked_once_in_it(workflow: str, states: dict[str, Any]) -> None:
    """And once more where what failed together is tried alone."""
    once = {name: state for name, state in invocations(states).items() if not name.endswith("Alone")}
    assert len(once) == STEPS[workflow]


def test_every_step_is_some_workflows(prod: Assembly) -> None:
    """Beside them there are the two that start final metering."""
    steps = {
        re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        for workflow in WORKFLOWS
        for name in invocations(prod.states(workflow))
        if not name.endswith("Alone")
    }
    renamed = {"seal_chunk": "seal_hours", "submit_lines": "submit_batch", "settle_chunk": "settle_hours"}
    handlers = [deployed["Handler"] for deployed in prod.functions().values()]
    workers = {handler.split(".")[-2] for handler in handlers if handler.startswith("metering.")}
    assert {renamed.get(step, step) for step in steps} == workers - {"start_final_metering", "look_after_leavers"}


def test_functions_read_only_keys_that_the_workflow_sends(prod: Assembly) -> None:
    sent = {
        key
        for workflow in WORKFLOWS
        for state in invocations(prod.states(workflow)).values()
        for key in state["Arguments"]["Payload"]
    }
    read = {key for path in HANDLERS.glob("*.py") for key in keys_read(path)}
    assert {"keys", "periodEnd"} < read
    assert read <= sent


def keys_read(path: Path) -> set[str]:
    read = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        of_event = isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "event"
        if of_event and isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            read.add(str(node.slice.value))
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get"
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "event"
            and isinstance(node.args[0], ast.Constant)
        ):
            read.add(str(node.args[0].value))
    return read
