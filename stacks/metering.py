"""The hourly workflow and final metering: their functions, state machines, schedules and starts."""

from dataclasses import replace
from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from stacks.constructs.functions.asset import FunctionAsset
from stacks.constructs.functions.environment import FunctionEnvironment
from stacks.constructs.functions.functions import Functions
from stacks.constructs.queues.dead_letters import DeadLetters
from stacks.constructs.workflows.final_starts import StartBySchedule, StartOnStream
from stacks.constructs.workflows.final_states import FinalStates
from stacks.constructs.workflows.hourly_states import HourlyStates
from stacks.constructs.workflows.schedule import WorkflowSchedule
from stacks.constructs.workflows.workflow import Workflow
from stacks.data import DataStack
from stacks.events import EventsStack
from stacks.final_functions import final_functions, look_after_leavers, start_final_metering
from stacks.function_settings import function_settings
from stacks.hourly_functions import hourly_functions
from stacks.stage import Stage

STEP_WITHIN = Duration.minutes(5)
FINAL_STEP_WITHIN = Duration.minutes(1)
#: Under the hour, so that a stuck run ends before the next but one starts.
HOURLY_WITHIN = Duration.minutes(55)
#: The grace, and the 24 hours in which an hour that cannot be sealed at its end still may be.
FINAL_WITHIN = Duration.hours(26)


class MeteringStack(Stack):
    """Hourly and final metering: their functions, workflows, schedules and queue of failed lines."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        data: DataStack,
        events: EventsStack,
        asset: FunctionAsset,
        environment: FunctionEnvironment,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self.failed_lines = DeadLetters(self, "FailedLines").queue
        functions = Functions(
            scope=self,
            code=asset.code(),
            environment=environment,
            settings={**function_settings(stage, data), "FAILED_LINES_QUEUE_URL": self.failed_lines.queue_url},
            timeout=STEP_WITHIN,
            seller_role_arn=stage.seller_role_arn,
        )
        self.functions = functions.made
        self.steps = hourly_functions(
            functions, data, failed_lines=self.failed_lines, submit_concurrency=stage.submit_concurrency
        )
        hourly = HourlyStates(self, "HourlyStates", functions=self.steps, submit_concurrency=stage.submit_concurrency)
        self.hourly = Workflow(
            self,
            "HourlyMetering",
            chain=hourly.chain,
            functions=self.steps,
            timeout=HOURLY_WITHIN,
            environment=environment,
        )
        self.hourly.allow_to_hand_over()
        # Scheduler's metrics are by group, so this group is the stage's own. It holds nothing to keep.
        self.schedules = scheduler.ScheduleGroup(self, "Schedules", removal_policy=RemovalPolicy.DESTROY)
        self.schedule = WorkflowSchedule(
            self, "Schedule", workflow=self.hourly, minute=stage.seal_delay_minutes, group=self.schedules
        )
        functions = replace(functions, timeout=FINAL_STEP_WITHIN)
        final_steps = final_functions(functions, data, hourly=self.steps)
        self.final = Workflow(
            self,
            "FinalMetering",
            chain=FinalStates(self, "FinalStates", functions=final_steps).chain,
            functions=final_steps,
            timeout=FINAL_WITHIN,
            environment=environment,
        )
        functions = functions.with_settings(
            FINAL_METERING_ARN=self.final.machine.state_machine_arn,
            FINAL_METERING_ALIAS_ARN=self.final.alias_arn,
            CHANGES_QUEUE_URL=events.changes.queue.queue_url,
        )
        self.starter = start_final_metering(functions)
        self.watcher = look_after_leavers(functions, data)
        self.start = StartOnStream(
            self,
            "StartFinalMetering",
            subscribers=data.subscribers,
            starter=self.starter,
            machine=self.final.machine,
            changes=events.changes.queue,
        )
        self.look = StartBySchedule(
            self, "LookAfterLeavers", watcher=self.watcher, machine=self.final.machine, group=self.schedules
        )
        self._add_outputs()

    def _add_outputs(self) -> None:
        """Name what the commands of ``deploy`` and the documentation look up."""
        for name, value in {
            "StateMachineArn": self.hourly.machine.state_machine_arn,
            "StateMachineName": self.hourly.machine.state_machine_name,
            "StateMachineAliasArn": self.hourly.alias_arn,
            "ScheduleGroupName": self.schedules.schedule_group_name,
            "ScheduleName": self.schedule.hourly.schedule_name,
            "MonthEndScheduleName": self.schedule.month_end.schedule_name,
            "FailedLinesUrl": self.failed_lines.queue_url,
            "ScheduleDeadLettersUrl": self.schedule.dead_letters.queue_url,
            "LeavingDeadLettersUrl": self.start.dead_letters.queue_url,
            "LookDeadLettersUrl": self.look.dead_letters.queue_url,
            "FinalMeteringArn": self.final.machine.state_machine_arn,
            "FinalMeteringAliasArn": self.final.alias_arn,
        }.items():
            CfnOutput(self, name, value=value)
