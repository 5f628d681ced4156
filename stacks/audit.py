"""The comparison of the ledger with AWS's books, and the search of agreements: functions, and their schedules."""

from typing import Any

from aws_cdk import CfnOutput, CrossStackReferences, Duration, ReferenceStrength, RemovalPolicy, Stack
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from ledger.tables import ACCOUNT_INDEX, FAILED_INDEX, OPEN_FINDINGS_INDEX, STATUS_INDEX
from runtime.settings import ReconcileCallsSettings, ReconcileInvoicesSettings, ReconcileUsageSettings
from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.agreement_search import AgreementSearch
from stacks.constructs.functions.asset import FunctionAsset
from stacks.constructs.functions.environment import FunctionEnvironment
from stacks.constructs.functions.function import Function
from stacks.constructs.functions.functions import Functions
from stacks.constructs.workflows.regular_calls import RegularCalls
from stacks.data import DataStack
from stacks.feed_access import FEEDS_REASON, feed_files, feed_statements
from stacks.function_settings import function_settings
from stacks.metering import MeteringStack
from stacks.stage import Stage

#: A call ends before the next one begins: the calls share LookupEvents' two requests a second.
CALLS_EVERY_MINUTES = 15
WITHIN = Duration.minutes(14)
BOOKS_EVERY_MINUTES = 60


class AuditStack(Stack):
    """Compares the ledger with CloudTrail, and where the stage says so with the usage feed and the invoices."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        data: DataStack,
        metering: MeteringStack,
        asset: FunctionAsset,
        environment: FunctionEnvironment,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self._stage, self._data = stage, data
        self._functions = Functions(
            scope=self,
            code=asset.code(),
            environment=environment,
            settings={**function_settings(stage, data), "METERING_CALLERS": metering_callers(stage, metering)},
            timeout=WITHIN,
            seller_role_arn=stage.seller_role_arn,
        )
        self.functions = self._functions.made
        # Scheduler's metrics are by group.
        self.schedules = scheduler.ScheduleGroup(self, "Schedules", removal_policy=RemovalPolicy.DESTROY)
        self.calls = RegularCalls(self, "Reconciliations", group=self.schedules)
        self.reconcile_calls = self._calls()
        if stage.reconciliation.dataset_bucket:
            self._usage(stage.reconciliation.dataset_bucket, stage.reconciliation.dataset_prefix)
        if stage.reconciliation.invoices:
            self._invoices()
        self.agreements: AgreementSearch | None = None
        if stage.agreements.search:
            self.agreements = AgreementSearch(
                self,
                "AgreementSearch",
                functions=self._functions,
                calls=self.calls,
                subscribers=data.subscribers,
                notices=data.notices,
                state=data.state,
            )
        for name, value in {
            "ReconcileCallsFunctionArn": self.reconcile_calls.live.function_arn,
            "ReconciliationsDeadLettersUrl": self.calls.dead_letters.queue_url,
            "ScheduleGroupName": self.schedules.schedule_group_name,
        }.items():
            CfnOutput(self, name, value=value)

    def _calls(self) -> Function:
        data = self._data
        function = self._functions.add(
            "reconcile-calls",
            "reconcile.handlers.reconcile_calls.handler",
            ReconcileCallsSettings,
            "compares the ledger with CloudTrail, and confirms lines that may have been billed",
            gets=(data.audit, data.metering_records),
            batch_gets=(data.metering_records, data.subscribers),
            queries=(
                data.metering_records.index(FAILED_INDEX),
                data.subscribers.index(STATUS_INDEX),
                data.audit.index(OPEN_FINDINGS_INDEX),
            ),
            updates=(data.metering_records, data.audit),
            # An hour of 100,000 customers is some 500,000 records of CloudTrail in memory.
            memory_mb=2048,
        )
        role = self._stage.seller_role_arn
        function.allow_marketplace("LookupEvents", seller_role_arn=role, service="cloudtrail")
        self.calls.add(
            "Calls", function, minutes=CALLS_EVERY_MINUTES, description="compares the ledger with CloudTrail"
        )
        return function

    def _usage(self, bucket: str, prefix: str) -> None:
        data = self._data
        function = self._functions.add(
            "reconcile-usage",
            "reconcile.handlers.reconcile_usage.handler",
            ReconcileUsageSettings,
            "compares the ledger with the seller's Daily Usage feed",
            gets=(data.audit,),
            batch_gets=(data.subscribers,),
            queries=(
                data.metering_records,
                data.subscribers.index(STATUS_INDEX),
                data.subscribers.index(ACCOUNT_INDEX),
                data.audit.index(OPEN_FINDINGS_INDEX),
            ),
            updates=(data.audit,),
            memory_mb=2048,
        )
        if self._stage.seller_role_arn:
            function.allow_marketplace(seller_role_arn=self._stage.seller_role_arn)
        else:
            for statement in feed_statements(bucket, prefix):
                function.function.add_to_role_policy(statement)
            acknowledge(
                function.function.role,
                {f"AwsSolutions-IAM5[Resource::{feed_files(bucket, prefix, shown=True)}]": FEEDS_REASON},
            )
        self.calls.add(
            "Usage", function, minutes=BOOKS_EVERY_MINUTES, description="compares the ledger with the usage feed"
        )

    def _invoices(self) -> None:
        data = self._data
        function = self._functions.add(
            "reconcile-invoices",
            "reconcile.handlers.reconcile_invoices.handler",
            ReconcileInvoicesSettings,
            "compares the ledger with the invoices of AWS Marketplace",
            calls=("ListAgreementInvoiceLineItems",),
            gets=(data.audit,),
            batch_gets=(data.subscribers,),
            queries=(
                data.metering_records,
                data.subscribers.index(STATUS_INDEX),
                data.audit.index(OPEN_FINDINGS_INDEX),
            ),
            updates=(data.audit,),
        )
        self.calls.add(
            "Invoices", function, minutes=BOOKS_EVERY_MINUTES, description="compares the ledger with the invoices"
        )


def metering_callers(stage: Stage, metering: MeteringStack) -> str:
    """The names of the roles with which the stage meters, as CloudTrail shows them; empty where no caller is told from
    another: the local cloud's log names access keys."""
    if stage.movable_clock:
        return ""
    if stage.seller_role_arn:
        return stage.seller_role_arn.rsplit("/", 1)[1]
    role = metering.steps.submit_batch.function.role
    assert role is not None
    # It is only compared: an export would keep the function from being renamed.
    CrossStackReferences.of(role.node.default_child or role).produce(ReferenceStrength.WEAK)
    return role.role_name
