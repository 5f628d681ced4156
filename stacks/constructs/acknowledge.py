"""Accepting a cdk-nag finding: on the one resource, by its full id, with a reason."""

from collections.abc import Mapping

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(on: IConstruct | None, reasons: Mapping[str, str]) -> None:
    """reasons: by finding id, for example ``AwsSolutions-IAM5[Resource::*]``."""
    assert on is not None
    for finding, reason in reasons.items():
        Validations.of(on).acknowledge(Acknowledgment(id=finding, reason=reason))
