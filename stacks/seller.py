"""The stack of the account that published the product, for a stage in another account.

``-c seller=true`` makes this stack alone, with credentials of the seller's account: the role that the stage's functions
assume, and the rule that passes AWS Marketplace's events on. The rule sends straight to the stage's Region, since
EventBridge does not pass an event of another account on a second time (EventBridge User Guide, "Sending and receiving
events between AWS accounts").
"""

from typing import Any

from aws_cdk import CfnOutput
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.agreement_search import CALLS as CALLS_OF_SEARCH
from stacks.constructs.agreement_search import CONDITIONS
from stacks.constructs.functions.function import MARKETPLACE_REASON
from stacks.feed_access import FEEDS_REASON, feed_files, feed_statements
from stacks.notices import NoticesStack
from stacks.stage.settings import ReconciliationSettings

#: The functions make no other calls with the role.
CALLS = (
    *("aws-marketplace:BatchMeterUsage", "aws-marketplace:GetEntitlements", "aws-marketplace:ResolveCustomer"),
    "cloudtrail:LookupEvents",
)
#: Where the stage searches agreements.
SEARCH_ACTIONS = [f"aws-marketplace:{call}" for call in CALLS_OF_SEARCH]
#: Where the stage compares invoices.
INVOICES = "aws-marketplace:ListAgreementInvoiceLineItems"


class SellerStack(NoticesStack):
    """The stack of the publishing account: the role for the stage's functions, and the events that it passes on."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        role_arn: str,
        external_id: str,
        stage_account: str,
        reconciliation: ReconciliationSettings,
        searches_agreements: bool,
        **kwargs: Any,
    ) -> None:
        """The role gets the path and the name of ``role_arn``, which is that of the stage file."""
        super().__init__(scope, id_, stage_account=stage_account, **kwargs)
        path, name = role_arn.split(":role")[1].rsplit("/", 1)
        self.role = iam.Role(
            self,
            "MeteringRole",
            role_name=name,
            path=f"{path}/",
            description="the functions that meter this product call AWS Marketplace with it",
            assumed_by=iam.PrincipalWithConditions(
                iam.AccountPrincipal(stage_account),
                {
                    "StringEquals": {"sts:ExternalId": external_id},
                    # CloudFormation begins a role's name with its stack's, and may cut that after some 20 characters.
                    "ArnLike": {"aws:PrincipalArn": f"arn:*:iam::{stage_account}:role/YawlMetering-*"},
                },
            ),
        )
        self.role.add_to_policy(
            iam.PolicyStatement(actions=[*CALLS, *((INVOICES,) if reconciliation.invoices else ())], resources=["*"])
        )
        if searches_agreements:
            statement = iam.PolicyStatement(actions=SEARCH_ACTIONS, resources=["*"])
            for operator, values in CONDITIONS.items():
                statement.add_condition(operator, values)
            self.role.add_to_policy(statement)
        if bucket := reconciliation.dataset_bucket:
            for statement in feed_statements(bucket, reconciliation.dataset_prefix):
                self.role.add_to_policy(statement)
            shown = feed_files(bucket, reconciliation.dataset_prefix, shown=True)
            acknowledge(self.role, {f"AwsSolutions-IAM5[Resource::{shown}]": FEEDS_REASON})
        acknowledge(self.role, {"AwsSolutions-IAM5[Resource::*]": MARKETPLACE_REASON})
        CfnOutput(self, "SellerRoleArn", value=self.role.role_arn)
