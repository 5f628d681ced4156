"""Accepts a finding of cdk-nag: for one resource, by its full id, with a reason."""

from collections.abc import Mapping

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from constructs import IConstruct


def acknowledge(on: IConstruct | None, reasons: Mapping[str, str]) -> None:
    """Accept findings on one resource. reasons: by finding id, for example ``AwsSolutions-IAM5[Resource::*]``."""
    assert on is not None
    for finding, reason in reasons.items():
        Validations.of(on).acknowledge(Acknowledgment(id=finding, reason=reason))


def logical_id_of(construct: IConstruct) -> str:
    """The logical id of the construct's resource, as findings write it."""
    resource = construct.node.default_child
    assert isinstance(resource, CfnElement)
    return Stack.of(resource).get_logical_id(resource)
