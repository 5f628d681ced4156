"""What becomes of data when its resource leaves a stack, or the stack is deleted: one rule for every kind of it."""

from aws_cdk import RemovalPolicies, RemovalPolicy
from constructs import IConstruct

#: whatever holds what cannot be made again: the ledger, usage and notices that were not worked on yet, what happened
STATEFUL = ("AWS::DynamoDB::Table", "AWS::Logs::LogGroup", "AWS::SQS::Queue", "AWS::SecretsManager::Secret")


def outlive(scope: IConstruct, *, keep: bool) -> None:
    """All data below ``scope`` outlives its resource and its stack, or goes with them.

    Kept data still goes if the deployment that makes it fails (CloudFormation, DeletionPolicy
    ``RetainExceptOnCreate``): it is empty, and a table or a log group left over would be in the way of the next try,
    since their names are given.
    """
    policy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if keep else RemovalPolicy.DESTROY
    RemovalPolicies.of(scope).apply(policy, apply_to_resource_types=list(STATEFUL))
