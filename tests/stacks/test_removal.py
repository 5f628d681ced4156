"""What is left when a stack is deleted, a resource renamed, or a first deployment fails."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacks import synth
from stacks.protection import is_protected
from stacks.stage import StageError
from tests.synthesized import Assembly, shipped

#: Types of resources that hold data (those that occur here of AWS's lists of what `cdk` and SAM keep by default).
STATEFUL = {
    "AWS::Backup::BackupVault",
    "AWS::DynamoDB::Table",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
}
#: Every other type of the templates: a deployment can make all of it again.
STATELESS = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::Athena::WorkGroup",
    "AWS::Backup::BackupPlan",
    "AWS::Backup::BackupSelection",
    "AWS::CDK::Metadata",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SSM::Parameter",
    "AWS::Scheduler::Schedule",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::StepFunctions::StateMachine",
    "AWS::StepFunctions::StateMachineAlias",
    "AWS::StepFunctions::StateMachineVersion",
}


def resources(assembly: Assembly) -> Iterator[tuple[str, dict[str, Any]]]:
    for stack in assembly.stacks():
        for name, resource in assembly.template(stack)["Resources"].items():
            yield f"{stack}/{name}", resource


def test_every_type_of_resource_is_known_to_hold_data_or_not(
    engines: Assembly, abroad: Assembly, company: Assembly
) -> None:
    """A new type has to be put on one of the lists; if it holds data, on that of ``constructs/removal`` too."""
    types = {resource["Type"] for assembly in (engines, abroad) for _, resource in resources(assembly)}
    assert types <= STATEFUL | STATELESS
    types |= {resource["Type"] for _, resource in resources(company)}
    assert types >= STATEFUL


@pytest.mark.parametrize("stage", ["engines", "abroad", "company"])
def test_data_of_a_keeping_stage_outlives_all_but_the_deployment_that_makes_it(
    stage: str, request: pytest.FixtureRequest
) -> None:
    """A queue may hold unbilled usage; a leftover table with a name would block the next try."""
    for where, resource in resources(request.getfixturevalue(stage)):
        if resource["Type"] in STATEFUL:
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate", where
            assert resource["UpdateReplacePolicy"] == "Retain", where


def test_data_of_a_throwaway_stage_goes_with_it(local: Assembly) -> None:
    for where, resource in resources(local):
        if resource["Type"] in STATEFUL:
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Delete", where


def test_no_queue_has_a_name_that_could_block_the_next_deployment(engines: Assembly) -> None:
    assert [queue for queue in engines.properties("AWS::SQS::Queue") if "QueueName" in queue] == []


def protections(folder: Path) -> dict[str, bool]:
    """Stack → whether it, or one of its tables, refuses to be deleted."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found = {}
    for artifact in manifest["artifacts"].values():
        if artifact["type"] == "aws:cloudformation:stack":
            template = json.loads((folder / artifact["properties"]["templateFile"]).read_text(encoding="utf-8"))
            tables = [r for r in template["Resources"].values() if r["Type"] == "AWS::DynamoDB::Table"]
            protected = {bool(table["Properties"].get("DeletionProtectionEnabled")) for table in tables}
            protected.add(artifact["properties"].get("terminationProtection", False))
            (found[artifact["displayName"].split("-")[-1]],) = protected
    return found


def test_every_stack_of_a_keeping_stage_is_protected_and_none_of_another(
    prod: Assembly, engines: Assembly, local: Assembly
) -> None:
    """Watch too: ``cdk destroy …-Doors`` destroys what depends on Doors first, and the alarms would be gone."""
    every = {"Archive", "Audit", "Data", "Doors", "Metering", "Watch"}
    assert protections(prod.folder) == dict.fromkeys(every, True)
    assert protections(engines.folder) == dict.fromkeys({*every, "Yawl"}, True)
    assert protections(local.folder) == dict.fromkeys({*every, "Operators", "Yawl"}, False)


def test_notices_abroad_are_protected_like_the_rest(abroad: Assembly) -> None:
    assert protections(abroad.folder)["Notices"] is True


def test_the_context_turns_protection_off_for_a_first_deployment(first: Assembly) -> None:
    """CloudFormation takes back what a first deployment has made, if it fails: that must be possible."""
    assert protections(first.folder) == dict.fromkeys(("Archive", "Audit", "Data", "Doors", "Metering", "Watch"), False)
    policies = {resource["DeletionPolicy"] for resource in first.template("Data")["Resources"].values()}
    assert policies == {"RetainExceptOnCreate"}


@pytest.mark.parametrize("word", [True, "true"])
def test_a_stage_is_protected_unless_the_context_says_otherwise(word: Any) -> None:
    assert is_protected(shipped("prod"), {"protect": word}) is is_protected(shipped("prod"), {}) is True
    assert is_protected(shipped("local"), {"protect": word}) is False


@pytest.mark.parametrize("word", ["no", "False", "", "0", 0, None])
def test_another_word_is_refused_and_turns_nothing_off(word: Any) -> None:
    with pytest.raises(StageError, match=rf"^-c protect={word}: is neither true nor false: leave it out"):
        is_protected(shipped("prod"), {"protect": word})


def test_the_wrong_word_is_one_line_and_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--stage", "local", "--out", str(tmp_path / "out"), "-c", "protect=maybe", "-c", "productCode=x"]
    assert synth.main(arguments) == 1
    assert capsys.readouterr().err.count("\n") == 1
