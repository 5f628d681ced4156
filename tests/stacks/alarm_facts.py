"""Alarms of templates, as the tests ask for them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.synthesized import Assembly

METRIC_ALARM = "AWS::CloudWatch::Alarm"
COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
#: Characters that CDK appends to a construct's path in a logical id.
HASH = 8


@dataclass(frozen=True)
class Metric:
    namespace: str
    name: str
    dimensions: dict[str, Any]
    statistic: str
    period: int


@dataclass(frozen=True)
class Alarm:
    """logical_id: with its hash. name: without, as in docs/operations.md."""

    logical_id: str
    stack: str
    properties: dict[str, Any]

    @property
    def name(self) -> str:
        return self.logical_id[:-HASH]

    @property
    def text(self) -> str:
        return str(self.properties["AlarmDescription"])

    @property
    def severity(self) -> str:
        """Page, Ticket or Silent."""
        return self.text.split("]")[0].strip("[")

    @property
    def actions(self) -> list[Any]:
        return list(self.properties.get("AlarmActions", []))

    @cached_property
    def metrics(self) -> list[Metric]:
        p = self.properties
        if "MetricName" in p:
            return [_metric(p, p["Statistic"], p["Period"])]
        stats = [query["MetricStat"] for query in p.get("Metrics", []) if "MetricStat" in query]
        return [_metric(stat["Metric"], stat["Stat"], stat["Period"]) for stat in stats]

    @property
    def query(self) -> str | None:
        """Of CloudWatch Metrics Insights."""
        found = [q["Expression"] for q in self.properties.get("Metrics", []) if "SELECT" in q.get("Expression", "")]
        return found[0] if found else None

    @property
    def period(self) -> int:
        """Seconds."""
        return self.metrics[0].period if self.metrics else int(self.properties["Metrics"][0]["Period"])

    @property
    def rule(self) -> list[Any]:
        """Of a composite alarm: text and references by turns."""
        return list(self.properties["AlarmRule"]["Fn::Join"][1])

    @property
    def members(self) -> list[str]:
        """Of a composite alarm: the logical ids in its rule, each once."""
        return list(dict.fromkeys(part["Fn::GetAtt"][0] for part in self.rule if isinstance(part, dict)))


def _metric(metric: dict[str, Any], statistic: str, period: int) -> Metric:
    dimensions = {entry["Name"]: entry["Value"] for entry in metric.get("Dimensions", [])}
    return Metric(metric["Namespace"], metric["MetricName"], dimensions, statistic, period)


def alarms(assembly: Assembly, *, stack: str = "Watch") -> dict[str, Alarm]:
    """All of a stack, metric alarms and composite ones, by logical id."""
    return {
        name: Alarm(name, stack, resource["Properties"])
        for kind in (METRIC_ALARM, COMPOSITE)
        for name, resource in assembly.resources(kind, stack=stack)
    }


def on(assembly: Assembly, metric: str) -> list[Alarm]:
    """The alarms that look at a metric of that name, alone or among others."""
    return [alarm for alarm in alarms(assembly).values() if any(m.name == metric for m in alarm.metrics)]


def named(assembly: Assembly, name: str) -> Alarm:
    (alarm,) = [alarm for alarm in alarms(assembly).values() if alarm.name == name]
    return alarm


def speaker(assembly: Assembly, alarm: Alarm) -> Alarm:
    """The alarm that calls: the alarm itself, or the composite alarm that it is a part of."""
    if alarm.severity != "Silent":
        return alarm
    spoken = [c for c in alarms(assembly).values() if "AlarmRule" in c.properties and alarm.logical_id in c.members]
    (one,) = [composite for composite in spoken if composite.name != "StoreDown"] or spoken
    return one


def owner(assembly: Assembly, value: Any) -> str:
    """The logical id behind a reference, to another stack's output too."""
    if "Fn::GetStackOutput" not in value:
        return str(value.get("Ref") or value["Fn::GetAtt"][0])
    looked_up = value["Fn::GetStackOutput"]
    stack = looked_up["StackName"].rsplit("-", 1)[-1]
    return owner(assembly, assembly.template(stack)["Outputs"][looked_up["OutputName"]]["Value"])


def watched(assembly: Assembly, metric: str, dimension: str) -> dict[str, Alarm]:
    """Logical ids of the resources whose metric has an alarm, each with the alarm."""
    return {
        owner(assembly, found.dimensions[dimension]): alarm
        for alarm in on(assembly, metric)
        for found in alarm.metrics
        if found.name == metric
    }
