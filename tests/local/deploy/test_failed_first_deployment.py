"""The real command line clears away what a failed first deployment leaves, on stacks of one topic each."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy import cdk_cli
from deploy.assembly import Assembly
from deploy.deployed_stacks import deployed_stacks
from deploy.release import deploy_stacks
from deploy.target import Target
from local.cloud import SELLER_ACCOUNT
from tests.local.deploy.conftest import EmptyAccount
from tests.local.stage.acting import wait_until
from tests.synthesized import shipped

TOPIC: dict[str, Any] = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
FAILING: dict[str, Any] = {
    "Resources": {
        "Kept": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Retain",
            "Properties": {"LogGroupName": "/yawl-metering/tiny"},
        },
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "DependsOn": "Kept",
            "Properties": {
                "TopicArn": f"arn:aws:sns:us-east-1:{SELLER_ACCOUNT}:absent",
                "Protocol": "sqs",
                "Endpoint": f"arn:aws:sqs:us-east-1:{SELLER_ACCOUNT}:absent",
            },
        },
    }
}


@pytest.fixture
def target(account: EmptyAccount, monkeypatch: pytest.MonkeyPatch) -> Target:
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    stage = replace(shipped("dev"), name="tiny", account=None, keep_data=True)
    return Target(stage=stage, account=SELLER_ACCOUNT, session=account.deployer, reached_at=datetime.now(UTC))


def assembly(folder: Path, *, protect: bool) -> Assembly:
    """The synthesized templates of two stacks without assets."""
    folder.mkdir()
    artifacts = {}
    for name in ("YawlMetering-tiny-Data", "YawlMetering-tiny-Doors"):
        (folder / f"{name}.template.json").write_text(json.dumps(TOPIC), encoding="utf-8")
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{SELLER_ACCOUNT}/us-east-1",
            "properties": {"templateFile": f"{name}.template.json", "terminationProtection": protect},
        }
    manifest = {"version": "36.0.0", "artifacts": artifacts}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return Assembly(folder)


def test_an_incomplete_protected_stack_is_replaced_and_a_complete_one_is_kept(target: Target, tmp_path: Path) -> None:
    assert cdk_cli.CLI.exists(), "make cdk installs it"
    client = target.session.client("cloudformation")
    whole = client.create_stack(StackName="YawlMetering-tiny-Data", TemplateBody=json.dumps(TOPIC))["StackId"]
    client.create_stack(
        StackName="YawlMetering-tiny-Doors", TemplateBody=json.dumps(FAILING), EnableTerminationProtection=True
    )
    first = ["CREATE_COMPLETE", "ROLLBACK_COMPLETE"]
    wait_until(
        lambda: [stack.status for stack in deployed_stacks(target)] == first, "one stack is complete and one is not"
    )
    said: list[str] = []
    deploy_stacks(
        target,
        deployed_stacks(target),
        lambda protect: assembly(tmp_path / f"protect-{protect}", protect=protect),
        approved=True,
        more=(),
        say=said.append,
    )
    after = {stack.name: stack for stack in deployed_stacks(target)}
    assert {name: (stack.status, stack.protected) for name, stack in after.items()} == {
        "YawlMetering-tiny-Data": ("CREATE_COMPLETE", True),
        "YawlMetering-tiny-Doors": ("CREATE_COMPLETE", True),
    }
    assert after["YawlMetering-tiny-Data"].id == whole
    assert said[0].startswith("YawlMetering-tiny-Doors is ROLLBACK_COMPLETE")
    assert any("AWS::Logs::LogGroup /yawl-metering/tiny" in line for line in said), said
