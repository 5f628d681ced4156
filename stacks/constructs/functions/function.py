"""The only way to make a function: settings in, least privilege, its own log group, traced, arm64, published.

Each deployment that changes a function publishes a version of it and moves the alias ``live`` there. Workflows name
versions; everything else calls the alias, so that a rollback only moves it.
"""

from collections.abc import Mapping
from typing import Any, Unpack

import jsii
from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from runtime.clock import OFFSET_VARIABLE
from runtime.settings import Settings
from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.functions.access import Access, allowed
from stacks.constructs.functions.environment import FunctionEnvironment
from stacks.constructs.log_group import add_log_group

#: The newest runtime that this CDK knows. The code itself stays valid on Python 3.11.
RUNTIME = lambda_.Runtime.PYTHON_3_14

#: The alias, of functions and of workflows, that callers use.
LIVE = "live"

TRACING_REASON = "X-Ray's write actions know no resources (Service Authorization Reference, AWS X-Ray)"
NEVER_ASYNCHRONOUS = (
    "called by an API, a queue, a stream or a workflow, which keep or repeat what failed, or by a schedule whose next"
    " call does the same work; nothing is lost in Lambda's own queue"
)
MARKETPLACE_REASON = "aws-marketplace actions know no resources (Service Authorization Reference, AWS Marketplace)"

# RecursiveLoop belongs to the function, not to a version: a change of it alone makes no new version, and Lambda would
# refuse to publish one.
lambda_.Function.classify_version_property("RecursiveLoop", False)


@jsii.implements(iam.IGrantable)
class Function(Construct):
    """A function of one service, to which rights can be granted."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        code: lambda_.Code,
        handler: str,
        service: str,
        settings: Settings,
        environment: FunctionEnvironment,
        description: str,
        timeout: Duration,
        memory_mb: int = 512,
        reserved_concurrency: int | None = None,
        own_loop: bool = False,
    ) -> None:
        """The handler is ``folder.module.function`` below the asset's root. service: the function's name on metrics and
        log lines.

        own_loop: the function sends to a queue that it receives from, and ends this itself. Otherwise Lambda stops a
        message after sixteen rounds (Lambda Developer Guide, "Recursive loop detection").
        """
        super().__init__(scope, id_)
        self.service = service
        self.timeout = timeout
        log_group = add_log_group(self, "Logs", name=f"{environment.log_group_prefix}/{id_}", environment=environment)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        self.function = lambda_.Function(
            self,
            "Function",
            code=code,
            handler=handler,
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            role=role,
            description=description,
            timeout=timeout,
            memory_size=memory_mb,
            reserved_concurrent_executions=reserved_concurrency,
            recursive_loop=lambda_.RecursiveLoop.ALLOW if own_loop else None,
            tracing=lambda_.Tracing.ACTIVE,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            # Without it Lambda drops everything below INFO, whatever the function's own level is.
            application_log_level_v2=lambda_.ApplicationLogLevel[environment.log_level],
            system_log_level_v2=lambda_.SystemLogLevel.INFO,
            # Runs in progress and rollbacks need older versions, so they stay. The version of a deployment that fails
            # goes: Lambda would refuse to publish the same code again when the deployment is repeated.
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE),
            environment={
                **settings.to_env(),
                "POWERTOOLS_SERVICE_NAME": self.service,
                "POWERTOOLS_METRICS_NAMESPACE": environment.metrics_namespace,
                "POWERTOOLS_LOG_LEVEL": environment.log_level,
                **({OFFSET_VARIABLE: environment.clock_offset_file} if environment.clock_offset_file else {}),
            },
        )
        self.version = self.function.current_version
        self.live = lambda_.Alias(self, "Live", alias_name=LIVE, version=self.version)
        acknowledge(role, {"AwsSolutions-IAM5[Resource::*]": TRACING_REASON})
        acknowledge(self.function, {"Serverless-LambdaDLQ": NEVER_ASYNCHRONOUS})

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The principal of the function's role, to which IAM grants rights."""
        return self.function.grant_principal

    def allow(self, **access: Unpack[Access]) -> None:
        """Allow what ``Access`` names."""
        for actions, arns in allowed(access):
            iam.Grant.add_to_principal(grantee=self.function, actions=list(actions), resource_arns=arns)

    def allow_marketplace(
        self,
        *actions: str,
        seller_role_arn: str | None = None,
        service: str = "aws-marketplace",
        conditions: Mapping[str, Any] | None = None,
    ) -> None:
        """Allow actions of a service that knows no resources, for example ``BatchMeterUsage`` of ``aws-marketplace``.

        seller_role_arn: a role in the account that published the product, if that is another one. The role then has
        these rights, and the function may only assume the role. conditions: of the statement.
        """
        if seller_role_arn:
            statement = iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[seller_role_arn])
        else:
            statement = iam.PolicyStatement(actions=[f"{service}:{action}" for action in actions], resources=["*"])
            for operator, values in (conditions or {}).items():
                statement.add_condition(operator, values)
            acknowledge(self.function.role, {"AwsSolutions-IAM5[Resource::*]": MARKETPLACE_REASON})
        self.function.add_to_role_policy(statement)
