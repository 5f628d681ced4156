"""One alarm: a metric, a threshold, what it means to the person it wakes."""

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.alarms.routes import AlarmRoutes, Severity

COMPARE = cloudwatch.ComparisonOperator
MISSING = cloudwatch.TreatMissingData


def add_alarm(
    scope: Construct,
    id_: str,
    *,
    metric: cloudwatch.Metric,
    means: str,
    routes: AlarmRoutes,
    severity: Severity,
    at_least: float = 1,
    periods: int = 1,
    missing: cloudwatch.TreatMissingData = MISSING.NOT_BREACHING,
    below: bool = False,
) -> cloudwatch.Alarm:
    """Alarm when the metric is ``at_least`` that much (or ``below`` it) for ``periods`` of its own length.

    means: one sentence for the person: what happened and where to look.
    """
    alarm = cloudwatch.Alarm(
        scope,
        id_,
        metric=metric,
        alarm_description=f"[{severity.value}] {means}",
        threshold=at_least,
        evaluation_periods=periods,
        comparison_operator=COMPARE.LESS_THAN_THRESHOLD if below else COMPARE.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=missing,
    )
    routes.send(alarm, severity)
    return alarm
