"""Commands look at credentials, account, Region and bootstrap first; each fault is one line with its remedy."""

from collections.abc import Iterator
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, UnauthorizedSSOTokenError
from moto import mock_aws

from deploy.deployed_stacks import STUCK, check_states
from deploy.not_ready import NotReady
from deploy.target import Target, check_bootstrap, reach
from tests.unit.deploy.targets import ACCOUNT, stage, target, there


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


def refusal(**changes: object) -> str:
    with pytest.raises(NotReady) as refused:
        reach(stage(**changes))
    text = str(refused.value)
    assert "\n" not in text
    return text


def test_the_account_of_the_credentials_is_taken_where_the_stage_names_none(aws: None) -> None:
    found = reach(stage())
    assert found.account == ACCOUNT
    assert abs((datetime.now(UTC) - found.reached_at).total_seconds()) < 60, "AWS's own clock, with its zone"


def test_credentials_of_another_account_end_before_anything_is_touched(aws: None) -> None:
    with pytest.raises(NotReady) as refused:
        reach(stage(account="999988887777"))
    text = f"stages/dev.toml: account names 999988887777, and the credentials are {ACCOUNT}'s"
    assert str(refused.value).startswith(text)
    assert reach(stage(account=ACCOUNT)).account == ACCOUNT


ROLE = "arn:aws:iam::999988887777:role/metering"


def test_the_seller_s_stack_goes_to_the_seller_s_account_only(aws: None) -> None:
    with pytest.raises(NotReady, match=f"sellerRoleArn names 999988887777, and the credentials are {ACCOUNT}'s"):
        reach(stage(account="111122223333", seller_role_arn=ROLE), seller=True)
    with pytest.raises(NotReady, match="leave SELLER=1 out"):
        reach(stage(account=ACCOUNT), seller=True)
    mine = ROLE.replace("999988887777", ACCOUNT)
    found = reach(stage(account="111122223333", region="eu-west-1", seller_role_arn=mine), seller=True)
    assert (found.account, found.all_regions, found.regions) == (ACCOUNT, ("us-east-1",), ("us-east-1",))
    assert found.make_variables == "STAGE=dev SELLER=1"


def test_no_credentials_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with patch("boto3.Session.get_credentials", return_value=None):
        assert "there are no AWS credentials" in refusal()


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_credentials_that_aws_does_not_take_are_named(code: str) -> None:
    refused = ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCallerIdentity")
    with patch("botocore.client.BaseClient._make_api_call", side_effect=refused):
        text = refusal()
    assert code in text and "log in again" in text


def test_an_expired_login_and_a_missing_network_have_lines_of_their_own() -> None:
    with patch("botocore.client.BaseClient._make_api_call", side_effect=UnauthorizedSSOTokenError()):
        assert "log in again" in refusal()
    unreachable = EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com")
    with patch("botocore.client.BaseClient._make_api_call", side_effect=unreachable):
        assert "cannot be reached" in refusal()


def test_a_stage_whose_clock_can_be_moved_goes_to_the_local_cloud_only(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "never goes to AWS" in refusal(movable_clock=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://sts.example.com")
    assert "never goes to AWS" in refusal(movable_clock=True)


def test_a_region_that_is_not_bootstrapped_is_named_with_the_command(aws: None) -> None:
    found: Target = target()
    with pytest.raises(NotReady, match=r"not bootstrapped in us-east-1 .*: run `make bootstrap STAGE=dev` once"):
        check_bootstrap(found)
    found.session.client("ssm", region_name="us-east-1").put_parameter(
        Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String"
    )
    check_bootstrap(found)
    with pytest.raises(NotReady, match="qualifier acme"):
        check_bootstrap(target(bootstrap_qualifier="acme"))


def test_a_stage_elsewhere_is_bootstrapped_in_marketplace_s_region_too() -> None:
    abroad = target(region="eu-west-1", notices=("eventbridge",), test_accounts=("111122223333",))
    assert abroad.regions == abroad.all_regions == ("eu-west-1", "us-east-1")
    silent = target(region="eu-west-1", notices=("sns",))
    assert (silent.regions, silent.all_regions) == (("eu-west-1",), ("eu-west-1", "us-east-1"))
    assert target().all_regions == ("us-east-1",)


def test_each_qualifier_has_a_bootstrap_stack_of_its_own() -> None:
    assert target().toolkit_stack == "CDKToolkit"
    assert target(bootstrap_qualifier="acme").toolkit_stack == "CDKToolkit-acme"


def test_a_stack_in_the_middle_of_a_change_is_left_alone() -> None:
    with pytest.raises(NotReady, match="YawlMetering-dev-Doors is UPDATE_IN_PROGRESS: another deployment changes it"):
        check_states([there("Data"), there("Doors", "UPDATE_IN_PROGRESS")])
    check_states([there("Data", "REVIEW_IN_PROGRESS"), there("Doors", "UPDATE_ROLLBACK_COMPLETE")])


@pytest.mark.parametrize("status", STUCK)
def test_a_stack_that_is_stuck_is_named_with_the_way_out(status: str) -> None:
    with pytest.raises(NotReady) as refused:
        check_states([there("Doors", status)])
    assert str(refused.value).startswith(f"YawlMetering-dev-Doors is {status}: ")
    assert "{" not in str(refused.value)
