"""One alarm: a metric, a threshold, what it means to the person it wakes."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.alarms.routes import AlarmRoutes, Severity

COMPARE = cloudwatch.ComparisonOperator
MISSING = cloudwatch.TreatMissingData
FIVE_MINUTES = Duration.minutes(5)
QUARTER = Duration.minutes(15)
HOUR = Duration.hours(1)
#: what a metric alarm may look at (CloudWatch User Guide, "Alarm data queries")
LARGEST_SUM = 10


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What the person reads, at 3 a.m. too: whole sentences.

    happened: what happened. money: what it means for what is billed. look: where to look, and what to do.
    """

    happened: str
    money: str
    look: str

    def text(self, severity: Severity) -> str:
        return f"[{severity.value}] {self.happened} {self.money} {self.look}"


def add_alarm(
    scope: Construct,
    id_: str,
    *,
    metric: cloudwatch.IMetric,
    means: Meaning,
    routes: AlarmRoutes,
    severity: Severity,
    at_least: float = 1,
    periods: int = 1,
    out_of: int | None = None,
    missing: cloudwatch.TreatMissingData = MISSING.NOT_BREACHING,
    below: bool = False,
) -> cloudwatch.Alarm:
    """Alarm when the metric is ``at_least`` that much (or ``below`` it) for ``periods`` of its own length.

    out_of: these need not come one after the other, but lie among so many.
    """
    alarm = _alarm(scope, id_, metric, means.text(severity), at_least, periods, out_of, missing, below=below)
    routes.send(alarm, severity)
    return alarm


def add_silent(
    scope: Construct,
    id_: str,
    *,
    metric: cloudwatch.IMetric,
    happened: str,
    at_least: float = 1,
    periods: int = 1,
    out_of: int | None = None,
    missing: cloudwatch.TreatMissingData = MISSING.NOT_BREACHING,
    below: bool = False,
) -> cloudwatch.Alarm:
    """The same, but it tells nobody by itself: it is a part of a composite alarm's rule."""
    return _alarm(scope, id_, metric, f"[Silent] {happened}", at_least, periods, out_of, missing, below=below)


def sum_of(*metrics: cloudwatch.IMetric, period: Duration = FIVE_MINUTES) -> cloudwatch.MathExpression:
    """One metric of several, each over ``period``. Those that have no value just now count as nothing."""
    assert 0 < len(metrics) <= LARGEST_SUM, f"an alarm sums at most {LARGEST_SUM} metrics"
    return cloudwatch.MathExpression(
        expression="SUM(METRICS())",
        using_metrics={f"m{number}": metric for number, metric in enumerate(metrics)},
        period=period,
    )


def _alarm(
    scope: Construct,
    id_: str,
    metric: cloudwatch.IMetric,
    description: str,
    at_least: float,
    periods: int,
    out_of: int | None,
    missing: cloudwatch.TreatMissingData,
    *,
    below: bool,
) -> cloudwatch.Alarm:
    return cloudwatch.Alarm(
        scope,
        id_,
        metric=metric,
        alarm_description=description,
        threshold=at_least,
        evaluation_periods=out_of or periods,
        datapoints_to_alarm=periods if out_of else None,
        comparison_operator=COMPARE.LESS_THAN_THRESHOLD if below else COMPARE.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=missing,
    )
