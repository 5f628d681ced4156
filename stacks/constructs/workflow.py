"""A workflow whose runs a deployment does not touch: one published version of the machine, and of each function in it.

An execution keeps the definition that it was started with, and that names each function by a version. Whatever starts
a workflow starts the alias; a way back is to move the alias to the version before.
"""

from collections.abc import Iterable

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge, logical_id_of
from stacks.constructs.environment import FunctionEnvironment
from stacks.constructs.function import LIVE, TRACING_REASON, RoomFunction
from stacks.constructs.log_group import add_log_group

LOG_DELIVERY_REASON = "CloudWatch Logs' delivery actions know no resources (Step Functions Developer Guide, logging)"
INVOKE_REASON = "the grant of invocation names the function and its versions"


class Workflow(Construct):
    """``machine`` is looked at and given rights to; ``alias_arn`` is what is started."""

    machine: sfn.StateMachine
    alias_arn: str

    def define(
        self,
        chain: sfn.IChainable,
        *,
        functions: Iterable[RoomFunction],
        timeout: Duration,
        environment: FunctionEnvironment,
    ) -> None:
        """functions: all that the states invoke."""
        log_group = add_log_group(
            self,
            "Logs",
            # AWS asks for this prefix (Step Functions Developer Guide, "Logging using CloudWatch Logs")
            name=f"/aws/vendedlogs/states{environment.log_group_prefix}/{self.node.id}",
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
            # states carry customer keys, no personal data
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL, include_execution_data=True),
        )
        self._allow(functions)
        self.alias_arn = self._publish()

    def _allow(self, functions: Iterable[RoomFunction]) -> None:
        """All versions: CDK grants those of this definition, and a run under way still invokes those of the former."""
        for function in functions:
            function.function.grant_invoke(self.machine)
            finding = f"AwsSolutions-IAM5[Resource::<{logical_id_of(function.function)}.Arn>:*]"
            acknowledge(self.machine.role, {finding: INVOKE_REASON})
        acknowledge(self.machine.role, {"AwsSolutions-IAM5[Resource::*]": f"{TRACING_REASON}; {LOG_DELIVERY_REASON}"})

    def _publish(self) -> str:
        version = sfn.CfnStateMachineVersion(
            self,
            "Version",
            state_machine_arn=self.machine.state_machine_arn,
            # another revision, another version
            state_machine_revision_id=self.machine.state_machine_revision_id,
        )
        # the former stays, to go back to; that of a deployment that fails does not
        version.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        alias = sfn.CfnStateMachineAlias(
            self,
            "Live",
            name=LIVE,
            description="what schedules and functions start",
            routing_configuration=[
                sfn.CfnStateMachineAlias.RoutingConfigurationVersionProperty(
                    state_machine_version_arn=version.ref, weight=100
                )
            ],
        )
        return alias.ref
