"""Starts a workflow by the clock: EventBridge Scheduler, UTC, exact times, with a dead-letter queue."""

from aws_cdk import CfnResource, Duration, TimeZone
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

from stacks.constructs.queues.dead_letters import DeadLetters
from stacks.constructs.workflows.workflow import Workflow


class WorkflowSchedule(Construct):
    """Every hour at ``minute``, and every five minutes in the month's last hour: 05:00 to 06:00 UTC on the 1st.

    AWS takes the previous month's usage until 06:00 UTC on the 1st (BatchMeterUsage, ``UsageRecord.Timestamp``).
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        workflow: Workflow,
        minute: int,
        group: scheduler.IScheduleGroup | None = None,
    ) -> None:
        """The schedule group is of this stage alone, since Scheduler counts by group; None is the default one."""
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(self, "DeadLetters").queue
        target = targets.StepFunctionsStartExecution(
            workflow.machine,
            # The run takes its hour from the execution's start.
            input=scheduler.ScheduleTargetInput.from_object({}),
            dead_letter_queue=self.dead_letters,
            # Within the hour, so that no start overtakes the next run.
            max_event_age=Duration.minutes(45),
            retry_attempts=20,
        )
        self.hourly = scheduler.Schedule(
            self,
            "Hourly",
            description="meters the hours that have ended",
            schedule=scheduler.ScheduleExpression.cron(
                minute=str(minute), hour="*", day="*", month="*", year="*", time_zone=TimeZone.ETC_UTC
            ),
            target=target,
            schedule_group=group,
        )
        self.month_end = scheduler.Schedule(
            self,
            "MonthEnd",
            description="the previous month closes at 06:00 UTC on the 1st: whatever is left goes now",
            schedule=scheduler.ScheduleExpression.cron(
                minute="0/5", hour="5", day="1", month="*", year="*", time_zone=TimeZone.ETC_UTC
            ),
            target=target,
            schedule_group=group,
        )
        for schedule in (self.hourly, self.month_end):
            # Scheduler starts the alias. The role names the machine, since IAM checks the machine's ARN in any case
            # (Step Functions Developer Guide, "Authorization for versions and aliases"). CDK's target has one ARN.
            resource = schedule.node.default_child
            assert isinstance(resource, CfnResource)
            resource.add_property_override("Target.Arn", workflow.alias_arn)
            if group:
                # CDK names the group by text, so CloudFormation does not see that it must make the group first.
                schedule.node.add_dependency(group)
