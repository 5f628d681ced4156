"""The rights to read the seller's data feeds in their bucket."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

FEEDS_REASON = "the files of the seller's data feeds, whose names hold the month"


def feed_files(bucket: str, prefix: str, *, shown: bool = False) -> str:
    """The ARN of the feeds' files; shown: as cdk-nag writes it."""
    return f"arn:{'<AWS::Partition>' if shown else Aws.PARTITION}:s3:::{bucket}/{prefix}*"


def feed_statements(bucket: str, prefix: str) -> tuple[iam.PolicyStatement, ...]:
    """The rights to list the feeds' bucket and to read the files below the prefix."""
    return (
        iam.PolicyStatement(actions=["s3:ListBucket"], resources=[f"arn:{Aws.PARTITION}:s3:::{bucket}"]),
        iam.PolicyStatement(actions=["s3:GetObject"], resources=[feed_files(bucket, prefix)]),
    )
