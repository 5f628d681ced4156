"""The only way to make a function: settings in, least privilege, its own log group, traced, arm64, published.

Each deployment that changes a function publishes a version of it and moves the alias there. Workflows name versions;
everything else calls the alias, so that a way back is to move it.
"""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from runtime.clock import OFFSET_VARIABLE
from runtime.settings import Settings
from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.environment import FunctionEnvironment
from stacks.constructs.log_group import add_log_group

#: the newest runtime that this CDK knows; the code itself stays valid on Python 3.11
RUNTIME = lambda_.Runtime.PYTHON_3_14

#: the alias of what is in use, of functions and of workflows
LIVE = "live"

TRACING_REASON = "X-Ray's write actions know no resources (Service Authorization Reference, AWS X-Ray)"
NEVER_ASYNCHRONOUS = (
    "called by an API, a queue, a stream or a workflow, which keep or repeat what failed, or by a schedule whose next"
    " call sees the same; nothing is lost in Lambda's own queue"
)
MARKETPLACE_REASON = "aws-marketplace actions know no resources (Service Authorization Reference, AWS Marketplace)"

# it is the function's, not a version's: switched by itself it leads to no new version, and Lambda would refuse one
lambda_.Function.classify_version_property("RecursiveLoop", False)


class RoomFunction(Construct):
    """A function of one room. Permissions are granted by what it works on, not listed here."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        code: lambda_.Code,
        handler: str,
        room: str,
        settings: Settings,
        environment: FunctionEnvironment,
        description: str,
        timeout: Duration,
        memory_mb: int = 512,
        reserved_concurrency: int | None = None,
        own_loop: bool = False,
    ) -> None:
        """handler: ``module.function`` below the asset's root. room: the service name on its metrics and log lines.

        own_loop: the function sends to a queue that it receives from, and sees to it by itself that this ends. Lambda
        otherwise stops what has come round sixteen times (Lambda Developer Guide, "Recursive loop detection").
        """
        super().__init__(scope, id_)
        self.room = room
        self.timeout = timeout
        self.log_group = add_log_group(
            self, "Logs", name=f"{environment.log_group_prefix}/{id_}", environment=environment
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(role)
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
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            # without it Lambda lets nothing below INFO through, whatever the function's own level
            application_log_level_v2=lambda_.ApplicationLogLevel[environment.log_level],
            # Lambda's own lines: begin, end, what it took
            system_log_level_v2=lambda_.SystemLogLevel.INFO,
            # runs under way name the former version, and a way back leads there; that of a deployment that fails goes:
            # otherwise Lambda would refuse to publish the same once more when it is tried again
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE),
            environment={
                **settings.to_env(),
                "POWERTOOLS_SERVICE_NAME": room,
                "POWERTOOLS_METRICS_NAMESPACE": environment.metrics_namespace,
                "POWERTOOLS_LOG_LEVEL": environment.log_level,
                **({OFFSET_VARIABLE: environment.clock_offset_file} if environment.clock_offset_file else {}),
            },
        )
        self.version = self.function.current_version
        self.live = lambda_.Alias(self, "Live", alias_name=LIVE, version=self.version)
        acknowledge(role, {"AwsSolutions-IAM5[Resource::*]": TRACING_REASON})
        acknowledge(self.function, {"Serverless-LambdaDLQ": NEVER_ASYNCHRONOUS})

    def allow_marketplace(self, *actions: str, seller_role_arn: str | None = None) -> None:
        """Allow ``aws-marketplace`` actions by their names, for example ``BatchMeterUsage``.

        seller_role_arn: of the account that published the product, where it is another one. The role has the rights
        then, and the function may do nothing but assume it.
        """
        if seller_role_arn:
            self.function.add_to_role_policy(
                iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[seller_role_arn])
            )
            return
        self.function.add_to_role_policy(
            iam.PolicyStatement(actions=[f"aws-marketplace:{action}" for action in actions], resources=["*"])
        )
        acknowledge(self.function.role, {"AwsSolutions-IAM5[Resource::*]": MARKETPLACE_REASON})
