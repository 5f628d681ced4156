"""The hourly metering workflow: the state machine around ``metering_states``.

States carry keys only; every step may run twice, since it works on frozen lines.
"""

from dataclasses import dataclass

from aws_cdk import Aws, Duration, Stack, Token
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge, logical_id_of
from stacks.constructs.environment import FunctionEnvironment
from stacks.constructs.function import RoomFunction
from stacks.constructs.metering_states import MeteringStates
from stacks.constructs.workflow import Workflow

#: under the hour, so that a stuck run ends before the next but one starts
TIMEOUT = Duration.minutes(55)
EXECUTIONS_REASON = "an execution looks itself up before it hands over; its name is made when it is started"


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


class HourlyWorkflow(Workflow):
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
        self.define(states.chain, functions=functions.all(), timeout=TIMEOUT, environment=environment)
        self._allow_to_hand_over()

    def _allow_to_hand_over(self) -> None:
        """By a policy of its own: in the role's, the machine would wait for a policy that waits for the machine."""
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
