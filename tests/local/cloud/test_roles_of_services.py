"""What a service of AWS does in a role's name fails where the role does not allow it."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.cloud import DeployFailed, LocalCloud
from local.cloud.workflow import WorkflowFailed, run_workflow
from tests.local.cloud.probe_stack import CODE

pytestmark = pytest.mark.local


def role(service: str, *allowed: tuple[list[str], Any]) -> dict[str, Any]:
    trust = [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]
    may = [{"Effect": "Allow", "Action": actions, "Resource": on} for actions, on in allowed]
    policies = [{"PolicyName": "may", "PolicyDocument": {"Version": "2012-10-17", "Statement": may}}] if may else []
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": trust},
            "Policies": policies,
        },
    }


def calling(call: dict[str, Any], *allowed: tuple[list[str], Any]) -> dict[str, Any]:
    """A machine of one call, and its role."""
    states = {"Call": {"Type": "Task", "End": True, **call}}
    definition = {"QueryLanguage": "JSONata", "StartAt": "Call", "States": states}
    return {
        "Role": role("states.amazonaws.com", *allowed),
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"DefinitionString": json.dumps(definition), "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}},
        },
    }


def deployed(cloud: LocalCloud, write: Any, folder: Path, name: str, resources: dict[str, Any]) -> dict[str, str]:
    refs = {id_: {"Value": {"Ref": id_}} for id_ in resources}
    return cloud.deploy(write(folder, {name: {"Resources": resources, "Outputs": refs}}))[name]


CALLS: dict[str, tuple[dict[str, Any], str]] = {
    "invoke": (
        {"Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "FUNCTION", "Payload": {}}},
        "lambda:InvokeFunction",
    ),
    "start": (
        {"Resource": "arn:aws:states:::states:startExecution", "Arguments": {"StateMachineArn": "MACHINE"}},
        "states:StartExecution",
    ),
    "describe": (
        {"Resource": "arn:aws:states:::aws-sdk:sfn:describeExecution", "Arguments": {"ExecutionArn": "EXECUTION"}},
        "states:DescribeExecution",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_state_calls_what_its_machines_role_allows(
    cloud: LocalCloud, probe: dict[str, str], assembly_of: Any, tmp_path: Path, name: str
) -> None:
    states, functions = cloud.seller.client("stepfunctions"), cloud.seller.client("lambda")
    waiter = probe["WaiterArn"]
    execution = states.start_execution(stateMachineArn=waiter, input=json.dumps({"until": "2020-01-01T00:00:00Z"}))[
        "executionArn"
    ]
    arns = {
        "FUNCTION": functions.get_function_configuration(FunctionName="probe")["FunctionArn"],
        "MACHINE": waiter,
        "EXECUTION": execution,
    }
    call, action = CALLS[name]
    text = json.dumps(call)
    for placeholder, arn in arns.items():
        text = text.replace(placeholder, arn)
    may = ([action], list(arns.values()))
    refused = deployed(cloud, assembly_of, tmp_path / "a", f"Refused{name}", calling(json.loads(text)))
    with pytest.raises(WorkflowFailed, match=f"States.Permissions.*{action}"):
        run_workflow(cloud.seller, refused["Machine"], {})
    allowed = deployed(cloud, assembly_of, tmp_path / "b", f"Allowed{name}", calling(json.loads(text), may))
    run_workflow(cloud.seller, allowed["Machine"], {})


QUEUE = {"Type": "AWS::SQS::Queue"}
TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
    },
}
TAKE = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
READ = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]


def mapped(source: dict[str, Any], actions: list[str]) -> dict[str, Any]:
    """A source, and a function that is mapped to it and may do this there."""
    arn = {"Fn::GetAtt": ["Source", "Arn" if source is QUEUE else "StreamArn"]}
    start = {} if source is QUEUE else {"StartingPosition": "LATEST"}
    return {
        "Source": source,
        "Role": role("lambda.amazonaws.com", (actions, arn)),
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "probe.handle",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": CODE,
            },
        },
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {"FunctionName": {"Ref": "Function"}, "EventSourceArn": arn, **start},
        },
    }


@pytest.mark.usefixtures("probe")
@pytest.mark.parametrize(
    ("kind", "needed", "missing"),
    [(kind, needed, action) for kind, needed in (("Queue", TAKE), ("Table", READ)) for action in needed],
)
def test_no_mapping_is_made_for_a_role_that_may_not_poll(
    cloud: LocalCloud, assembly_of: Any, tmp_path: Path, kind: str, needed: list[str], missing: str
) -> None:
    source = QUEUE if kind == "Queue" else TABLE
    name = f"Missing{missing.replace(':', '')}"
    with pytest.raises(DeployFailed, match=f"does not have permissions to call {missing}$"):
        deployed(cloud, assembly_of, tmp_path / "a", name, mapped(source, [each for each in needed if each != missing]))
    deployed(cloud, assembly_of, tmp_path / "b", f"All{missing.replace(':', '')}", mapped(source, needed))
