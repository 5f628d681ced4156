"""Places a function in a VPC, from which it reaches what has no public address."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from stacks.constructs.functions.function import Function

#: Lambda makes the function's network interfaces with its role, and these actions know no resource by which the role
#: could be bound to its own (AWS managed policy AWSLambdaVPCAccessExecutionRole).
INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


def place_in_vpc(function: Function, *, subnets: Sequence[str], security_groups: Sequence[str]) -> None:
    """Place the function in these subnets, with these security groups (ids)."""
    function.function.add_to_role_policy(iam.PolicyStatement(actions=list(INTERFACES), resources=["*"]))
    resource = function.function.node.default_child
    assert isinstance(resource, lambda_.CfnFunction)
    # The construct wants the VPC's zones and routes, which only a look-up in the account knows.
    resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
        subnet_ids=list(subnets), security_group_ids=list(security_groups)
    )
