"""Final metering of a stage: its functions, what each may do, and what starts it."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from ledger.tables import STATUS_INDEX
from marketplace import dimensions
from marketplace.dimensions import Dimension
from runtime.settings import (
    EndSubscriptionSettings,
    FindFinalHoursSettings,
    LookAfterLeaversSettings,
    RefuseUsageSettings,
    Settings,
    StartFinalMeteringSettings,
)
from stacks.constructs.environment import FunctionEnvironment
from stacks.constructs.final_metering import (
    FinalMeteringFunctions,
    FinalMeteringWorkflow,
    LookAfterLeavers,
    StartOnLeaving,
)
from stacks.constructs.function import RoomFunction
from stacks.constructs.hourly_workflow import WorkflowFunctions
from stacks.data import DataStack

STEP_WITHIN = Duration.minutes(1)


class FinalMetering:
    """Made in ``scope``. hourly: the hourly workflow's functions, of which sealer, planner and submitter are shared."""

    def __init__(
        self,
        scope: Construct,
        *,
        data: DataStack,
        product_dimensions: Mapping[str, Dimension],
        code: lambda_.Code,
        environment: FunctionEnvironment,
        hourly: WorkflowFunctions,
        schedules: scheduler.IScheduleGroup,
    ) -> None:
        self._scope = scope
        self._data = data
        self._dimensions = product_dimensions
        self._code = code
        self._environment = environment
        steps = FinalMeteringFunctions(
            find_final_hours=self._find_final_hours(),
            refuse_usage=self._refuse_usage(),
            end_subscription=self._end_subscription(),
            seal_hours=hourly.seal_hours,
            plan_batches=hourly.plan_batches,
            submit_batch=hourly.submit_batch,
        )
        self.workflow = FinalMeteringWorkflow(scope, "FinalMetering", functions=steps, environment=environment)
        machine = self.workflow.machine
        starter = self._function(
            "start-final-metering",
            description="starts final metering of a period that has ended",
            settings=StartFinalMeteringSettings(FINAL_METERING_ALIAS_ARN=self.workflow.alias_arn),
        )
        self.start = StartOnLeaving(
            scope, "StartFinalMetering", subscribers=data.subscribers, starter=starter, machine=machine
        )
        watcher = self._function(
            "look-after-leavers",
            description="starts final metering of leavers that is not under way, and counts who is overdue",
            settings=LookAfterLeaversSettings(
                SUBSCRIBERS_TABLE=data.subscribers.name,
                FINAL_METERING_ARN=machine.state_machine_arn,
                FINAL_METERING_ALIAS_ARN=self.workflow.alias_arn,
            ),
        )
        data.subscribers.grant_get(watcher.function)
        data.subscribers.grant_query_index(watcher.function, name=STATUS_INDEX.name)
        self.watch = LookAfterLeavers(scope, "LookAfterLeavers", watcher=watcher, machine=machine, group=schedules)
        own = (steps.find_final_hours, steps.refuse_usage, steps.end_subscription, starter, watcher)
        self.functions: dict[str, RoomFunction] = {function.node.id: function for function in own}
        self.room = watcher.room
        self.starter = starter
        self.watcher = watcher

    def _function(self, id_: str, *, settings: Settings, description: str) -> RoomFunction:
        return RoomFunction(
            self._scope,
            id_,
            code=self._code,
            handler=f"metering.handlers.{id_.replace('-', '_')}.handler",
            room="metering",
            settings=settings,
            environment=self._environment,
            description=description,
            timeout=STEP_WITHIN,
        )

    def _find_final_hours(self) -> RoomFunction:
        function = self._function(
            "find-final-hours",
            description="what final metering of a customer does now, and with which hours",
            settings=FindFinalHoursSettings(
                SUBSCRIBERS_TABLE=self._data.subscribers.name,
                METERING_RECORDS_TABLE=self._data.metering_records.name,
            ),
        )
        self._data.subscribers.grant_get(function.function)
        self._data.metering_records.grant_query(function.function)
        return function

    def _refuse_usage(self) -> RoomFunction:
        function = self._function(
            "refuse-usage",
            description="from now on no usage of who left is taken",
            settings=RefuseUsageSettings(SUBSCRIBERS_TABLE=self._data.subscribers.name),
        )
        self._data.subscribers.grant_get(function.function)
        self._data.subscribers.grant_update(function.function)
        return function

    def _end_subscription(self) -> RoomFunction:
        function = self._function(
            "end-subscription",
            description="cancels a subscription of which every unit has a name",
            settings=EndSubscriptionSettings(
                DIMENSIONS=dimensions.to_json(self._dimensions),
                SUBSCRIBERS_TABLE=self._data.subscribers.name,
                METERING_RECORDS_TABLE=self._data.metering_records.name,
                STATE_TABLE=self._data.state.name,
            ),
        )
        self._data.metering_records.grant_query(function.function)
        for table in (self._data.subscribers, self._data.state):
            table.grant_get(function.function)
        for table in (self._data.subscribers, self._data.state, self._data.metering_records):
            table.grant_update(function.function)
        return function
