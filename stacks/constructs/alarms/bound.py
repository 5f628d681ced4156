"""``Alarms``: makes alarms that are bound to a place in the construct tree, to a service and to the people to call."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypedDict, Unpack

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.alarms.message import Message
from stacks.constructs.alarms.routes import AlarmRoutes
from stacks.constructs.alarms.runbook import page_of
from stacks.constructs.alarms.symptoms import WAIT, Group, Symptoms
from stacks.constructs.functions.function import Function

COMPARE = cloudwatch.ComparisonOperator
MISSING = cloudwatch.TreatMissingData
FIVE_MINUTES = Duration.minutes(5)
QUARTER = Duration.minutes(15)
HOUR = Duration.hours(1)
#: An alarm sums at most so many metrics (CloudWatch User Guide, "Alarm data queries").
LARGEST_SUM = 10
#: Failures in a period that are a hiccup: whoever called calls again.
FEW = 2


class When(TypedDict, total=False):
    """When an alarm goes off: the metric is ``at_least`` so much (or ``below`` it) for ``periods`` of its own length.

    out_of: the periods need not be consecutive, but lie among so many. missing: what a period without a value counts
    as; by default it is a good one.
    """

    at_least: float
    below: bool
    periods: int
    out_of: int
    missing: cloudwatch.TreatMissingData


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """Makes alarms at one place.

    scope: the construct below which it makes alarms. namespace, service: where functions emit the metrics that
    ``count`` and ``level`` read. symptoms: collects the groups.
    """

    scope: Construct
    routes: AlarmRoutes
    namespace: str
    service: str = ""
    symptoms: Symptoms = field(default_factory=Symptoms)

    def below(self, id_: str) -> "Alarms":
        """A copy for one part of the deployment; its alarms' names begin with ``id_``."""
        return replace(self, scope=Construct(self.scope, id_))

    def of(self, function: Function) -> "Alarms":
        """A copy for the metrics of the function's service."""
        return replace(self, service=function.service)

    def metric(self, name: StrEnum, statistic: str, period: Duration) -> cloudwatch.Metric:
        """A metric of the service's functions. name: of ``runtime.metric_names``."""
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=name.value,
            dimensions_map={"service": self.service},
            statistic=statistic,
            period=period,
        )

    def count(self, name: StrEnum, period: Duration, message: Message, *, id_: str = "", at_least: float = 1) -> None:
        """Call when functions have counted ``at_least`` so many in ``period``. A period without a value counts as
        none."""
        self.add(id_ or _title(name), self.metric(name, "Sum", period), message, at_least=at_least)

    def level(
        self,
        name: StrEnum,
        message: Message,
        *,
        id_: str = "",
        at_least: float = 1,
        below: bool = False,
        period: Duration = FIVE_MINUTES,
    ) -> None:
        """Call when the last reading of a level is ``at_least`` so much, or ``below`` it.

        period: where several functions emit the level, so long that each does within it: the worst reading counts.
        Functions emit a level now and then, also when it is zero. While no function reads it the alarm stays as it is;
        that no function reads it has an alarm of its own.
        """
        metric = self.metric(name, "Minimum" if below else "Maximum", period)
        self.add(id_ or _title(name), metric, message, at_least=at_least, below=below, missing=MISSING.IGNORE)

    def add(self, id_: str, metric: cloudwatch.IMetric, message: Message, **when: Unpack[When]) -> None:
        """Make an alarm that calls the people of the message's severity."""
        text = message.told(page_of(self.scope, id_))
        self.routes.send(self._alarm(id_, metric, text, when), message.severity)

    def silent(self, id_: str, metric: cloudwatch.IMetric, happened: str, **when: Unpack[When]) -> cloudwatch.Alarm:
        """An alarm that calls no person; a group calls for it, and names its page. happened: one sentence."""
        return self._alarm(id_, metric, f"[Silent] {happened}", when)

    def group(
        self,
        id_: str,
        members: Sequence[cloudwatch.Alarm],
        message: Message,
        *,
        witness: bool = False,
        wait: Duration | None = None,
    ) -> None:
        """Call when one of the silent alarms has been up for so long, unless the store is down.

        wait: by default that of the message's severity. witness: a member that is up proves that something fails now,
        so it may help to prove that the store is down.
        """
        self.symptoms.groups.append(Group(self.scope, id_, tuple(members), message, wait or WAIT[message.severity]))
        if witness:
            self.symptoms.witnesses.extend(members)

    def _alarm(self, id_: str, metric: cloudwatch.IMetric, description: str, when: When) -> cloudwatch.Alarm:
        periods, out_of = when.get("periods", 1), when.get("out_of")
        below = when.get("below", False)
        return cloudwatch.Alarm(
            self.scope,
            id_,
            metric=metric,
            alarm_description=description,
            threshold=when.get("at_least", 1),
            evaluation_periods=out_of or periods,
            datapoints_to_alarm=periods if out_of else None,
            comparison_operator=COMPARE.LESS_THAN_THRESHOLD if below else COMPARE.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=when.get("missing", MISSING.NOT_BREACHING),
        )


def sums_of(metrics: Sequence[cloudwatch.IMetric], period: Duration = FIVE_MINUTES) -> list[cloudwatch.MathExpression]:
    """Sums over all the metrics, as few as possible. A metric without a value counts as nothing."""
    return [
        cloudwatch.MathExpression(
            expression="SUM(METRICS())",
            using_metrics={f"m{number}": metric for number, metric in enumerate(metrics[first : first + LARGEST_SUM])},
            period=period,
        )
        for first in range(0, len(metrics), LARGEST_SUM)
    ]


def many(bad: cloudwatch.IMetric, of: cloudwatch.IMetric, period: Duration) -> cloudwatch.MathExpression:
    """``bad`` where it is more than a hiccup, else 0: more than ``FEW`` in a period, and more than one in a hundred.

    of: what the share is of. With much traffic one call in a thousand fails on a good day, and is repeated.
    """
    return cloudwatch.MathExpression(
        expression=f"IF(bad > {FEW} AND bad > FILL(every, 0) / 100, bad, 0)",
        using_metrics={"bad": bad, "every": of},
        period=period,
    )


def _title(metric: StrEnum) -> str:
    """``LINES_CONFLICT`` → ``LinesConflict``."""
    return metric.name.title().replace("_", "")
