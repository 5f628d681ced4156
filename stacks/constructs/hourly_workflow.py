"""The hourly metering workflow: the state machine around ``metering_states``.

States carry keys only; every step may run twice, since it works on frozen lines.
"""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.environment import FunctionEnvironment
from stacks.constructs.function import TRACING_REASON, RoomFunction
from stacks.constructs.log_group import add_log_group
from stacks.constructs.metering_states import MeteringStates

#: under the hour, so that a stuck run ends before the next but one starts
TIMEOUT = Duration.minutes(55)

LOG_DELIVERY_REASON = "CloudWatch Logs' delivery actions know no resources (Step Functions Developer Guide, logging)"
INVOKE_REASON = "the grant of invocation names the function and its versions"


@dataclass(frozen=True, kw_only=True)
class WorkflowFunctions:
    put_zero_records: RoomFunction
    find_due_hours: RoomFunction
    seal_hours: RoomFunction
    plan_batches: RoomFunction
    submit_batch: RoomFunction
    settle_hours: RoomFunction
    report: RoomFunction

    def all(self) -> tuple[RoomFunction, ...]:
        return (
            self.put_zero_records,
            self.find_due_hours,
            self.seal_hours,
            self.plan_batches,
            self.submit_batch,
            self.settle_hours,
            self.report,
        )


class HourlyWorkflow(Construct):
    """Input ``{}``, or ``{"hour": "2026-11-15T08:00:00Z"}`` to consider hours up to that one."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        functions: WorkflowFunctions,
        submit_concurrency: int,
        environment: FunctionEnvironment,
    ) -> None:
        super().__init__(scope, id_)
        self.log_group = add_log_group(
            self,
            "Logs",
            # AWS asks for this prefix (Step Functions Developer Guide, "Logging using CloudWatch Logs")
            name=f"/aws/vendedlogs/states{environment.log_group_prefix}/{id_}",
            environment=environment,
        )
        states = MeteringStates(
            self,
            "States",
            put_zero_records=functions.put_zero_records,
            find_due_hours=functions.find_due_hours,
            seal_hours=functions.seal_hours,
            plan_batches=functions.plan_batches,
            submit_batch=functions.submit_batch,
            settle_hours=functions.settle_hours,
            report=functions.report,
            submit_concurrency=submit_concurrency,
        )
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(states.chain),
            query_language=sfn.QueryLanguage.JSONATA,
            state_machine_type=sfn.StateMachineType.STANDARD,
            timeout=TIMEOUT,
            tracing_enabled=True,
            # states carry customer keys, no personal data
            logs=sfn.LogOptions(destination=self.log_group, level=sfn.LogLevel.ALL, include_execution_data=True),
        )
        # a policy of its own: in the role's, the machine would wait for a policy that waits for the machine
        self.machine.role.attach_inline_policy(
            iam.Policy(
                self,
                "HandOver",
                statements=[
                    iam.PolicyStatement(actions=["states:StartExecution"], resources=[self.machine.state_machine_arn])
                ],
            )
        )
        acknowledge(
            self.machine.role,
            {
                "AwsSolutions-IAM5[Resource::*]": f"{TRACING_REASON}; {LOG_DELIVERY_REASON}",
                **{
                    f"AwsSolutions-IAM5[Resource::<{function.logical_id}.Arn>:*]": INVOKE_REASON
                    for function in functions.all()
                },
            },
        )
