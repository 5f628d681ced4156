"""Stages and stacks for tests of commands, without an account."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3

from deploy.deployed_stacks import DeployedStack
from deploy.target import Target
from stacks.stage import Stage
from tests.products import selling
from tests.synthesized import shipped

#: moto's own account.
ACCOUNT = "123456789012"
REACHED = datetime(2026, 11, 29, 10, 5, 0, tzinfo=UTC)


def stage(**changes: Any) -> Stage:
    """The stage dev, with these settings of it or of its product changed."""
    sold = {name: changes.pop(name) for name in ("notices", "pricing_model") if name in changes}
    return replace(selling(shipped("dev"), **sold), **{"account": None, **changes})


def target(**changes: Any) -> Target:
    return Target(stage=stage(**changes), account=ACCOUNT, session=boto3.Session(), reached_at=REACHED)


def there(name: str, status: str = "CREATE_COMPLETE", **more: Any) -> DeployedStack:
    basis = {"protected": False, "changed_by": "yawl-20261129T100500Z", "outputs": {}, "region": "us-east-1"}
    stack = f"YawlMetering-dev-{name}"
    return DeployedStack(name=stack, id=f"arn:{stack}", status=status, **{**basis, **more})
