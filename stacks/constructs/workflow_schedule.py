"""Starting a workflow by the clock: EventBridge Scheduler, UTC, exact times, a dead-letter queue behind."""

from aws_cdk import CfnResource, Duration, TimeZone
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.workflow import Workflow


class WorkflowSchedule(Construct):
    """Every hour at ``minute``, and every five minutes of the month's last chance: 05:00 to 06:00 UTC on the 1st.

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
        """group: Scheduler counts by it alone, so schedules of others should not be in it; None: the default one."""
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(self, "DeadLetters").queue
        target = targets.StepFunctionsStartExecution(
            workflow.machine,
            # the run takes its hour from the execution's start
            input=scheduler.ScheduleTargetInput.from_object({}),
            dead_letter_queue=self.dead_letters,
            # a start that is an hour late is the next run's work
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
            # the alias is started and the role names the machine, for which IAM is asked whatever is started (Step
            # Functions Developer Guide, "Authorization for versions and aliases"); CDK's target has one ARN for both
            resource = schedule.node.default_child
            assert isinstance(resource, CfnResource)
            resource.add_property_override("Target.Arn", workflow.alias_arn)
            if group:
                # CDK names the group by text, so CloudFormation does not see that it has to be there first
                schedule.node.add_dependency(group)
