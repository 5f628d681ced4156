"""The hourly workflow, its functions and its schedule; final metering beside it."""

from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from ledger.tables import FAILED_INDEX, PENDING_INDEX, STATUS_INDEX
from marketplace import dimensions, tiers
from runtime.settings import (
    FindDueHoursSettings,
    PlanBatchesSettings,
    PutZeroRecordsSettings,
    ReportSettings,
    SealHoursSettings,
    Settings,
    SettleHoursSettings,
    SubmitBatchSettings,
)
from stacks.constructs.asset import FunctionAsset
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.environment import FunctionEnvironment
from stacks.constructs.function import RoomFunction
from stacks.constructs.hourly_workflow import HourlyWorkflow, WorkflowFunctions
from stacks.constructs.workflow_schedule import WorkflowSchedule
from stacks.data import DataStack
from stacks.final_metering import FinalMetering
from stacks.seller_role import seller_settings
from stacks.stage import Stage

STEP_WITHIN = Duration.minutes(5)


class MeteringStack(Stack):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        data: DataStack,
        asset: FunctionAsset,
        environment: FunctionEnvironment,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self._code = asset.code()
        self._environment = environment
        self._stage = stage
        self._data = data
        self._mode = {"METERING_MODE": stage.metering_mode, "TEST_BUYERS": ",".join(stage.test_buyers)}
        self.failed_lines = DeadLetters(self, "FailedLines").queue
        self.steps = WorkflowFunctions(
            put_zero_records=self._put_zero_records(),
            find_due_hours=self._find_due_hours(),
            seal_hours=self._seal_hours(),
            plan_batches=self._plan_batches(),
            submit_batch=self._submit_batch(),
            settle_hours=self._settle_hours(),
            report=self._report(),
        )
        self.workflow = HourlyWorkflow(
            self,
            "HourlyMetering",
            functions=self.steps,
            submit_concurrency=stage.submit_concurrency,
            environment=environment,
        )
        # of this stage alone, because Scheduler's metrics are by group; there is nothing in it to keep
        self.schedules = scheduler.ScheduleGroup(self, "Schedules", removal_policy=RemovalPolicy.DESTROY)
        self.schedule = WorkflowSchedule(
            self,
            "Schedule",
            workflow=self.workflow,
            minute=stage.seal_delay_minutes,
            group=self.schedules,
        )
        self.final = FinalMetering(
            self,
            data=data,
            product_dimensions=stage.dimensions,
            code=self._code,
            environment=environment,
            hourly=self.steps,
            schedules=self.schedules,
        )
        CfnOutput(self, "StateMachineArn", value=self.workflow.machine.state_machine_arn)
        # this is what is started
        CfnOutput(self, "StateMachineAliasArn", value=self.workflow.alias_arn)
        CfnOutput(self, "ScheduleGroupName", value=self.schedules.schedule_group_name)
        CfnOutput(self, "ScheduleName", value=self.schedule.hourly.schedule_name)
        CfnOutput(self, "MonthEndScheduleName", value=self.schedule.month_end.schedule_name)
        CfnOutput(self, "FailedLinesUrl", value=self.failed_lines.queue_url)
        CfnOutput(self, "ScheduleDeadLettersUrl", value=self.schedule.dead_letters.queue_url)
        CfnOutput(self, "FinalMeteringArn", value=self.final.workflow.machine.state_machine_arn)
        CfnOutput(self, "FinalMeteringAliasArn", value=self.final.workflow.alias_arn)

    @property
    def functions(self) -> dict[str, RoomFunction]:
        return {function.node.id: function for function in self.steps.all()} | self.final.functions

    def _function(
        self,
        id_: str,
        *,
        settings: Settings,
        description: str,
        reserved_concurrency: int | None = None,
        memory_mb: int = 512,
    ) -> RoomFunction:
        return RoomFunction(
            self,
            id_,
            code=self._code,
            handler=f"metering.handlers.{id_.replace('-', '_')}.handler",
            room="metering",
            settings=settings,
            environment=self._environment,
            description=description,
            timeout=STEP_WITHIN,
            reserved_concurrency=reserved_concurrency,
            memory_mb=memory_mb,
        )

    def _put_zero_records(self) -> RoomFunction:
        function = self._function(
            "put-zero-records",
            description="an hour without usage gets its record of zero",
            settings=PutZeroRecordsSettings(
                PRICING_MODEL=self._stage.pricing_model,
                HOURLY_ZEROS=self._stage.hourly_zeros,
                SEAL_DELAY_MINUTES=str(self._stage.seal_delay_minutes),
                SUBSCRIBERS_TABLE=self._data.subscribers.name,
                METERING_RECORDS_TABLE=self._data.metering_records.name,
                PENDING_SHARDS=str(self._stage.pending_shards),
            ),
        )
        self._data.subscribers.grant_query_index(function.function, name=STATUS_INDEX.name)
        self._data.subscribers.grant_get_many(function.function)
        self._data.subscribers.grant_check(function.function)
        self._data.metering_records.grant_get_many(function.function)
        self._data.metering_records.grant_update(function.function)
        return function

    def _find_due_hours(self) -> RoomFunction:
        function = self._function(
            "find-due-hours",
            description="closed hours with lines that have not ended, most urgent first",
            settings=FindDueHoursSettings(
                METERING_RECORDS_TABLE=self._data.metering_records.name,
                DIMENSIONS=dimensions.to_json(self._stage.dimensions),
                SEAL_DELAY_MINUTES=str(self._stage.seal_delay_minutes),
            ),
        )
        self._data.metering_records.grant_query_index(function.function, name=PENDING_INDEX.name)
        return function

    def _seal_hours(self) -> RoomFunction:
        function = self._function(
            "seal-hours",
            description="freezes an hour: identity, timestamp, lines",
            # an hour may have some hundred thousand sets of tags, a kilobyte each, before the smallest are folded
            memory_mb=2048,
            settings=SealHoursSettings(
                PRODUCT_CODE=self._stage.product_code,
                PRICING_MODEL=self._stage.pricing_model,
                TIERS=tiers.to_json(self._stage.tiers),
                DIMENSIONS=dimensions.to_json(self._stage.dimensions),
                HOURLY_ZEROS=self._stage.hourly_zeros,
                SUBSCRIBERS_TABLE=self._data.subscribers.name,
                METERING_RECORDS_TABLE=self._data.metering_records.name,
                USAGE_EVENTS_TABLE=self._data.usage_events.name,
                STATE_TABLE=self._data.state.name,
                PENDING_SHARDS=str(self._stage.pending_shards),
                **self._mode,
            ),
        )
        self._data.metering_records.grant_read(function.function)
        self._data.metering_records.grant_update(function.function)
        # what was tagged is read, the allocations that become of it are stored with the seal
        self._data.usage_events.grant_query(function.function)
        self._data.usage_events.grant_put(function.function)
        self._data.state.grant_get(function.function)
        self._data.state.grant_update(function.function)
        self._data.subscribers.grant_read(function.function)
        return function

    def _plan_batches(self) -> RoomFunction:
        function = self._function(
            "plan-batches",
            description="packs lines into calls of one product and identity, most urgent first",
            settings=PlanBatchesSettings(
                SUBSCRIBERS_TABLE=self._data.subscribers.name,
                METERING_RECORDS_TABLE=self._data.metering_records.name,
                **self._mode,
            ),
        )
        self._data.metering_records.grant_read(function.function)
        self._data.subscribers.grant_read(function.function)
        return function

    def _submit_batch(self) -> RoomFunction:
        function = self._function(
            "submit-batch",
            description="the only caller of BatchMeterUsage, paced",
            # the stage's rate is shared out over this number of copies, so there must not be more
            reserved_concurrency=self._stage.submit_concurrency,
            settings=SubmitBatchSettings(
                SUBSCRIBERS_TABLE=self._data.subscribers.name,
                METERING_RECORDS_TABLE=self._data.metering_records.name,
                STATE_TABLE=self._data.state.name,
                USAGE_EVENTS_TABLE=self._data.usage_events.name,
                METERING_REGION=self._stage.region,
                **self._mode,
                CALLS_PER_SECOND=str(self._stage.calls_per_second),
                SUBMIT_CONCURRENCY=str(self._stage.submit_concurrency),
                **seller_settings(self._stage),
            ),
        )
        self._data.metering_records.grant_read(function.function)
        self._data.metering_records.grant_update(function.function)
        self._data.subscribers.grant_read(function.function)
        self._data.state.grant_update(function.function)
        self._data.usage_events.grant_get_many(function.function)
        function.allow_marketplace("BatchMeterUsage", seller_role_arn=self._stage.seller_role_arn)
        return function

    def _settle_hours(self) -> RoomFunction:
        function = self._function(
            "settle-hours",
            description="hours whose lines have all ended leave the pending index",
            settings=SettleHoursSettings(METERING_RECORDS_TABLE=self._data.metering_records.name, **self._mode),
        )
        self._data.metering_records.grant_read(function.function)
        self._data.metering_records.grant_update(function.function)
        return function

    def _report(self) -> RoomFunction:
        function = self._function(
            "report",
            description="levels of pending and failed units, one summary",
            settings=ReportSettings(
                METERING_RECORDS_TABLE=self._data.metering_records.name,
                DIMENSIONS=dimensions.to_json(self._stage.dimensions),
                FAILED_LINES_QUEUE_URL=self.failed_lines.queue_url,
                **self._mode,
            ),
        )
        self.failed_lines.grant(function.function, "sqs:SendMessage")
        self._data.metering_records.grant_get_many(function.function)
        # it takes failed marks away that no line bears out any more, and notes what it has copied
        self._data.metering_records.grant_update(function.function)
        for index in (PENDING_INDEX, FAILED_INDEX):
            self._data.metering_records.grant_query_index(function.function, name=index.name)
        return function
