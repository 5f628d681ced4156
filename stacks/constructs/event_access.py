"""Letting another account's events onto this account's default event bus."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_events as events
from constructs import Construct


def accept_events(scope: Construct, id_: str, *, account: str, source: str, name: str) -> events.CfnEventBusPolicy:
    """account: whose rules may put events of that source here. name: of the statement among those of the bus, which is
    one for the whole account and Region."""
    bus = "default"
    stack = Stack.of(scope)
    statement = {
        "Sid": name,
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{stack.partition}:iam::{account}:root"},
        "Action": "events:PutEvents",
        "Resource": stack.format_arn(
            service="events",
            resource="event-bus",
            resource_name=bus,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        ),
        "Condition": {"StringEquals": {"events:source": source}},
    }
    return events.CfnEventBusPolicy(scope, id_, event_bus_name=bus, statement_id=name, statement=statement)
