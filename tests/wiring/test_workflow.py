"""The state machine speaks of files, errors and payload keys that the functions know."""

import ast
import json
import re
from typing import Any

import pytest

from stacks import synth
from tests.synthesized import Assembly

SOURCE = synth.ROOT / "lambda_src"


@pytest.fixture(scope="module")
def states(prod: Assembly) -> dict[str, Any]:
    (machine,) = prod.properties("AWS::StepFunctions::StateMachine")
    parts = machine["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else next(iter(part)) for part in parts)
    return dict(json.loads(text)["States"])


def invocations(states: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Task states at every depth that invoke a function."""
    found = {n: state for n, state in states.items() if "FunctionName" in state.get("Arguments", ())}
    for state in states.values():
        if state["Type"] == "Map":
            found |= invocations(state["ItemProcessor"]["States"])
    return found


def test_working_states_are_named_after_the_files_that_implement_them(states: dict[str, Any]) -> None:
    working = {*invocations({n: s for n, s in states.items() if s["Type"] == "Task"})}
    working |= {name for name, state in states.items() if state["Type"] == "Map"}
    files = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() + ".py" for name in working}
    assert len(files) == 7
    assert files <= {path.name for path in (SOURCE / "metering").glob("*.py")}


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
    assert ours == {"MarketplaceBusy", "ProductFault"}
    assert ours <= classes & raised


def test_every_function_of_the_workflow_is_invoked_once(prod: Assembly, states: dict[str, Any]) -> None:
    invoked = [state["Arguments"]["FunctionName"] for state in invocations(states).values()]
    workers = [name for name, deployed in prod.functions().items() if deployed["Handler"].startswith("metering.")]
    assert len(invoked) == len(workers) == 7


def test_functions_read_only_keys_that_the_workflow_sends(states: dict[str, Any]) -> None:
    sent = {key for state in invocations(states).values() for key in state["Arguments"]["Payload"]}
    handlers = ast.parse((SOURCE / "metering" / "handlers.py").read_text(encoding="utf-8"))
    read = set()
    for node in ast.walk(handlers):
        of_event = isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "event"
        if of_event and isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            read.add(node.slice.value)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get"
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "event"
            and isinstance(node.args[0], ast.Constant)
        ):
            read.add(node.args[0].value)
    assert read
    assert read <= sent
