"""What of a stage's templates is charged by the month, whether it is used or not."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: A month, as AWS's price pages count it.
HOURS = 730
DAYS = HOURS / 24

Templates = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Census:
    """Counts of a stage. alarm_metrics: metrics that its alarms look at. queries: alarms by a Metrics Insights query,
    charged by the metrics that it finds. polled: queues that Lambda polls. calls: invocations of functions by
    schedules a month. runs: of the hourly workflow a month. memory: MB by function. log_groups: their number."""

    alarms: int
    alarm_metrics: int
    queries: int
    composites: int
    dashboards: int
    secrets: int
    polled: int
    calls: float
    runs: float
    functions: int
    log_groups: int
    memory: Mapping[str, int]


def census(templates: Templates) -> Census:
    """The census of these templates, by stack. Raises ValueError for a schedule that it cannot read."""
    alarms = list(_of("AWS::CloudWatch::Alarm", templates))
    schedules = list(_of("AWS::Scheduler::Schedule", templates))
    runs = [each for each in schedules if "HourlyMetering" in str(each["Target"]["Arn"])]
    sources = list(_of("AWS::Lambda::EventSourceMapping", templates))
    return Census(
        alarms=len(alarms),
        alarm_metrics=sum(map(_metrics, alarms)),
        queries=sum(_metrics(alarm) == 0 for alarm in alarms),
        composites=len(list(_of("AWS::CloudWatch::CompositeAlarm", templates))),
        dashboards=len(list(_of("AWS::CloudWatch::Dashboard", templates))),
        secrets=len(list(_of("AWS::SecretsManager::Secret", templates))),
        polled=sum("StreamArn" not in str(source["EventSourceArn"]) for source in sources),
        calls=sum(a_month(each["ScheduleExpression"]) for each in schedules if each not in runs),
        runs=sum(a_month(each["ScheduleExpression"]) for each in runs),
        functions=len(list(_of("AWS::Lambda::Function", templates))),
        log_groups=len(list(_of("AWS::Logs::LogGroup", templates))),
        memory=dict(sorted((_name(each), int(each["MemorySize"])) for each in _of("AWS::Lambda::Function", templates))),
    )


def a_month(expression: str) -> float:
    """How often a schedule calls in a month. Raises ValueError for an expression of another form than a stage's."""
    if found := re.fullmatch(r"rate\((\d+) minutes?\)", expression):
        return HOURS * 60 / int(found[1])
    found = re.fullmatch(r"cron\((\S+) (\S+) (\S+) \* \? \*\)", expression)
    if not found:
        raise ValueError(f"{expression}: is neither rate(… minutes) nor cron(minutes hours day * ? *)")
    minutes, hours, day = found.groups()
    every = re.fullmatch(r"0/(\d+)", minutes)
    in_an_hour = 60 / int(every[1]) if every else 1
    in_a_day = 24 if hours == "*" else 1
    return in_an_hour * in_a_day * (DAYS if day == "*" else 1)


def _of(kind: str, templates: Templates) -> Iterator[Mapping[str, Any]]:
    for template in templates.values():
        for resource in template["Resources"].values():
            if resource["Type"] == kind:
                yield resource.get("Properties", {})


def _metrics(alarm: Mapping[str, Any]) -> int:
    """Metrics that an alarm looks at; 0 for a query."""
    return sum("MetricStat" in each for each in alarm["Metrics"]) if "Metrics" in alarm else 1


def _name(function: Mapping[str, Any]) -> str:
    """``metering.handlers.seal_hours.handler`` → ``seal-hours``."""
    return str(function["Handler"]).split(".")[-2].replace("_", "-")
