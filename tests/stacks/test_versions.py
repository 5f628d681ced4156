"""A deployment changes nothing of a run under way, and the way back is to move the aliases."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.stacks.alarm_facts import alarms
from tests.synthesized import Assembly, as_list, references

VERSION = "AWS::Lambda::Version"
ALIAS = "AWS::Lambda::Alias"
MACHINE = "AWS::StepFunctions::StateMachine"
KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}


@pytest.fixture(scope="module")
def prod(engines: Assembly) -> Assembly:
    """The stage with all functions takes the place of the shipped one."""
    return engines


@pytest.fixture(scope="module")
def live(prod: Assembly) -> dict[str, str]:
    """Function → its alias, by logical id."""
    return {alias["Properties"]["FunctionName"]["Ref"]: name for name, alias in prod.resources(ALIAS)}


@pytest.mark.parametrize("stage", ["prod", "local"])
def test_every_function_has_a_version_that_stays_and_an_alias_that_names_it(
    stage: str, request: pytest.FixtureRequest
) -> None:
    """A run under way names a version for up to a day; one that is left over from a deployment that failed would make
    Lambda refuse the next: "A version for this Lambda function exists"."""
    assembly: Assembly = request.getfixturevalue(stage)
    versions = dict(assembly.resources(VERSION))
    functions = {name for name, _ in assembly.resources("AWS::Lambda::Function")}
    assert {version["Properties"]["FunctionName"]["Ref"] for version in versions.values()} == functions
    assert all(KEPT.items() <= version.items() for version in versions.values())
    aliases = assembly.properties(ALIAS)
    assert len(aliases) == len(functions)
    for alias in aliases:
        version, attribute = alias["FunctionVersion"]["Fn::GetAtt"]
        assert (alias["Name"], attribute) == ("live", "Version")
        assert versions[version]["Properties"]["FunctionName"] == alias["FunctionName"]


def test_whatever_calls_a_function_calls_its_alias(prod: Assembly, live: dict[str, str]) -> None:
    functions, aliases = set(live), set(live.values())
    callers: dict[str, Callable[[dict[str, Any]], Any]] = {
        "AWS::ApiGateway::Method": lambda properties: properties["Integration"].get("Uri", {}),
        "AWS::Lambda::Permission": lambda properties: properties["FunctionName"],
        "AWS::Lambda::EventSourceMapping": lambda properties: properties["FunctionName"],
        "AWS::Scheduler::Schedule": lambda properties: properties["Target"]["Arn"],
    }
    for kind, called in callers.items():
        named = {name for properties in prod.properties(kind) for name in references(called(properties))}
        assert named & aliases, kind
        assert not named & functions, kind
    # A mapping names the alias as function:alias.
    for mapping in prod.properties("AWS::Lambda::EventSourceMapping"):
        assert mapping["FunctionName"]["Fn::Join"][1][-1] == ":live"


def test_every_alias_may_be_called_by_the_api_that_calls_it(prod: Assembly, live: dict[str, str]) -> None:
    """A permission without the qualifier is for the function's latest code, and allows no call of the alias."""
    called = {
        name
        for method in prod.properties("AWS::ApiGateway::Method")
        for name in references(method["Integration"].get("Uri", {}))
        if name in live.values()
    }
    permissions = prod.properties("AWS::Lambda::Permission")
    permitted = {name for permission in permissions for name in references(permission["FunctionName"])}
    assert called == permitted


def invoked(machine: dict[str, Any]) -> set[str]:
    """The functions' versions that a definition names, by logical id."""
    return {name for name in references(machine["Properties"]["DefinitionString"]) if "CurrentVersion" in name}


def test_a_workflow_names_its_functions_by_published_versions(prod: Assembly) -> None:
    """Step Functions keeps the definition that an execution was started with, and so the code of every step."""
    functions = {name for name, _ in prod.resources("AWS::Lambda::Function")}
    for name, machine in prod.resources(MACHINE):
        assert len(invoked(machine)) in (6, 7), name
        assert not functions & set(references(machine["Properties"]["DefinitionString"])), name


