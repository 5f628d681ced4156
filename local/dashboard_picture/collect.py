"""What CloudWatch would have of a run on the local cloud, by simulated time.

The local cloud keeps logs, queues and executions, and makes no metrics of them. So they are read here: the functions'
metric lines and REPORT lines from their logs, the depths of queues whenever somebody looks, executions at the end, and
the API's answers as its callers saw them.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from local.alarm_judge.alarms import Templates
from local.alarm_judge.recording import Recording
from local.dashboard_picture.body import read_body
from local.dashboard_picture.figure import Board
from local.dashboard_picture.log_query import groups_of, run
from local.stage import LocalStage

_REPORT = re.compile(r"REPORT RequestId: \S+\s+Duration: (?P<milliseconds>[\d.]+) ms")
ENDED = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
SERVER_ERROR, CLIENT_ERROR = 500, 400


class Collector:
    """Collects a run's figures. templates: of the deployed stage, whose logical ids are the metrics' dimensions."""

    def __init__(self, stage: LocalStage, templates: Templates) -> None:
        self._stage = stage
        self._templates = templates
        self._recording = Recording()
        self._ahead: list[tuple[float, float]] = []
        self._resources = dict(self._list_resources())
        self.look()

    def clock_moved(self) -> None:
        """Note how far simulated time is ahead from now on. Call it after each move of the clock."""
        now = time.time()
        self._ahead.append((now, self._stage.clock() - now))

    def look(self) -> None:
        """Note how many messages each queue has now.

        Call it when something has happened.
        """
        self.clock_moved()
        now = time.time()
        sqs = self._stage.cloud.seller.client("sqs")
        for (kind, logical_id), url in self._resources.items():
            if kind == "AWS::SQS::Queue":
                answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
                depth = float(answer["Attributes"]["ApproximateNumberOfMessages"])
                self._put("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": logical_id}, now, depth)
                if not depth:
                    self._put("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": logical_id}, now, 0)

    def board(self) -> Board:
        """The dashboard of the time since the first look. Call it once, at the end."""
        widgets = read_body(self._templates)
        first, last = (self._minute(moment) for moment in (self._ahead[0][0], time.time()))
        return Board(
            widgets=widgets,
            recording=self._collected(),
            minutes=range(first - first % 60, last + 1),
            tables=self._tables(widgets),
        )

    def _collected(self) -> Recording:
        for group in self._groups():
            function = group.rsplit("/", 1)[-1].replace("-", "") + "Function"
            ids = [name for kind, name in self._resources if kind == "AWS::Lambda::Function"]
            for moment, message in self._events(group):
                self._recording.put_emf([message], self._minute(moment))
                if report := _REPORT.match(message):
                    for logical_id in (name for name in ids if name.startswith(function)):
                        where = {"FunctionName": logical_id}
                        self._put("AWS/Lambda", "Duration", where, moment, float(report["milliseconds"]))
                        self._put("AWS/Lambda", "Errors", where, moment, 0)
        self._add_executions()
        self._add_answers()
        return self._recording

    def _tables(self, widgets: list[dict[str, Any]]) -> dict[str, list[dict[str, str]]]:
        """The answers of the dashboard's log queries, by the widget's title."""
        found = {}
        for widget in widgets:
            if widget["type"] == "log":
                query = widget["properties"]["query"]
                lines = [line for name in groups_of(query) for line in self._json_lines(name)]
                found[widget["properties"]["title"]] = run(query, lines)
        return found

    def _json_lines(self, logical_id: str) -> Iterator[Mapping[str, Any]]:
        group = self._resources["AWS::Logs::LogGroup", logical_id]
        for _, message in self._events(group):
            if message.startswith("{"):
                yield json.loads(message)

    def _list_resources(self) -> Iterator[tuple[tuple[str, str], str]]:
        client = self._stage.cloud.seller.client("cloudformation")
        for stack in self._stage.outputs:
            for resource in client.describe_stack_resources(StackName=stack)["StackResources"]:
                key = (resource["ResourceType"], resource["LogicalResourceId"])
                yield key, resource.get("PhysicalResourceId", "")

    def _groups(self) -> list[str]:
        return [name for (kind, _), name in self._resources.items() if kind == "AWS::Logs::LogGroup"]

    def _events(self, group: str) -> Iterator[tuple[float, str]]:
        """Moments (epoch seconds of this machine) and lines of a log group."""
        pages = self._stage.cloud.seller.client("logs").get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group):
            for event in page["events"]:
                yield event["timestamp"] / 1000, event["message"].rstrip()

    def _add_executions(self) -> None:
        states = self._stage.cloud.seller.client("stepfunctions")
        for (kind, logical_id), arn in self._resources.items():
            if kind == "AWS::StepFunctions::StateMachine":
                for execution in states.list_executions(stateMachineArn=arn)["executions"]:
                    # The local cloud's workflows go by the simulated clock.
                    minute = int(execution["startDate"].timestamp() // 60)
                    for status, name in ENDED.items():
                        ended = float(execution["status"] == status)
                        self._recording.put(
                            "AWS/States", name, {"StateMachineArn": logical_id}, minute=minute, value=ended
                        )

    def _add_answers(self) -> None:
        (name,) = [
            resource["Properties"]["Name"]
            for resource in self._templates["Doors"]["Resources"].values()
            if resource["Type"] == "AWS::ApiGateway::RestApi"
        ]
        for moment, status, seconds in self._stage.api.answered:
            where = {"ApiName": name}
            self._put("AWS/ApiGateway", "Latency", where, moment, seconds * 1000)
            self._put("AWS/ApiGateway", "5XXError", where, moment, float(status >= SERVER_ERROR))
            client_error = CLIENT_ERROR <= status < SERVER_ERROR
            self._put("AWS/ApiGateway", "4XXError", where, moment, float(client_error))

    def _put(self, namespace: str, name: str, dimensions: Mapping[str, str], moment: float, value: float) -> None:
        self._recording.put(namespace, name, dimensions, minute=self._minute(moment), value=value)

    def _minute(self, moment: float) -> int:
        """The simulated minute of a moment of this machine."""
        ahead = next((ahead for at, ahead in reversed(self._ahead) if at <= moment), self._ahead[0][1])
        return int((moment + ahead) // 60)
