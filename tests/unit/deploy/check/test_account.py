"""Account, publishing account, Region and bootstrap, by what AWS answers."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.check.account import (
    account_line,
    bootstrap_line,
    bootstrap_lines,
    region_line,
    region_lines,
    seller_lines,
    seller_reader,
)
from deploy.line import State
from deploy.stage_there import StageThere
from tests.unit.deploy.answers import answering, refused
from tests.unit.deploy.targets import ACCOUNT, target

ROLE = "arn:aws:iam::444455556666:role/yawl-metering-seller"


def test_an_account_that_the_file_leaves_open_is_told_with_what_to_write() -> None:
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
    there = StageThere(target=target(region="me-central-1"))
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
        lines = list(bootstrap_lines(StageThere(target=abroad)))
    assert [line.state for line in lines] == [State.RED, State.RED]
    assert {call.region for call in calls} == {"eu-west-1", "us-east-1"}
    assert {call.request["Name"] for call in calls} == {"/cdk-bootstrap/acme/version"}


def credentials() -> dict[str, Any]:
    names = {"AccessKeyId": "ASIA1234567890123456", "SecretAccessKey": "secret", "SessionToken": "token"}
    return {"Credentials": {**names, "Expiration": datetime(2026, 11, 29, tzinfo=UTC)}}


def test_the_publishing_accounts_role_is_assumed_with_its_external_id_and_may_only_look() -> None:
    there = StageThere(target=target(seller_role_arn=ROLE, external_id="shared-secret"))
    with answering({"AssumeRole": credentials()}) as calls:
        found = seller_reader(there).session.get_credentials()
        assert [line.state for line in seller_lines(there)] == [State.GREEN]
    assert found is not None and found.access_key == "ASIA1234567890123456"
    assert calls[0].request["ExternalId"] == "shared-secret"
    (statement,) = json.loads(calls[0].request["Policy"])["Statement"]
    assert statement["Action"] == ["aws-marketplace:ListEntities", "aws-marketplace:DescribeEntity"]


def test_without_a_role_the_account_looks_at_its_own_product() -> None:
    there = StageThere(target=target())
    assert seller_reader(there) is there.reader
    assert [line.state for line in seller_lines(there)] == [State.GREEN]


def test_a_role_that_cannot_be_assumed_is_not_known_to_be_wrong() -> None:
    there = StageThere(target=target(seller_role_arn=ROLE, external_id="shared-secret"))
    with answering({"AssumeRole": refused("AccessDenied")}):
        (line,) = seller_lines(there)
    assert line.state is State.YELLOW
    assert ROLE in line.says and "trust policy" in line.remedy