def test_a_run_under_way_may_still_invoke_the_versions_of_its_own_time(prod: Assembly) -> None:
    """The next deployment writes this policy anew: with the versions alone it would take away those of before."""
    versions = {name: version["Properties"]["FunctionName"] for name, version in prod.resources(VERSION)}
    for name, machine in prod.resources(MACHINE):
        role = machine["Properties"]["RoleArn"]["Fn::GetAtt"][0]
        allowed = [
            json.dumps(resource)
            for policy in prod.properties("AWS::IAM::Policy")
            if {"Ref": role} in policy["Roles"]
            for statement in policy["PolicyDocument"]["Statement"]
            if "lambda:InvokeFunction" in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])
        ]
        for version in invoked(machine):
            function = {"Fn::GetAtt": [versions[version]["Ref"], "Arn"]}
            assert json.dumps({"Fn::Join": ["", [function, ":*"]]}) in allowed, f"{name}: {version}"


def test_each_workflow_has_a_version_that_stays_and_an_alias_that_names_it(prod: Assembly) -> None:
    machines = {name for name, _ in prod.resources(MACHINE)}
    versions = dict(prod.resources("AWS::StepFunctions::StateMachineVersion"))
    assert {version["Properties"]["StateMachineArn"]["Ref"] for version in versions.values()} == machines
    for version in versions.values():
        assert KEPT.items() <= version.items()
        machine = version["Properties"]["StateMachineArn"]["Ref"]
        # Without it a changed machine would get no other version.
        revision = {"Fn::GetAtt": [machine, "StateMachineRevisionId"]}
        assert version["Properties"]["StateMachineRevisionId"] == revision
    aliases = prod.properties("AWS::StepFunctions::StateMachineAlias")
    assert {alias["Name"] for alias in aliases} == {"live"}
    routed = [alias["RoutingConfiguration"] for alias in aliases]
    assert sorted(one["StateMachineVersionArn"]["Ref"] for (one,) in routed) == sorted(versions)
    assert {one["Weight"] for (one,) in routed} == {100}


def test_whatever_starts_a_workflow_starts_its_alias(prod: Assembly) -> None:
    aliases = {name for name, _ in prod.resources("AWS::StepFunctions::StateMachineAlias")}
    hourly, final = sorted(aliases, key=lambda name: not name.startswith("Hourly"))
    assert [schedule["Target"]["Arn"] for schedule in prod.schedules("HourlyMetering")] == [{"Ref": hourly}] * 2
    for function in ("start-final-metering", "look-after-leavers"):
        variables = prod.functions()[function]["Environment"]["Variables"]
        assert variables["FINAL_METERING_ALIAS_ARN"] == {"Ref": final}


def test_rights_to_a_workflow_name_the_machine_and_never_its_alias(prod: Assembly) -> None:
    """IAM is asked for the machine's own ARN, whatever is started (Step Functions Developer Guide, "Authorization for
    versions and aliases"): a policy that names an alias allows no start."""
    machines = {name for name, _ in prod.resources(MACHINE)}
    granted = 0
    for policy in prod.properties("AWS::IAM::Policy"):
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = {action for action in as_list(statement["Action"]) if action.startswith("states:")}
            if actions & {"states:StartExecution", "states:ListExecutions"}:
                granted += 1
                assert {resource["Ref"] for resource in as_list(statement["Resource"])} <= machines
    assert granted == 4


def test_alarms_look_at_machines_and_functions_whatever_version_runs(prod: Assembly) -> None:
    """Their metrics are those of all versions and aliases, under the unqualified names."""
    for alarm in alarms(prod).values():
        dimensions = {name for metric in alarm.metrics for name in metric.dimensions}
        assert not dimensions & {"Resource", "ExecutedVersion", "Alias", "Version"}, alarm.text
