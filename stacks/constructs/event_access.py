"""Lets events of another account onto this account's default event bus."""

from aws_cdk import ArnFormat, CfnResource, Stack
from constructs import Construct

BUS = "default"


def accept_events(scope: Construct, id_: str, *, account: str, source: str, name: str) -> None:
    """Let another account put events on this one's bus.

    account: its rules may put events of ``source`` here. name: the statement's name; the whole account and Region share
    the bus and its statements.
    """
    stack = Stack.of(scope)
    statement = {
        "Sid": name,
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{stack.partition}:iam::{account}:root"},
        "Action": "events:PutEvents",
        "Resource": stack.format_arn(
            service="events", resource="event-bus", resource_name=BUS, arn_format=ArnFormat.SLASH_RESOURCE_NAME
        ),
        "Condition": {"StringEquals": {"events:source": source}},
    }
    # A plain resource: CDK's own class cannot render its statement, and the generated one warns of unused properties.
    CfnResource(
        scope,
        id_,
        type="AWS::Events::EventBusPolicy",
        properties={"EventBusName": BUS, "StatementId": name, "Statement": statement},
    )
