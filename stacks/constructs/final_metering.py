"""Final metering: its state machine, and what starts an execution for each period that ends.

The subscribers' stream starts it; a look at all leavers every few minutes starts what is not under way.
"""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.environment import FunctionEnvironment
from stacks.constructs.final_states import FinalStates
from stacks.constructs.function import RoomFunction
from stacks.constructs.table import LedgerTable
from stacks.constructs.workflow import Workflow

#: the grace, and the 24 hours in which an hour that cannot be sealed at its end still may be
TIMEOUT = Duration.hours(26)
#: a start that went wrong must be found out within the last quarter of an hour of the grace
LOOK_EVERY_MINUTES = 5
#: the statuses of who is leaving and has not been metered to the end
LEAVING = ("pending_cancellation", "final_metering")


@dataclass(frozen=True, kw_only=True)
class FinalMeteringFunctions:
    """The workflow's own steps; and of the hourly workflow, whose sealer and only submitter it shares, three."""

    find_final_hours: RoomFunction
    refuse_usage: RoomFunction
    end_subscription: RoomFunction
    seal_hours: RoomFunction
    plan_batches: RoomFunction
    submit_batch: RoomFunction

    def all(self) -> tuple[RoomFunction, ...]:
        return (
            self.find_final_hours,
            self.refuse_usage,
            self.end_subscription,
            self.seal_hours,
            self.plan_batches,
            self.submit_batch,
        )


class FinalMeteringWorkflow(Workflow):
    """Input ``{"customerIdentifier": …, "periodEnd": epoch seconds}``."""

    def __init__(
        self, scope: Construct, id_: str, *, functions: FinalMeteringFunctions, environment: FunctionEnvironment
    ) -> None:
        super().__init__(scope, id_)
        states = FinalStates(
            self,
            "States",
            find_final_hours=functions.find_final_hours,
            refuse_usage=functions.refuse_usage,
            end_subscription=functions.end_subscription,
            seal_hours=functions.seal_hours,
            plan_batches=functions.plan_batches,
            submit_batch=functions.submit_batch,
        )
        self.define(states.chain, functions=functions.all(), timeout=TIMEOUT, environment=environment)


class StartOnLeaving(Construct):
    """The subscribers' stream → the function that starts final metering; what it cannot take goes to dead letters."""

    def __init__(
        self, scope: Construct, id_: str, *, subscribers: LedgerTable, starter: RoomFunction, machine: sfn.IStateMachine
    ) -> None:
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(self, "DeadLetters").queue
        machine.grant_start_execution(starter.function)
        subscribers.grant_stream(starter.function)
        lambda_.EventSourceMapping(
            self,
            "Source",
            target=starter.live,
            event_source_arn=subscribers.table.table_stream_arn,
            # nothing that ended while this was deployed is missed
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            filters=[
                lambda_.FilterCriteria.filter(
                    {
                        "eventName": lambda_.FilterRule.or_("INSERT", "MODIFY"),
                        "dynamodb": {
                            "NewImage": {"subscriptionStatus": {"S": lambda_.FilterRule.or_(*LEAVING)}},
                        },
                    }
                )
            ],
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=10,
            on_failure=sources.SqsDlq(self.dead_letters),
        )


class LookAfterLeavers(Construct):
    """Every few minutes, all leavers: who has no execution under way gets one."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        watcher: RoomFunction,
        machine: sfn.StateMachine,
        group: scheduler.IScheduleGroup | None = None,
    ) -> None:
        """group: as of ``WorkflowSchedule``."""
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(self, "DeadLetters").queue
        machine.grant_start_execution(watcher.function)
        machine.grant(watcher.function, "states:ListExecutions")
        self.schedule = scheduler.Schedule(
            self,
            "Schedule",
            description="final metering of everybody who has left is under way",
            schedule=scheduler.ScheduleExpression.rate(Duration.minutes(LOOK_EVERY_MINUTES)),
            schedule_group=group,
            target=targets.LambdaInvoke(
                watcher.live,
                input=scheduler.ScheduleTargetInput.from_object({}),
                dead_letter_queue=self.dead_letters,
                # the next look sees the same
                max_event_age=Duration.minutes(LOOK_EVERY_MINUTES),
                retry_attempts=2,
            ),
        )
        if group:
            # as in ``WorkflowSchedule``
            self.schedule.node.add_dependency(group)
