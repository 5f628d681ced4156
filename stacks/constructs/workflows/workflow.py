"""A workflow: a state machine with its log group, a published version and the alias ``live``.

A deployment does not touch a run in progress: an execution keeps the definition that it was started with, and that
names each function by a version. Callers start the alias; a rollback moves the alias to the version before.
"""

from collections.abc import Iterable

from aws_cdk import Aws, Duration, RemovalPolicy, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge, logical_id_of
from stacks.constructs.functions.environment import FunctionEnvironment
from stacks.constructs.functions.function import LIVE, TRACING_REASON, Function
from stacks.constructs.log_group import add_log_group

LOG_DELIVERY_REASON = "CloudWatch Logs' delivery actions know no resources (Step Functions Developer Guide, logging)"
INVOKE_REASON = "a run in progress invokes the versions of its own definition, which an older deployment has made"
EXECUTIONS_REASON = "an execution looks itself up before it hands over; its name exists only once it is started"


class Workflow(Construct):
    """``machine`` has the metrics and the rights; ``alias_arn`` is what callers start."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        chain: sfn.IChainable,
        functions: Iterable[Function],
        timeout: Duration,
        environment: FunctionEnvironment,
    ) -> None:
        """The functions are all that the states of ``chain`` invoke."""
        super().__init__(scope, id_)
        log_group = add_log_group(
            self,
            "Logs",
            # AWS asks for this prefix (Step Functions Developer Guide, "Logging using CloudWatch Logs").
            name=f"/aws/vendedlogs/states{environment.log_group_prefix}/{id_}",
            environment=environment,
        )
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(chain),
            query_language=sfn.QueryLanguage.JSONATA,
            state_machine_type=sfn.StateMachineType.STANDARD,
            timeout=timeout,
            tracing_enabled=True,
            # The data of states is customers' keys, and nothing personal.
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL, include_execution_data=True),
        )
        for function in functions:
            # CDK grants the versions of this definition; a run in progress still invokes those of an older one.
            self.machine.add_to_role_policy(
                iam.PolicyStatement(
                    actions=["lambda:InvokeFunction"], resources=[f"{function.function.function_arn}:*"]
                )
            )
            finding = f"AwsSolutions-IAM5[Resource::<{logical_id_of(function.function)}.Arn>:*]"
            acknowledge(self.machine.role, {finding: INVOKE_REASON})
        acknowledge(self.machine.role, {"AwsSolutions-IAM5[Resource::*]": f"{TRACING_REASON}; {LOG_DELIVERY_REASON}"})
        version = sfn.CfnStateMachineVersion(
            self,
            "Version",
            state_machine_arn=self.machine.state_machine_arn,
            # A changed machine has another revision, and so gets another version.
            state_machine_revision_id=self.machine.state_machine_revision_id,
        )
        # Older versions stay for a rollback; the version of a deployment that fails does not.
        version.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        route = sfn.CfnStateMachineAlias.RoutingConfigurationVersionProperty(
            state_machine_version_arn=version.ref, weight=100
        )
        alias = sfn.CfnStateMachineAlias(
            self, "Live", name=LIVE, description="what schedules and functions start", routing_configuration=[route]
        )
        self.alias_arn = alias.ref

    def allow_to_hand_over(self) -> None:
        """Let an execution look itself up and start another one.

        The rights are a policy of their own: in the role's policy, the machine would wait for a policy that waits for
        the machine.
        """
        region = Stack.of(self).region
        executions = (
            f"arn:{Aws.PARTITION}:states:{region}:{Aws.ACCOUNT_ID}:execution:{self.machine.state_machine_name}:*"
        )
        policy = iam.Policy(
            self,
            "HandOver",
            statements=[
                iam.PolicyStatement(actions=["states:StartExecution"], resources=[self.machine.state_machine_arn]),
                iam.PolicyStatement(actions=["states:DescribeExecution"], resources=[executions]),
            ],
        )
        self.machine.role.attach_inline_policy(policy)
        where = "<AWS::Region>" if Token.is_unresolved(region) else region
        named = f"arn:<AWS::Partition>:states:{where}:<AWS::AccountId>:execution:<{logical_id_of(self.machine)}.Name>:*"
        acknowledge(policy, {f"AwsSolutions-IAM5[Resource::{named}]": EXECUTIONS_REASON})
