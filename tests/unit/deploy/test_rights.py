"""The policies of docs/ hold exactly what make check and make smoke ask for, and the former only reads."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import get_session

from stacks.constructs.api.rest_api import STAGE
from stacks.synth import ROOT

DEPLOY = ROOT / "deploy"
#: ``deploy.target.reach`` asks it.
BEFORE = {("sts", "get_caller_identity")}
#: Services that IAM names otherwise than their signatures do (Service Authorization Reference).
PREFIXES = {"monitoring": "cloudwatch"}
ACTIONS = {("apigateway", "get_account"): "apigateway:GET"}
LOOKING = ("get_", "list_", "describe_")


def asked(*paths: Path) -> set[tuple[str, str]]:
    """Services and operations that are asked by name; a name that is no text in the code fails."""
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "ask":
                names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                assert len(names) == 2 == len(node.args), f"{path}:{node.lineno}"
                found.add((str(names[0]), str(names[1])))
    return found


def action(service: str, operation: str) -> str:
    model = get_session().get_service_model(service)
    (name,) = [name for name in model.operation_names if xform_name(name) == operation]
    return ACTIONS.get((service, operation), f"{PREFIXES.get(model.signing_name, model.signing_name)}:{name}")


def statements(policy: str) -> list[dict[str, Any]]:
    return list(json.loads((ROOT / "docs" / policy).read_text(encoding="utf-8"))["Statement"])


def allowed(policy: str) -> Iterator[str]:
    for statement in statements(policy):
        actions = statement["Action"]
        yield from actions if isinstance(actions, list) else [actions]


def calls_of(folder: str) -> set[tuple[str, str]]:
    return BEFORE | asked(*(DEPLOY / folder).glob("*.py"), DEPLOY / "deployed_stacks.py")


def test_check_may_do_what_it_asks_for_and_nothing_else() -> None:
    actions = list(allowed("check-policy.json"))
    assert sorted(actions) == sorted({action(*call) for call in calls_of("check")})


def test_check_only_looks() -> None:
    changing = {operation for _, operation in calls_of("check") if not operation.startswith(LOOKING)}
    assert changing == {"assume_role"}, "and that role is bound to looking by a session policy"


def test_smoke_may_do_what_it_asks_for_and_nothing_else() -> None:
    actions = set(allowed("smoke-policy.json"))
    assert actions == {action(*call) for call in calls_of("smoke")} | {"execute-api:Invoke"}


def test_whatever_smoke_changes_is_in_the_statement_for_writing() -> None:
    changing = {action(*call) for call in calls_of("smoke") if not call[1].startswith(LOOKING)}
    assert changing == {"sqs:SendMessage", "states:StartExecution"}
    for statement in statements("smoke-policy.json"):
        if statement["Sid"] != "OnlyForWrite":
            assert not changing & set(statement["Action"])
            assert not any("POST" in resource for resource in statement["Resource"])
    doors = [r for s in statements("smoke-policy.json") for r in s["Resource"] if "execute-api" in r]
    assert [door.split(":")[-1] for door in doors] == [f"*/{STAGE}/GET/subscribers/*", f"*/{STAGE}/POST/usage"]


def test_a_role_is_only_assumed_with_an_external_id() -> None:
    (statement,) = [each for each in statements("check-policy.json") if each["Action"] == "sts:AssumeRole"]
    assert statement["Condition"] == {"Null": {"sts:ExternalId": "false"}}


@pytest.mark.parametrize("policy", ["check-policy.json", "smoke-policy.json"])
def test_a_policy_is_small_enough_for_one_user_or_role(policy: str) -> None:
    """IAM quotas: 2,048 characters in an inline policy of a user, without blanks."""
    assert len(json.dumps({"Version": "2012-10-17", "Statement": statements(policy)}, separators=(",", ":"))) <= 2048
