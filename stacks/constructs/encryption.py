"""A customer-managed KMS key for everything that holds data, and the rights on it that follow from those on the data.

It walks over all constructs, instead of being an argument of each, so that future ones are encrypted as well. The key
belongs to the company; docs/company.md has what its policy must allow to AWS's services.
"""

from collections.abc import Callable, Iterable

from aws_cdk import aws_backup as backup
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import IConstruct

DECRYPT, DATA_KEY = "kms:Decrypt", "kms:GenerateDataKey"
#: The rights on the key that each right on data needs. DynamoDB decrypts a table's key in the name of the reader or
#: writer (Developer Guide, "DynamoDB encryption at rest: how it works"). A sender to a queue or topic needs a data key
#: and checks it, a receiver decrypts (SQS Developer Guide, "Key management"; SNS Developer Guide, "Managing encryption
#: keys and costs"). Secrets Manager decrypts in the name of the reader. So does Amazon S3, whose writers
#: need a data key (S3 User Guide, "Using server-side encryption with AWS KMS keys"). Step Functions needs the rights of
#: the caller that starts an execution (API reference, StartExecution: ``KmsAccessDeniedException``).
NEEDED = {
    "dynamodb:": (DECRYPT,),
    "s3:GetObject": (DECRYPT,),
    "s3:PutObject": (DATA_KEY,),
    "sqs:ReceiveMessage": (DECRYPT,),
    "sqs:SendMessage": (DECRYPT, DATA_KEY),
    "sns:Publish": (DECRYPT, DATA_KEY),
    "secretsmanager:GetSecretValue": (DECRYPT,),
    "states:StartExecution": (DECRYPT, DATA_KEY),
}
#: A state machine keeps its definition and its executions' data (Step Functions Developer Guide, "Data at rest
#: encryption").
OF_A_WORKFLOW = (DECRYPT, DATA_KEY)


def encrypt(scope: IConstruct, *, key_arn: str) -> None:
    """Encrypt all data below ``scope`` with the key, and let every role use it as far as it needs.

    Call it when everything is made. key_arn: in the Region of ``scope``.
    """
    made = scope.node.find_all()
    workflows = [each for each in made if isinstance(each, sfn.StateMachine)]
    for construct in made:
        for kind, set_key in _KEYS.items():
            if isinstance(construct, kind):
                set_key(construct, key_arn)
        if isinstance(construct, iam.Policy):
            _allow(construct, _needed(construct), key_arn)
    for workflow in workflows:
        workflow.add_to_role_policy(iam.PolicyStatement(actions=list(OF_A_WORKFLOW), resources=[key_arn]))


def _needed(policy: iam.Policy) -> list[str]:
    """The KMS actions that the policy's statements need."""
    statements: Iterable[dict[str, object]] = policy.document.to_json()["Statement"]
    allowed = [action for statement in statements for action in _texts(statement["Action"])]
    return sorted(
        {use for action in allowed for start, uses in NEEDED.items() if action.startswith(start) for use in uses}
    )


def _allow(policy: iam.Policy, uses: list[str], key_arn: str) -> None:
    if uses:
        policy.add_statements(iam.PolicyStatement(actions=uses, resources=[key_arn]))


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _table(table: dynamodb.CfnTable, key_arn: str) -> None:
    table.sse_specification = dynamodb.CfnTable.SSESpecificationProperty(
        sse_enabled=True, sse_type="KMS", kms_master_key_id=key_arn
    )


def _queue(queue: sqs.CfnQueue, key_arn: str) -> None:
    # SQS takes one of the two.
    queue.sqs_managed_sse_enabled = None
    queue.kms_master_key_id = key_arn


def _topic(topic: sns.CfnTopic, key_arn: str) -> None:
    topic.kms_master_key_id = key_arn


def _log_group(group: logs.CfnLogGroup, key_arn: str) -> None:
    group.kms_key_id = key_arn


def _function(function: lambda_.CfnFunction, key_arn: str) -> None:
    function.kms_key_arn = key_arn


def _secret(secret: secretsmanager.CfnSecret, key_arn: str) -> None:
    secret.kms_key_id = key_arn


def _bucket(bucket: s3.CfnBucket, key_arn: str) -> None:
    default = s3.CfnBucket.ServerSideEncryptionByDefaultProperty(sse_algorithm="aws:kms", kms_master_key_id=key_arn)
    # With a key of its own the bucket asks KMS once for many objects.
    rule = s3.CfnBucket.ServerSideEncryptionRuleProperty(
        server_side_encryption_by_default=default, bucket_key_enabled=True
    )
    bucket.bucket_encryption = s3.CfnBucket.BucketEncryptionProperty(server_side_encryption_configuration=[rule])


def _vault(vault: backup.CfnBackupVault, key_arn: str) -> None:
    vault.encryption_key_arn = key_arn


def _machine(machine: sfn.CfnStateMachine, key_arn: str) -> None:
    machine.encryption_configuration = sfn.CfnStateMachine.EncryptionConfigurationProperty(
        type="CUSTOMER_MANAGED_KMS_KEY", kms_key_id=key_arn
    )


_KEYS: dict[type, Callable[..., None]] = {
    dynamodb.CfnTable: _table,
    sqs.CfnQueue: _queue,
    sns.CfnTopic: _topic,
    logs.CfnLogGroup: _log_group,
    lambda_.CfnFunction: _function,
    secretsmanager.CfnSecret: _secret,
    s3.CfnBucket: _bucket,
    backup.CfnBackupVault: _vault,
    sfn.CfnStateMachine: _machine,
}
