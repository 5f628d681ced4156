"""Types that the emulator had to be taught: versions and aliases of state machines, and composite alarms."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import DeployFailed, LocalCloud, LocalSession
from local.cloud.workflow import run_workflow
from tests.synthesized import Assembly

pytestmark = pytest.mark.local


def machine(answer: str, *, seconds: int = 0) -> str:
    """Waits, and answers; it also tells what it is called."""
    states = {
        "Wait": {"Type": "Wait", "Seconds": seconds, "Next": "Answer"},
        "Answer": {"Type": "Pass", "Output": {"answer": answer}, "End": True},
    }
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Wait", "States": states})


def template(answer: str, *, definition: str = "", **more: Any) -> dict[str, Any]:
    trust = [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    own = [{"Effect": "Allow", "Action": ["states:StartExecution", "states:DescribeExecution"], "Resource": "*"}]
    may = {"PolicyName": "own-executions", "PolicyDocument": {"Version": "2012-10-17", "Statement": own}}
    kept = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
    return {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": trust},
                    "Policies": [may],
                },
            },
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "DefinitionString": definition or machine(answer, **more),
                    "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                },
            },
            "Version": {
                "Type": "AWS::StepFunctions::StateMachineVersion",
                "Properties": {
                    "StateMachineArn": {"Ref": "Machine"},
                    "StateMachineRevisionId": {"Fn::GetAtt": ["Machine", "StateMachineRevisionId"]},
                },
                **kept,
            },
            "Alias": {
                "Type": "AWS::StepFunctions::StateMachineAlias",
                "Properties": {
                    "Name": "live",
                    "RoutingConfiguration": [{"StateMachineVersionArn": {"Ref": "Version"}, "Weight": 100}],
                },
            },
        },
        "Outputs": {name: {"Value": {"Ref": name}} for name in ("Machine", "Version", "Alias")},
    }


def test_an_execution_runs_to_its_end_what_its_alias_named_at_its_start(
    cloud: LocalCloud, assembly_of: Any, tmp_path: Path
) -> None:
    states = cloud.seller.client("stepfunctions")
    before = cloud.deploy(assembly_of(tmp_path, {"Versions": template("old", seconds=2)}))["Versions"]
    started = states.start_execution(stateMachineArn=before["Alias"], name="under-way")["executionArn"]
    after = cloud.deploy(assembly_of(tmp_path, {"Versions": template("new")}))["Versions"]
    assert before["Alias"] == after["Alias"] == f"{after['Machine']}:live"
    assert (before["Version"], after["Version"]) == (f"{after['Machine']}:1", f"{after['Machine']}:2")

    assert run_workflow(cloud.seller, after["Alias"], {}) == {"answer": "new"}
    assert run_workflow(cloud.seller, before["Version"], {}) == {"answer": "old"}, "it was kept"
    while (execution := states.describe_execution(executionArn=started))["status"] == "RUNNING":
        time.sleep(0.05)
    assert json.loads(execution["output"]) == {"answer": "old"}
    assert execution["stateMachineVersionArn"] == before["Version"]
    assert execution["stateMachineAliasArn"] == before["Alias"]

    # the way back
    routing: Any = [{"stateMachineVersionArn": before["Version"], "weight": 100}]
    states.update_state_machine_alias(stateMachineAliasArn=after["Alias"], routingConfiguration=routing)
    assert run_workflow(cloud.seller, after["Alias"], {}) == {"answer": "old"}
    # a name is taken once for the machine, whichever alias or version it was started by (StartExecution)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        states.start_execution(stateMachineArn=after["Version"], name="under-way")


def test_the_hourly_run_is_handed_over_to_the_version_that_it_runs(
    cloud: LocalCloud, assembly_of: Any, tmp_path: Path, local: Assembly
) -> None:
    """The states themselves, as they are deployed; around them as little as sends one execution into them."""
    deployed = local.workflow("HourlyMetering")["States"]
    caught = [{**catcher, "Next": "Report"} for catcher in deployed["HandOver"]["Catch"]]
    states = {
        "Start": {**deployed["Start"], "Next": "Which"},
        "Which": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $cursor = null %}", "Next": "First"}],
            "Default": "WentOn",
        },
        "First": {"Type": "Pass", "Assign": {"cursor": "page 2"}, "Next": "AskForVersion"},
        "AskForVersion": {**deployed["AskForVersion"], "Catch": caught},
        "HandOver": {**deployed["HandOver"], "Catch": caught, "Next": "HandedOver"},
        "HandedOver": deployed["HandedOver"],
        "Report": {"Type": "Fail", "Error": "{% $fault.error %}", "Cause": "{% $fault.cause %}"},
        "WentOn": {"Type": "Succeed"},
    }
    text = json.dumps({"QueryLanguage": "JSONata", "StartAt": "Start", "States": states})
    # the tokens of the assembly are names by now
    definition = text.replace("AWS::Partition", "aws")
    first = cloud.deploy(assembly_of(tmp_path, {"HandOver": template("", definition=definition)}))["HandOver"]
    cloud.deploy(assembly_of(tmp_path, {"HandOver": template("newer")}))
    client = cloud.seller.client("stepfunctions")
    started = client.start_execution(stateMachineArn=first["Version"], name="one")["executionArn"]

    def executions() -> list[dict[str, Any]]:
        listed = client.list_executions(stateMachineArn=first["Machine"])["executions"]
        return [dict(client.describe_execution(executionArn=entry["executionArn"])) for entry in listed]

    deadline = time.monotonic() + 20
    while len(ended := [e for e in executions() if e["status"] != "RUNNING"]) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert {execution["status"] for execution in ended} == {"SUCCEEDED"}, ended
    (one, other) = sorted(ended, key=lambda execution: execution["executionArn"] != started)
    assert one["stateMachineVersionArn"] == other["stateMachineVersionArn"] == first["Version"]
    assert json.loads(other["input"])["cursor"] == "page 2"


def test_a_version_whose_deployment_fails_is_not_left_over(cloud: LocalCloud, assembly_of: Any, tmp_path: Path) -> None:
    """Otherwise the next deployment of the same machine finds its version taken."""
    states = cloud.seller.client("stepfunctions")
    outputs = cloud.deploy(assembly_of(tmp_path, {"Retried": template("one")}))["Retried"]
    broken = template("two")
    broken["Resources"]["Alias"]["Properties"]["RoutingConfiguration"][0]["Weight"] = 50
    with pytest.raises(DeployFailed, match="weights must sum to 100"):
        cloud.deploy(assembly_of(tmp_path, {"Retried": broken}))
    versions = states.list_state_machine_versions(stateMachineArn=outputs["Machine"])["stateMachineVersions"]
    assert [version["stateMachineVersionArn"] for version in versions] == [outputs["Version"]]


def test_a_right_to_the_machine_covers_its_alias_but_not_the_reverse(
    cloud: LocalCloud, assembly_of: Any, tmp_path: Path
) -> None:
    arns = cloud.deploy(assembly_of(tmp_path, {"Rights": template("here")}))["Rights"]
    iam = cloud.seller.client("iam")
    for name, resource in (("of-the-machine", arns["Machine"]), ("of-the-alias", arns["Alias"])):
        iam.create_user(UserName=name)
        statement = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        session = LocalSession(cloud.endpoint, "us-east-1", key["AccessKeyId"], key["SecretAccessKey"])
        caller = session.client("stepfunctions")
        if name == "of-the-machine":
            caller.start_execution(stateMachineArn=arns["Alias"])
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                caller.start_execution(stateMachineArn=arns["Alias"])


def test_a_composite_alarm_follows_its_rule(cloud: LocalCloud, assembly_of: Any, tmp_path: Path) -> None:
    resources: dict[str, Any] = {
        name: {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "MetricName": name, "Namespace": "Probe", "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1, "Threshold": 1, "Period": 60, "Statistic": "Sum",
            },
        }
        for name in ("One", "Two")
    }  # fmt: skip
    rule = {"Fn::Join": ["", ['ALARM("', {"Ref": "One"}, '") OR ALARM("', {"Ref": "Two"}, '")']]}
    resources["Either"] = {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {"AlarmRule": rule, "AlarmDescription": "one of them"},
    }
    outputs = {name: {"Value": {"Ref": name}} for name in resources}
    names = cloud.deploy(assembly_of(tmp_path, {"Composite": {"Resources": resources, "Outputs": outputs}}))[
        "Composite"
    ]
    cloudwatch = cloud.seller.client("cloudwatch")

    def state() -> str:
        (found,) = cloudwatch.describe_alarms(AlarmNames=[names["Either"]], AlarmTypes=["CompositeAlarm"])[
            "CompositeAlarms"
        ]
        return str(found["StateValue"])

    assert state() != "ALARM"
    cloudwatch.set_alarm_state(AlarmName=names["Two"], StateValue="ALARM", StateReason="test")
    assert state() == "ALARM"
