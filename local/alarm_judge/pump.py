"""Feeds a recording from a running local cloud, by simulated time.

The local cloud keeps logs, queues and executions, and makes no metrics of them. So they are read here: the functions'
metric lines, REPORT lines and failures from their logs, the depths of queues whenever somebody looks, executions, the
API's answers as its callers saw them, and the throttled requests of the fault proxy.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from local.alarm_judge.alarms import Templates
from local.alarm_judge.recording import Recording
from local.stage import LocalStage

_REPORT = re.compile(r"REPORT RequestId: \S+\s+Duration: (?P<milliseconds>[\d.]+) ms")
#: What the local cloud logs, as a line of its own, of an exception that left the handler.
FAILURE = "Traceback (most recent call last):"
ENDED = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
SERVER_ERROR, CLIENT_ERROR = 500, 400
MILLISECONDS = 1000


class Pump:
    """Reads what is new and records it. templates: of the deployed stage, whose logical ids are metrics' dimensions."""

    def __init__(self, stage: LocalStage, templates: Templates) -> None:
        self.stage = stage
        self.templates = templates
        self.recording = Recording()
        self.resources = dict(self._list_resources())
        self._ahead: list[tuple[float, float]] = []
        self._read_until: dict[str, int] = {}
        self._counted: set[str] = set()
        self._answers = self._throttled = 0
        #: Of each queue, the minute since which it has held messages.
        self._waiting_since: dict[str, int] = {}
        self._depths: dict[str, float] = {}
        self._looked_at = self._now()
        self.look()

    def clock_moved(self) -> None:
        """Note how far simulated time is ahead from now on. Call it after each move of the clock."""
        now = time.time()
        self._ahead.append((now, self.stage.clock() - now))

    def look(self) -> None:
        """Note how many messages each queue has now; until now it had as many as at the last look.

        Call it when something has happened.
        """
        self.clock_moved()
        now = self._now()
        for minute in range(self._looked_at + 1, now):
            self._put_depths(minute)
        sqs = self.stage.cloud.seller.client("sqs")
        for (kind, logical_id), url in self.resources.items():
            if kind == "AWS::SQS::Queue":
                answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
                self._depths[logical_id] = float(answer["Attributes"]["ApproximateNumberOfMessages"])
        self._put_depths(now)
        self._looked_at = now

    def skip_to(self, move: Callable[[], None]) -> None:
        """Move the clock far ahead: of the time between nothing is recorded, as if the stage had not been watched."""
        self.look()
        move()
        self._looked_at = self._now()
        self.look()

    def take(self) -> Recording:
        """Record everything that is new, and return the whole recording."""
        self._take_logs()
        self._take_executions()
        self._take_answers()
        self._take_throttles()
        return self.recording

    def events(self, group: str, after: int = 0) -> Iterator[tuple[float, str]]:
        """Moments (epoch seconds of this machine) and lines of a log group. after: milliseconds since the epoch."""
        pages = self.stage.cloud.seller.client("logs").get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group, startTime=after):
            for event in page["events"]:
                yield event["timestamp"] / MILLISECONDS, event["message"].rstrip()

    @property
    def first_minute(self) -> int:
        """The simulated minute of the first look."""
        return self._minute(self._ahead[0][0])

    # --- what the local cloud keeps -----------------------------------------------------------------------------------

    def _list_resources(self) -> Iterator[tuple[tuple[str, str], str]]:
        client = self.stage.cloud.seller.client("cloudformation")
        for stack in self.stage.outputs:
            for resource in client.describe_stack_resources(StackName=stack)["StackResources"]:
                key = (resource["ResourceType"], resource["LogicalResourceId"])
                yield key, resource.get("PhysicalResourceId", "")

    def _take_logs(self) -> None:
        functions = [name for kind, name in self.resources if kind == "AWS::Lambda::Function"]
        for (kind, _), group in self.resources.items():
            if kind != "AWS::Logs::LogGroup":
                continue
            named = group.rsplit("/", 1)[-1].replace("-", "") + "Function"
            ids = [name for name in functions if name.startswith(named)]
            last = self._read_until.get(group, -1)
            for moment, message in self.events(group, last + 1):
                last = max(last, round(moment * MILLISECONDS))
                self.recording.put_emf([message], self._minute(moment))
                self._take_line(ids, moment, message)
            self._read_until[group] = last

    def _take_line(self, functions: list[str], moment: float, message: str) -> None:
        report = _REPORT.match(message)
        for logical_id in functions if report or message == FAILURE else ():
            where = {"FunctionName": logical_id}
            if report:
                self._put("AWS/Lambda", "Duration", where, moment, float(report["milliseconds"]))
                self._put("AWS/Lambda", "Invocations", where, moment, 1)
            self._put("AWS/Lambda", "Errors", where, moment, 0 if report else 1)

    def _take_executions(self) -> None:
        states = self.stage.cloud.seller.client("stepfunctions")
        for (kind, logical_id), arn in self.resources.items():
            if kind != "AWS::StepFunctions::StateMachine":
                continue
            for execution in states.list_executions(stateMachineArn=arn)["executions"]:
                name = execution["executionArn"]
                if execution["status"] not in ENDED or name in self._counted:
                    continue
                self._counted.add(name)
                # The local cloud's workflows go by the simulated clock.
                stopped: datetime = execution.get("stopDate", execution["startDate"])
                for status, metric in ENDED.items():
                    value = float(execution["status"] == status)
                    where = {"StateMachineArn": logical_id}
                    minute = int(stopped.timestamp() // 60)
                    self.recording.put("AWS/States", metric, where, minute=minute, value=value)

    def _take_answers(self) -> None:
        (name,) = [
            resource["Properties"]["Name"]
            for resource in self.templates["Doors"]["Resources"].values()
            if resource["Type"] == "AWS::ApiGateway::RestApi"
        ]
        answered = self.stage.api.answered
        for moment, status, seconds in answered[self._answers :]:
            where = {"ApiName": name}
            self._put("AWS/ApiGateway", "Count", where, moment, 1)
            self._put("AWS/ApiGateway", "Latency", where, moment, seconds * MILLISECONDS)
            self._put("AWS/ApiGateway", "5XXError", where, moment, float(status >= SERVER_ERROR))
            client_error = CLIENT_ERROR <= status < SERVER_ERROR
            self._put("AWS/ApiGateway", "4XXError", where, moment, float(client_error))
        self._answers = len(answered)

    def _take_throttles(self) -> None:
        """Requests that the fault proxy throttled; it keeps their order and not their time, so take them soon."""
        proxy = getattr(self.stage, "dynamodb_faults", None)
        log = proxy.log if proxy else []
        for met in log[self._throttled :]:
            for table in met.tables if met.kind == "throttle" else ():
                where = {"TableName": table, "Operation": met.operation}
                self._put("AWS/DynamoDB", "ThrottledRequests", where, time.time(), 1)
        self._throttled = len(log)

    # --- time ---------------------------------------------------------------------------------------------------------

    def _put_depths(self, minute: int) -> None:
        for logical_id, depth in self._depths.items():
            since = self._waiting_since.setdefault(logical_id, minute)
            if not depth:
                del self._waiting_since[logical_id]
            values = {
                "ApproximateNumberOfMessagesVisible": depth,
                "ApproximateAgeOfOldestMessage": (minute - since) * 60 if depth else 0,
            }
            for name, value in values.items():
                self.recording.put("AWS/SQS", name, {"QueueName": logical_id}, minute=minute, value=value)

    def _put(self, namespace: str, name: str, dimensions: Mapping[str, str], moment: float, value: float) -> None:
        self.recording.put(namespace, name, dimensions, minute=self._minute(moment), value=value)

    def _now(self) -> int:
        return int(self.stage.clock() // 60)

    def _minute(self, moment: float) -> int:
        """The simulated minute of a moment of this machine."""
        ahead = next((ahead for at, ahead in reversed(self._ahead) if at <= moment), self._ahead[0][1])
        return int((moment + ahead) // 60)
