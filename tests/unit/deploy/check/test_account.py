"""Account, publishing account, Region and bootstrap, by what AWS answers."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.check.account import (
    account_line,
    bootstrap_line,
    bootstrap_lines,
    region_line,
    region_lines,
    seller_aws,
    seller_lines,
)
from deploy.deployed_stage import DeployedStage
from deploy.line import State
from tests.unit.deploy.answers import answering, refused
from tests.unit.deploy.targets import ACCOUNT, target

ROLE = "arn:aws:iam::444455556666:role/yawl-metering-seller"


def test_a_missing_account_is_yellow_with_what_to_write() -> None:
    assert account_line(target(account=ACCOUNT)).state is State.GREEN
    line = account_line(target(account=None))
    assert line.state is State.YELLOW
    assert f'account = "{ACCOUNT}"' in line.remedy


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("ENABLED", State.GREEN),
        ("ENABLED_BY_DEFAULT", State.GREEN),
        ("ENABLING", State.RED),
        ("DISABLING", State.RED),
        ("DISABLED", State.RED),
    ],
)
def test_a_region_that_is_not_switched_on_is_red(status: str, state: State) -> None:
    assert region_line("me-central-1", status).state is state


def test_the_region_is_asked_for_where_every_account_is() -> None:
    there = DeployedStage(target=target(region="me-central-1"))
    with answering({"GetRegionOptStatus": {"RegionName": "me-central-1", "RegionOptStatus": "DISABLED"}}) as calls:
        (line, *_) = region_lines(there)
    assert line.state is State.RED
    assert calls[0].region in ("us-east-1", "aws-global"), "a Region that is off answers nothing"


@pytest.mark.parametrize(
    ("version", "state"),
    [("30", State.GREEN), ("6", State.GREEN), ("5", State.RED), ("x", State.RED), (None, State.RED)],
)
def test_a_bootstrap_stack_that_is_old_or_missing_is_red_with_the_command(version: str | None, state: State) -> None:
    line = bootstrap_line(target(), "us-east-1", version)
    assert line.state is state
    assert state is State.GREEN or "make bootstrap STAGE=dev" in line.remedy


def test_a_stage_elsewhere_is_bootstrapped_twice_with_its_qualifier() -> None:
    abroad = target(region="eu-west-1", notices=("eventbridge",), test_accounts=(ACCOUNT,), bootstrap_qualifier="acme")
    with answering({"GetParameter": refused("ParameterNotFound")}) as calls:
        lines = list(bootstrap_lines(DeployedStage(target=abroad)))
    assert [line.state for line in lines] == [State.RED, State.RED]
    assert {call.region for call in calls} == {"eu-west-1", "us-east-1"}
    assert {call.request["Name"] for call in calls} == {"/cdk-bootstrap/acme/version"}


def credentials() -> dict[str, Any]:
    names = {"AccessKeyId": "ASIA1234567890123456", "SecretAccessKey": "secret", "SessionToken": "token"}
    return {"Credentials": {**names, "Expiration": datetime(2026, 11, 29, tzinfo=UTC)}}


def test_the_publishing_accounts_role_is_assumed_with_its_external_id_and_may_only_look() -> None:
    there = DeployedStage(target=target(seller_role_arn=ROLE, external_id="shared-secret"))
    with answering({"AssumeRole": credentials()}) as calls:
        found = seller_aws(there).session.get_credentials()
        assert [line.state for line in seller_lines(there)] == [State.GREEN]
    assert found is not None and found.access_key == "ASIA1234567890123456"
    assert calls[0].request["ExternalId"] == "shared-secret"
    (statement,) = json.loads(calls[0].request["Policy"])["Statement"]
    assert statement["Action"] == ["aws-marketplace:ListEntities", "aws-marketplace:DescribeEntity"]


def test_without_a_role_the_account_looks_at_its_own_product() -> None:
    there = DeployedStage(target=target())
    assert seller_aws(there) == there.aws
    assert [line.state for line in seller_lines(there)] == [State.GREEN]


@pytest.mark.parametrize(("account", "state"), [("444455556666", State.GREEN), (ACCOUNT, State.RED)])
def test_another_profile_looks_at_the_product_if_it_is_the_publishers(
    account: str, state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile seller]\naws_access_key_id = AKIASELLER\naws_secret_access_key = s\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    there = DeployedStage(target=target(seller_role_arn=ROLE, external_id="x"), seller_profile="seller")
    with answering({"GetCallerIdentity": {"Account": account, "Arn": "arn", "UserId": "id"}}):
        (line,) = seller_lines(there)
    assert line.state is state
    credentials = seller_aws(there).session.get_credentials()
    assert credentials is not None and credentials.access_key == "AKIASELLER"


def test_a_role_that_cannot_be_assumed_is_yellow() -> None:
    """The seller's stack makes a role that lets in the stage's functions only."""
    there = DeployedStage(target=target(seller_role_arn=ROLE, external_id="shared-secret"))
    with answering({"AssumeRole": refused("AccessDenied")}):
        (line,) = seller_lines(there)
    assert line.state is State.YELLOW
    assert ROLE in line.says and "SELLER_PROFILE=<an AWS profile of account 444455556666>" in line.remedy
