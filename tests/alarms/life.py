"""The metrics of a stage: what AWS's services count of it, and what its functions print, minute by minute."""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cached_property
from io import StringIO

from local.alarm_judge import Alarm, Judgement, Recording, judge
from local.alarm_judge.metric_filters import MetricFilter, put_line, read_filters
from local.alarm_judge.recording import LATE
from runtime.metric_names import NAMESPACE
from tests.stacks.alarm_facts import alarms
from tests.synthesized import Assembly

Lines = Sequence[str]


def printed(act: Callable[[], object]) -> list[str]:
    """The lines that functions print while ``act`` runs."""
    with redirect_stdout(StringIO()) as written:
        act()
    return written.getvalue().splitlines()


@dataclass
class Life:
    """A recording of a stage's metrics. Dimensions are those that AWS's pages name for each service."""

    assembly: Assembly
    recording: Recording = field(default_factory=Recording)

    # --- names --------------------------------------------------------------------------------------------------------

    @cached_property
    def alarms(self) -> dict[str, Alarm]:
        """By name, without the hash."""
        return {alarm.name: alarm for alarm in alarms(self.assembly).values()}

    @cached_property
    def functions(self) -> dict[str, str]:
        """Logical ids of functions by their names in logs."""
        found = {}
        for logical_id, resource in self.assembly.resources("AWS::Lambda::Function"):
            group = resource["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
            found[self.assembly.log_group(group).rsplit("/", 1)[-1]] = logical_id
        return found

    @cached_property
    def queues(self) -> dict[str, str]:
        """Logical ids of queues by those ids without the hash."""
        return self._named("AWS::SQS::Queue")

    @cached_property
    def machines(self) -> dict[str, str]:
        """Logical ids of state machines, likewise."""
        return self._named("AWS::StepFunctions::StateMachine")

    @cached_property
    def rules(self) -> list[str]:
        """Logical ids of the rules of EventBridge."""
        return [name for name, _ in self.assembly.resources("AWS::Events::Rule")]

    @cached_property
    def _filters(self) -> list[MetricFilter]:
        return read_filters(self.assembly.templates)

    @cached_property
    def _api(self) -> str:
        (api,) = self.assembly.properties("AWS::ApiGateway::RestApi")
        return str(api["Name"])

    def _named(self, kind: str) -> dict[str, str]:
        return {name[:-8]: name for name, _ in self.assembly.resources(kind)}

    # --- what AWS counts ----------------------------------------------------------------------------------------------

    def invoked(self, function: str, minute: int, calls: int = 1, *, errors: int = 0, throttles: int = 0) -> None:
        """Lambda Developer Guide, "Types of metrics for Lambda functions"."""
        values = {"Invocations": calls, "Errors": errors, "Throttles": throttles}
        for name, value in values.items():
            if value or name == "Errors":
                self._aws("AWS/Lambda", name, "FunctionName", self.functions[function], minute, value)

    def iterator_age(self, function: str, minute: int, milliseconds: int) -> None:
        """Age of the oldest record that the function took from its stream."""
        self._aws("AWS/Lambda", "IteratorAge", "FunctionName", self.functions[function], minute, milliseconds)

    def queue(
        self, name: str, minutes: Iterable[int], *, visible: int = 0, taken: int = 0, age: int = 0, late: int = LATE
    ) -> None:
        """SQS Developer Guide, "Available CloudWatch metrics": each minute. age: seconds."""
        values = {
            "ApproximateNumberOfMessagesVisible": visible,
            "ApproximateNumberOfMessagesNotVisible": taken,
            "ApproximateAgeOfOldestMessage": age,
        }
        for minute in minutes:
            for metric, value in values.items():
                self._aws("AWS/SQS", metric, "QueueName", self.queues[name], minute, value, late)

    def executions(self, machine: str, metric: str, minute: int) -> None:
        """Step Functions Developer Guide, "Execution metrics"."""
        self._aws("AWS/States", metric, "StateMachineArn", self.machines[machine], minute, 1)

    def table(self, name: str, metric: str, minute: int, value: float, operation: str = "PutItem") -> None:
        """DynamoDB Developer Guide, "DynamoDB Metrics and dimensions": SystemErrors and ThrottledRequests."""
        dimensions = {"TableName": name, "Operation": operation}
        self.recording.put("AWS/DynamoDB", metric, dimensions, minute=minute, value=value)

    def rule(self, logical_id: str, metric: str, minute: int) -> None:
        """EventBridge User Guide, "EventBridge metrics"."""
        self._aws("AWS/Events", metric, "RuleName", logical_id, minute, 1)

    def schedules(self, stack: str, metric: str, minute: int, value: int = 1) -> None:
        """EventBridge Scheduler User Guide, "Monitoring". stack: that of the schedule group."""
        (group,) = self.assembly.properties("AWS::Scheduler::ScheduleGroup", stack=stack)
        self._aws("AWS/Scheduler", metric, "ScheduleGroup", group["Name"], minute, value)

    def mail_failed(self, topic: str, minute: int) -> None:
        """SNS Developer Guide, "Amazon SNS metrics". topic: the logical id without the hash."""
        name = self._named("AWS::SNS::Topic")[topic]
        self._aws("AWS/SNS", "NumberOfNotificationsFailed", "TopicName", name, minute, 1)

    def answered(
        self, minute: int, status: str = "200", error: str = "-", resource: str = "/usage", times: int = 1
    ) -> None:
        """Requests to the API: their lines of the access log, and API Gateway's own metrics of them."""
        line = {"status": status, "errorType": error, "resource": resource}
        counting = [each for each in self._filters if each.matches(line)]
        for _ in range(times):
            put_line(self.recording, counting, line, minute)
            self._aws("AWS/ApiGateway", "Count", "ApiName", self._api, minute, 1)
        if status.startswith("5"):
            self._aws("AWS/ApiGateway", "5XXError", "ApiName", self._api, minute, times)

    def _aws(
        self, namespace: str, metric: str, dimension: str, of: str, minute: int, value: float, late: int = LATE
    ) -> None:
        self.recording.put(namespace, metric, {dimension: of}, minute=minute, value=value, late=late)

    # --- what functions print -----------------------------------------------------------------------------------------

    def emf(self, lines: Lines, minute: int) -> None:
        """Lines that a function printed in that minute."""
        ours = f"{NAMESPACE}/{self.assembly.stage.name}"
        self.recording.put_emf((_moved(line, ours) for line in lines if '"_aws"' in line), minute)

    # --- judged -------------------------------------------------------------------------------------------------------

    def judged(self, minutes: range) -> Judgement:
        """All alarms of the stage, made in the first of the minutes."""
        return judge(self.alarms.values(), self.recording, minutes)

    def speaker(self, name: str) -> Alarm:
        """The alarm that calls for this one: itself, or the composite alarm that it is a part of."""
        alarm = self.alarms[name]
        if alarm.severity != "Silent":
            return alarm
        spoken = [one for one in self.alarms.values() if one.composite and alarm.logical_id in one.members]
        (found,) = [one for one in spoken if one.name != "StoreDown"] or spoken
        return found


@dataclass(frozen=True)
class Ordinary:
    """What the functions print when all is well, captured from their own code: a run's report, a look after leavers, a
    look after engines, a reading of an engine."""

    report: Lines
    look: Lines
    engines: Lines
    reading: Lines

    def live(
        self, life: Life, minutes: range, *, runs: Callable[[int], bool] = lambda _hour: True, took: int = 1
    ) -> None:
        """Let the stage live: looks every five minutes, a run every hour.

        runs: whether the run that begins in that hour completes. took: its minutes.
        """
        has_engines = bool(life.assembly.stage.engines)
        for minute in minutes:
            if minute % 5 == 0:
                life.emf(self.look, minute)
                life.invoked("look-after-leavers", minute)
                if has_engines:
                    life.emf(self.engines, minute)
            if has_engines and minute % 5 == 1:
                life.emf(self.reading, minute)
            if minute % 60 == 10 + took and runs(minute // 60):
                life.emf(self.report, minute)


def _moved(line: str, namespace: str) -> str:
    """The line as a stage's function prints it; those of tests have another namespace."""
    document = json.loads(line)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        directive["Namespace"] = namespace
    return json.dumps(document)
