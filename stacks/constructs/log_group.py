"""A log group: explicit name, explicit retention."""

from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.constructs.functions.environment import FunctionEnvironment


def add_log_group(scope: Construct, id_: str, *, name: str, environment: FunctionEnvironment) -> logs.LogGroup:
    """A log group that CloudWatch Logs encrypts with keys of its own. name: its full name."""
    group = logs.LogGroup(scope, id_, log_group_name=name)
    resource = group.node.default_child
    assert isinstance(resource, logs.CfnLogGroup)
    # The construct takes names of an enum; the stage file has days.
    resource.retention_in_days = environment.log_retention_days
    return group
