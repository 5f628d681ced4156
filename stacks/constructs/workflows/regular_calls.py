"""Calls a function by the clock, every few minutes or once a day: EventBridge Scheduler with a dead-letter queue."""

from collections.abc import Mapping

from aws_cdk import Duration, TimeZone
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

from stacks.constructs.functions.function import Function
from stacks.constructs.queues.dead_letters import DeadLetters


class RegularCalls(Construct):
    """``dead_letters`` gets the calls that Scheduler could not make."""

    def __init__(self, scope: Construct, id_: str, *, group: scheduler.IScheduleGroup | None = None) -> None:
        """The schedule group is of this stage alone, since Scheduler counts by group; None is the default one."""
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(self, "DeadLetters").queue
        self._group = group

    def add(
        self, id_: str, function: Function, *, minutes: int, description: str, event: Mapping[str, str] | None = None
    ) -> None:
        """Call the function's alias with the event every so many minutes."""
        every = Duration.minutes(minutes)
        self._add(id_, function, scheduler.ScheduleExpression.rate(every), every, description, event or {})

    def add_daily(
        self, id_: str, function: Function, *, hour: int, minute: int, description: str, event: Mapping[str, str]
    ) -> None:
        """Call the function's alias with the event once a day, at that time (UTC)."""
        at = scheduler.ScheduleExpression.cron(
            minute=str(minute), hour=str(hour), day="*", month="*", year="*", time_zone=TimeZone.ETC_UTC
        )
        self._add(id_, function, at, Duration.hours(6), description, event)

    def _add(
        self,
        id_: str,
        function: Function,
        when: scheduler.ScheduleExpression,
        within: Duration,
        description: str,
        event: Mapping[str, str],
    ) -> None:
        """within: an attempt that Scheduler repeats is made within this time."""
        schedule = scheduler.Schedule(
            self,
            id_,
            description=description,
            schedule=when,
            schedule_group=self._group,
            target=targets.LambdaInvoke(
                function.live,
                input=scheduler.ScheduleTargetInput.from_object(event),
                dead_letter_queue=self.dead_letters,
                max_event_age=within,
                retry_attempts=2,
            ),
        )
        if self._group:
            # As in ``WorkflowSchedule``.
            schedule.node.add_dependency(self._group)
