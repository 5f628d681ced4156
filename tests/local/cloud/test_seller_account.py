"""The seller's stack in an account of its own, and its role assumed from ours as the functions do it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from local.cloud.accounts import SELLER_ACCOUNT
from local.cloud.deployer import Deployer
from marketplace import seller
from marketplace.faults import classify
from marketplace.seller import Seller
from runtime import aws
from stacks import synth
from tests.stacks.conftest import SELLER_ACCOUNT as PUBLISHER
from tests.stacks.conftest import company_stage
from tests.synthesized import context

pytestmark = pytest.mark.local

Act = Callable[[str], None]


@pytest.fixture(scope="module")
def role_arn(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The role that the deployed stack has made."""
    folder = tmp_path_factory.mktemp("seller")
    synth.build(company_stage(), context={**context(), "seller": "true"}, out=folder).synth()
    outputs = Deployer(cloud.accounts.root(PUBLISHER, "us-east-1"), PUBLISHER).deploy(folder)
    return outputs["YawlMetering-prod-Seller"]["SellerRoleArn"]


@pytest.fixture
def act_as(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Act]:
    """Go on as a function would with a role of that name in our account."""
    iam = cloud.seller.client("iam")
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)

    def act(name: str) -> None:
        user = iam.create_user(UserName=f"starts-{name}")["User"]
        key = iam.create_access_key(UserName=f"starts-{name}")["AccessKey"]
        trust = [{"Effect": "Allow", "Principal": {"AWS": user["Arn"]}, "Action": "sts:AssumeRole"}]
        may = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{PUBLISHER}:role/*"}]
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="assume", PolicyDocument=_policy(may))
        iam.put_user_policy(
            UserName=f"starts-{name}",
            PolicyName="start",
            PolicyDocument=_policy([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}]),
        )
        session = type(cloud.seller)(cloud.endpoint, "us-east-1", key["AccessKeyId"], key["SecretAccessKey"])
        given = session.client("sts").assume_role(RoleArn=arn, RoleSessionName="function")["Credentials"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", given["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", given["SecretAccessKey"])
        monkeypatch.setenv("AWS_SESSION_TOKEN", given["SessionToken"])
        _forget()

    yield act
    _forget()


def _policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _forget() -> None:
    aws.session.cache_clear()
    seller._assumed.cache_clear()


def who(role_arn: str, external_id: str) -> str:
    client = Seller(role_arn, external_id).client("sts", "us-east-1", Config())
    return str(client.get_caller_identity()["Arn"])


def test_a_function_of_ours_calls_as_the_seller(role_arn: str, act_as: Act) -> None:
    assert role_arn == company_stage().seller_role_arn
    act_as("YawlMetering-prod-Metering-submitbatchRole")
    assert who(role_arn, "yawl-metering:prod") == f"arn:aws:sts::{PUBLISHER}:assumed-role/Metering/yawl-metering"


@pytest.mark.parametrize(
    ("name", "external_id"),
    [("YawlMetering-prod-Doors-registrationRole", "another"), ("SomebodyElse", "yawl-metering:prod")],
)
def test_another_caller_or_external_id_is_refused_as_a_product_fault(
    role_arn: str, act_as: Act, name: str, external_id: str
) -> None:
    act_as(name)
    with pytest.raises(ClientError) as denied:
        who(role_arn, external_id)
    assert denied.value.operation_name == "AssumeRole"
    assert classify(denied.value).scope == "product"


def test_the_workloads_account_is_another_one() -> None:
    assert SELLER_ACCOUNT != PUBLISHER == company_stage().seller_account
