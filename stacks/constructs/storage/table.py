"""A DynamoDB table as its declaration in ``ledger.tables`` says."""

from typing import NamedTuple

from aws_cdk import Aws, Stack, Token
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ledger.tables import Index, Key, Table
from stacks.constructs.acknowledge import acknowledge

STREAMS_REASON = (
    "an event source mapping lists the table's streams; a stream is named after the second in which it was made"
)

_TYPES = {"S": dynamodb.AttributeType.STRING, "N": dynamodb.AttributeType.NUMBER}


class TableIndex(NamedTuple):
    """An index of a table, as a function's rights name it."""

    arn: str


class LedgerTable(Construct):
    """A table on demand, encrypted, and restorable to any second of the last 35 days."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        declaration: Table,
        physical_name: str,
        protect: bool,
        read_units: int | None = None,
        write_units: int | None = None,
    ) -> None:
        """A protected table refuses deletion, also by CloudFormation.

        read_units, write_units: request units a second of the table and of each index at most; None sets no limit.
        """
        super().__init__(scope, id_)
        self.declaration = declaration
        self._physical_name = physical_name
        self.table = dynamodb.Table(
            self,
            "Table",
            table_name=physical_name,
            partition_key=_attribute(declaration.hash),
            sort_key=_attribute(declaration.range) if declaration.range else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute=declaration.ttl,
            stream=dynamodb.StreamViewType[declaration.stream] if declaration.stream else None,
            deletion_protection=protect,
            max_read_request_units=read_units,
            max_write_request_units=write_units,
        )
        for index in declaration.indexes:
            self.table.add_global_secondary_index(
                index_name=index.name,
                partition_key=_attribute(index.hash),
                sort_key=_attribute(index.range) if index.range else None,
                projection_type=dynamodb.ProjectionType[index.projection],
                max_read_request_units=read_units,
                max_write_request_units=write_units,
            )

    @property
    def name(self) -> str:
        """The table's name in AWS."""
        return self.table.table_name

    @property
    def arn(self) -> str:
        """The table's ARN, without its indexes'."""
        return self.table.table_arn

    def index(self, index: Index) -> TableIndex:
        """One index, for the rights of a function. Raises ValueError if the table declares no such index."""
        if index not in self.declaration.indexes:
            raise ValueError(f"{self.declaration.name} has no index {index.name}")
        return TableIndex(f"{self.arn}/index/{index.name}")

    def grant_stream(self, function: lambda_.Function) -> None:
        """Let an event source mapping read the stream of changes with the function's role."""
        stack = Stack.of(function)
        iam.Grant.add_to_principal(
            grantee=function,
            actions=["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            resource_arns=[self.table.table_stream_arn or ""],
        )
        streams = f"table/{self._physical_name}/stream/*"
        iam.Grant.add_to_principal(
            grantee=function,
            actions=["dynamodb:ListStreams"],
            resource_arns=[f"arn:{Aws.PARTITION}:dynamodb:{stack.region}:{Aws.ACCOUNT_ID}:{streams}"],
        )
        region = "<AWS::Region>" if Token.is_unresolved(stack.region) else stack.region
        arn = f"arn:<AWS::Partition>:dynamodb:{region}:<AWS::AccountId>:{streams}"
        acknowledge(function.role, {f"AwsSolutions-IAM5[Resource::{arn}]": STREAMS_REASON})


def _attribute(key: Key) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=key.name, type=_TYPES[key.type])
