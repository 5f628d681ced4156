"""Letting another account's events onto this account's default event bus."""

from aws_cdk import ArnFormat, CfnResource, Stack
from constructs import Construct

BUS = "default"


def accept_events(scope: Construct, id_: str, *, account: str, source: str, name: str) -> None:
    """account: whose rules may put events of that source here. name: of the statement among those of the bus, which is
    one for the whole account and Region."""
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
    # raw: CDK's own class cannot render its statement, the generated one warns of properties that nobody uses
    CfnResource(
        scope,
        id_,
        type="AWS::Events::EventBusPolicy",
        properties={"EventBusName": BUS, "StatementId": name, "Statement": statement},
    )
