"""A DynamoDB table as the one table declaration (``ledger.tables``) says, and who may do what with it."""

from aws_cdk import Aws, Stack, Token
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ledger.tables import Key, Table
from stacks.constructs.acknowledge import acknowledge

#: reads of single items and of one customer's items; nothing may scan
READ = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")

STREAMS_REASON = "an event source mapping lists the table's streams; a stream's name is the second in which it was made"

_TYPES = {"S": dynamodb.AttributeType.STRING, "N": dynamodb.AttributeType.NUMBER}


class LedgerTable(Construct):
    """On demand, encrypted, restorable to any second of the last 35 days."""

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
        """protect: the table refuses deletion by anybody, CloudFormation included.

        read_units, write_units: request units a second of the table and of each index at most; None is no ceiling.
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
            # nobody reads what an item was before, and it holds what is personal
            stream=dynamodb.StreamViewType.NEW_IMAGE if declaration.stream else None,
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
        return self.table.table_name

    # A transaction is authorized by the actions of its parts (DynamoDB Developer Guide, "Using IAM with DynamoDB
    # transactions"). Nothing may delete: items end by TTL or stay.

    def grant_read(self, grantee: iam.IGrantable) -> None:
        self._grant(grantee, *READ)

    def grant_get(self, grantee: iam.IGrantable) -> None:
        self._grant(grantee, "dynamodb:GetItem")

    def grant_get_many(self, grantee: iam.IGrantable) -> None:
        """BatchGetItem is an action of its own: GetItem does not include it."""
        self._grant(grantee, "dynamodb:BatchGetItem")

    def grant_query(self, grantee: iam.IGrantable) -> None:
        """Query one customer's items."""
        self._grant(grantee, "dynamodb:Query")

    def grant_stream(self, function: lambda_.Function) -> None:
        """Read the stream of changes, as an event source mapping does."""
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

    def grant_check(self, grantee: iam.IGrantable) -> None:
        """Make a transaction depend on an item."""
        self._grant(grantee, "dynamodb:ConditionCheckItem")

    def grant_put(self, grantee: iam.IGrantable) -> None:
        self._grant(grantee, "dynamodb:PutItem")

    def grant_update(self, grantee: iam.IGrantable) -> None:
        self._grant(grantee, "dynamodb:UpdateItem")

    def grant_query_index(self, grantee: iam.IGrantable, *, name: str) -> None:
        """Query one index. Raises ValueError if the declaration has none of that name."""
        if name not in {index.name for index in self.declaration.indexes}:
            raise ValueError(f"{self.declaration.name} has no index {name}")
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["dynamodb:Query"],
            resource_arns=[f"{self.table.table_arn}/index/{name}"],
        )

    def _grant(self, grantee: iam.IGrantable, *actions: str) -> None:
        iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[self.table.table_arn])


def _attribute(key: Key) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=key.name, type=_TYPES[key.type])
