"""Metrics that CloudWatch Logs makes of a log's JSON lines, by the filters of a template.

CloudWatch Logs User Guide, "Filter pattern syntax": of its patterns for JSON the form that ours have, texts compared by
``=`` and ``!=`` with ``*`` at the end, joined by ``&&`` and ``||`` in brackets.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from local.alarm_judge.alarms import Templates
from local.alarm_judge.recording import Recording

FILTER = "AWS::Logs::MetricFilter"
TERM = re.compile(r'\$\.(\w+) (!?=) "([^"]+)"')
#: What stays of a pattern when its terms have become values.
REST = re.compile(r"(?:True|False|and|or|[() ])+")


@dataclass(frozen=True)
class MetricFilter:
    """A filter, and the metric that counts the lines it matches; such a metric has no dimensions."""

    pattern: str
    namespace: str
    name: str

    def matches(self, line: Mapping[str, str]) -> bool:
        """Whether it counts this line. Raises ValueError for a pattern of another form."""

        def holds(found: re.Match[str]) -> str:
            field, operator, text = found.groups()
            return str(fnmatchcase(line[field], text) == (operator == "="))

        terms = TERM.sub(holds, self.pattern.strip("{} ")).replace("&&", "and").replace("||", "or")
        if not REST.fullmatch(terms):
            raise ValueError(f"this filter pattern is not understood: {self.pattern}")
        return bool(eval(terms))  # noqa: S307 (nothing but True, False, and, or, brackets)


def read_filters(templates: Templates) -> list[MetricFilter]:
    """All filters of a stage."""
    return [
        MetricFilter(properties["FilterPattern"], made["MetricNamespace"], made["MetricName"])
        for template in templates.values()
        for properties in _filters(template)
        for made in properties["MetricTransformations"]
    ]


def put_line(recording: Recording, filters: list[MetricFilter], line: Mapping[str, str], minute: int) -> None:
    """Record what the filters make of one line of the log."""
    for each in filters:
        if each.matches(line):
            recording.put(each.namespace, each.name, {}, minute=minute)


def _filters(template: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [found["Properties"] for found in template["Resources"].values() if found["Type"] == FILTER]
