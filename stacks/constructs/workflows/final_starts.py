"""What starts final metering: the subscribers' stream, and every five minutes the function that looks after it."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.constructs.functions.function import Function
from stacks.constructs.queues.dead_letters import DeadLetters, FailedBatches
from stacks.constructs.storage.table import LedgerTable
from stacks.constructs.workflows.regular_calls import RegularCalls

#: We must find a failed start before the last quarter of the hour of grace.
LOOK_EVERY_MINUTES = 5


class StartOnStream(Construct):
    """A subscriber's change invokes ``starter``, which may start ``machine`` and hands the change on to ``changes``.

    All changes come, and not the cancelled alone: the stream has no room for a reader of the others. Records that the
    function cannot process go to ``dead_letters``.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        subscribers: LedgerTable,
        starter: Function,
        machine: sfn.IStateMachine,
        changes: sqs.IQueue,
    ) -> None:
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(self, "DeadLetters").queue
        machine.grant_start_execution(starter)
        subscribers.grant_stream(starter.function)
        changes.grant_send_messages(starter)
        changed = {"eventName": lambda_.FilterRule.or_("INSERT", "MODIFY")}
        lambda_.EventSourceMapping(
            self,
            "Source",
            target=starter.live,
            event_source_arn=subscribers.table.table_stream_arn,
            # The function also sees subscriptions that ended while this was deployed.
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            filters=[lambda_.FilterCriteria.filter(changed)],
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=10,
            on_failure=FailedBatches(self.dead_letters),
        )


class StartBySchedule(RegularCalls):
    """Every few minutes ``watcher`` starts executions of ``machine`` that are missing."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        watcher: Function,
        machine: sfn.StateMachine,
        group: scheduler.IScheduleGroup | None = None,
    ) -> None:
        """The schedule group is that of ``WorkflowSchedule``."""
        super().__init__(scope, id_, group=group)
        machine.grant_start_execution(watcher)
        machine.grant(watcher, "states:ListExecutions")
        self.add(
            "Schedule",
            watcher,
            minutes=LOOK_EVERY_MINUTES,
            description="starts final metering of cancelled buyers where it is missing",
        )
