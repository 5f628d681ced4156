"""The YAWL connector: reads the engines' logs, hears their announcements, and puts their usage into a queue."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from stacks.constructs.functions.asset import FunctionAsset
from stacks.constructs.functions.environment import FunctionEnvironment
from stacks.constructs.functions.functions import Functions
from stacks.constructs.functions.network import place_in_vpc
from stacks.constructs.queues.engine_usage import EngineUsage
from stacks.constructs.queues.notice_queue import NoticeQueue
from stacks.constructs.storage.parameters import Parameters
from stacks.constructs.workflows.regular_calls import RegularCalls
from stacks.data import DataStack
from stacks.door_functions import QUEUED_USAGE_WITHIN
from stacks.stage import Stage
from stacks.yawl_functions import objects_below, yawl_functions
from yawl.engine import Engine

#: A first reading of a large log is done in parts.
READ_WITHIN = Duration.minutes(5)
LOOK_EVERY_MINUTES = 5
#: Characters of an event pattern (Amazon EventBridge quotas: 2,048), less what stands around the prefixes.
MOST_OF_A_PATTERN = 1_800


class YawlStack(Stack):
    """The engines of a stage: a parameter and a schedule for each, and the functions and queues of all."""

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
        self.usage = EngineUsage(self, "EngineUsage", consumer_timeout=QUEUED_USAGE_WITHIN)
        parameters = Parameters(
            self,
            "Engines",
            path=f"/yawl-metering/{stage.name}/engines",
            texts={engine.id: engine.to_json() for engine in stage.engines},
            description="YAWL engine",
        )
        functions = Functions(
            scope=self,
            code=asset.code(),
            environment=environment,
            settings={
                "ENGINES_PATH": parameters.path,
                "ENGINES_TABLE": data.engines.name,
                "ENGINE_USAGE_QUEUE_URL": self.usage.queue.queue_url,
                "UNATTRIBUTED_QUEUE_URL": self.usage.unattributed.queue_url,
            },
            timeout=READ_WITHIN,
        )
        self.functions = functions.made
        self.behind = yawl_functions(functions, data, engines=stage.engines, parameters=parameters, usage=self.usage)
        if stage.engine_network:
            place_in_vpc(
                self.behind.reconcile,
                subnets=stage.engine_network.subnet_ids,
                security_groups=stage.engine_network.security_group_ids,
            )
        # Scheduler's metrics are by group.
        self.schedules = scheduler.ScheduleGroup(self, "Schedules", removal_policy=RemovalPolicy.DESTROY)
        self.calls = RegularCalls(self, "Calls", group=self.schedules)
        for engine in stage.engines:
            self.calls.add(
                f"Read-{engine.id}",
                self.behind.reconcile,
                minutes=engine.poll_minutes,
                description=f"reads the log of the engine {engine.id}",
                event={"engine": engine.id},
            )
        self.calls.add(
            "LookAfterEngines",
            self.behind.look_after,
            minutes=LOOK_EVERY_MINUTES,
            description="reports which engines are silent",
        )
        self.access_logs = self._access_logs(stage.engines)
        self._add_outputs()

    def _access_logs(self, engines: Sequence[Engine]) -> NoticeQueue | None:
        """The queue of the objects that load balancers write, None where no engine has access logs."""
        if self.behind.access_logs is None:
            return None
        # An object may take the function minutes, so it comes alone.
        queue = NoticeQueue(self, "AccessLogs", consumer=self.behind.access_logs, batch_size=1)
        prefixes: dict[str, set[str]] = defaultdict(set)
        for logs in (engine.access_logs for engine in engines):
            if logs:
                prefixes[logs.bucket].add(objects_below(logs.prefix))
        for bucket, below in prefixes.items():
            # The function leaves other objects of the bucket alone, so the filter only saves calls.
            fits = sum(len(prefix) + len('{"prefix":""},') for prefix in below) <= MOST_OF_A_PATTERN
            keys = {"object": {"key": [{"prefix": prefix} for prefix in sorted(below)]}} if fits else {}
            queue.receive_events(
                f"Objects-{bucket}",
                source="aws.s3",
                detail_types=["Object Created"],
                description="access logs of load balancers in front of YAWL engines",
                detail={"bucket": {"name": [bucket]}, **keys},
            )
        return queue

    def _add_outputs(self) -> None:
        """Name what the commands of ``deploy`` and the documentation look up."""
        outputs = {
            "EngineUsageQueueUrl": self.usage.queue.queue_url,
            "EngineUsageDeadLettersUrl": self.usage.dead_letters.queue_url,
            "UnattributedUsageQueueUrl": self.usage.unattributed.queue_url,
            "ReconcileFunctionArn": self.behind.reconcile.live.function_arn,
            "ScheduleGroupName": self.schedules.schedule_group_name,
            "CallsDeadLettersUrl": self.calls.dead_letters.queue_url,
        }
        if self.access_logs:
            outputs["AccessLogsQueueUrl"] = self.access_logs.queue.queue_url
            outputs["AccessLogsDeadLettersUrl"] = self.access_logs.dead_letters.queue_url
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
