"""Alarms as templates have them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

METRIC_ALARM = "AWS::CloudWatch::Alarm"
COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
#: Characters that CDK appends to a construct's path in a logical id.
HASH = 8
#: Templates by the last word of their stack's name, for example ``Watch``.
Templates = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Metric:
    """A metric as one alarm reads it. dimensions: a reference is the logical id behind it. period: seconds."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    period: int


@dataclass(frozen=True)
class Alarm:
    """A metric alarm or a composite one.

    logical_id: with its hash. metrics: those of a metric alarm, alone or under a sum; a query has none.
    """

    logical_id: str
    stack: str
    properties: Mapping[str, Any]
    metrics: tuple[Metric, ...]

    @property
    def name(self) -> str:
        """The logical id without its hash, as in docs/operations.md."""
        return self.logical_id[:-HASH]

    @property
    def composite(self) -> bool:
        """Whether it looks at other alarms."""
        return "AlarmRule" in self.properties

    @property
    def text(self) -> str:
        """Its description."""
        return str(self.properties["AlarmDescription"])

    @property
    def severity(self) -> str:
        """Page, Ticket or Silent."""
        return self.text.split("]")[0].strip("[")

    @property
    def actions(self) -> list[Any]:
        """What it calls when it goes off."""
        return list(self.properties.get("AlarmActions", []))

    @property
    def query(self) -> str | None:
        """Its query of CloudWatch Metrics Insights."""
        found = [q["Expression"] for q in self.properties.get("Metrics", []) if "SELECT" in q.get("Expression", "")]
        return found[0] if found else None

    @property
    def ids(self) -> list[str]:
        """What its expression calls the metrics, in their order."""
        return [query["Id"] for query in self.properties.get("Metrics", []) if "MetricStat" in query]

    @property
    def expression(self) -> str | None:
        """The expression whose value a metric alarm compares; None for a single metric."""
        found = [query["Expression"] for query in self.properties.get("Metrics", []) if query.get("ReturnData")]
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

    @property
    def suppressor(self) -> str | None:
        """Of a composite alarm: the logical id of the alarm that keeps it silent."""
        found = self.properties.get("ActionsSuppressor")
        return str(found["Fn::GetAtt"][0]) if found else None


def read_alarms(templates: Templates, *, stack: str = "Watch") -> dict[str, Alarm]:
    """All alarms of a stack, metric alarms and composite ones, by logical id."""
    resources = templates[stack]["Resources"]
    found = {}
    for kind in (METRIC_ALARM, COMPOSITE):
        for logical_id, resource in resources.items():
            if resource["Type"] == kind:
                properties = resource["Properties"]
                found[logical_id] = Alarm(logical_id, stack, properties, _metrics(templates, properties))
    return found


def owner(templates: Templates, value: Any) -> str:
    """The logical id behind a reference, to another stack's output too; plain text is its own."""
    if isinstance(value, str):
        return value
    if "Fn::GetStackOutput" not in value:
        return str(value.get("Ref") or value["Fn::GetAtt"][0])
    looked_up = value["Fn::GetStackOutput"]
    stack = looked_up["StackName"].rsplit("-", 1)[-1]
    return owner(templates, templates[stack]["Outputs"][looked_up["OutputName"]]["Value"])


def _metrics(templates: Templates, properties: Mapping[str, Any]) -> tuple[Metric, ...]:
    if "MetricName" in properties:
        return (_metric(templates, properties, properties["Statistic"], properties["Period"]),)
    stats = [query["MetricStat"] for query in properties.get("Metrics", []) if "MetricStat" in query]
    return tuple(_metric(templates, stat["Metric"], stat["Stat"], stat["Period"]) for stat in stats)


def _metric(templates: Templates, metric: Mapping[str, Any], statistic: str, period: int) -> Metric:
    dimensions = {entry["Name"]: owner(templates, entry["Value"]) for entry in metric.get("Dimensions", [])}
    return Metric(metric["Namespace"], metric["MetricName"], dimensions, statistic, period)
