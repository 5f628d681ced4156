"""Whether data outlives its resource and its stack: one rule for every kind of data."""

from aws_cdk import RemovalPolicies, RemovalPolicy
from constructs import IConstruct

#: These hold what no deployment can make again: the ledger, its archive and backups, unprocessed usage and notices,
#: logs, the secret.
STATEFUL = (
    "AWS::Backup::BackupVault",
    "AWS::DynamoDB::Table",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
)


def outlive(scope: IConstruct, *, keep: bool) -> None:
    """Keep all data below ``scope`` when its resource or stack is deleted, or delete it with them.

    A failed deployment still deletes what it has just made (CloudFormation, DeletionPolicy ``RetainExceptOnCreate``):
    that is empty, and a leftover table or log group would block the next try, since their names are given.
    """
    policy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if keep else RemovalPolicy.DESTROY
    RemovalPolicies.of(scope).apply(policy, apply_to_resource_types=list(STATEFUL))
