"""Panels of the dashboard: graphs, logs, alarms and headings, in the sizes that fit its grid of 24 columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from marketplace.dimensions import Dimension

#: Columns of a dashboard's grid (CloudWatch API Reference, "Dashboard Body Structure and Syntax").
GRID = 24
HEIGHT = 6
#: A legend of more curves needs the height of its panel.
MANY = 8
HOUR = Duration.hours(1)
FIVE_MINUTES = Duration.minutes(5)
RUNBOOKS = "docs/runbooks"
GREEN, BLUE, GREY, ORANGE, RED = "#2e8540", "#1f6fb2", "#8a94a0", "#d9822b", "#c23030"
Row = Sequence[cloudwatch.IWidget]


@dataclass(frozen=True, kw_only=True)
class OwnMetrics:
    """Metrics that the stage's functions emit. namespace: theirs."""

    namespace: str

    def of(
        self,
        service: str,
        name: StrEnum,
        label: str,
        *,
        statistic: str = "Sum",
        period: Duration = HOUR,
        colour: str | None = None,
        **dimensions: str,
    ) -> cloudwatch.Metric:
        """A metric of ``runtime.metric_names``; dimensions: others than the service."""
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=name.value,
            dimensions_map={"service": service, **dimensions},
            statistic=statistic,
            period=period,
            label=label,
            color=colour,
        )

    def level(self, service: str, name: StrEnum, label: str, *, colour: str | None = None) -> cloudwatch.Metric:
        """A level, which functions emit now and then: its highest reading of the hour."""
        return self.of(service, name, label, statistic="Maximum", colour=colour)


def heading(question: str, answer: str, pages: Sequence[str]) -> Row:
    """A row with the question, how its panels answer it, and the runbooks that follow from a bad answer."""
    links = ", ".join(f"`{page}`" for page in pages)
    text = f"## {question}\n{answer} Runbooks ({RUNBOOKS}): {links}"
    return [cloudwatch.TextWidget(markdown=text, width=GRID, height=2)]


def lines(
    title: str,
    metrics: Sequence[cloudwatch.IMetric],
    *,
    width: int,
    unit: str = "",
    limits: Mapping[str, float] | None = None,
    stacked: bool = False,
) -> cloudwatch.GraphWidget:
    """A graph over time. unit: of its axis. limits: values at which alarms call, by what they mean."""
    position = cloudwatch.LegendPosition
    return cloudwatch.GraphWidget(
        title=title,
        left=list(metrics),
        width=width,
        height=HEIGHT,
        stacked=stacked,
        left_y_axis=cloudwatch.YAxisProps(min=0, label=unit, show_units=False),
        left_annotations=[
            cloudwatch.HorizontalAnnotation(label=label, value=value, color=RED)
            for label, value in (limits or {}).items()
        ],
        legend_position=position.RIGHT if len(metrics) > MANY else position.BOTTOM,
    )


def bars(title: str, metrics: Sequence[cloudwatch.IMetric], *, width: int, unit: str = "") -> cloudwatch.GraphWidget:
    """Counts by hour or by five minutes, on top of each other, over time."""
    return lines(title, metrics, width=width, unit=unit, stacked=True)


def numbers(title: str, metrics: Sequence[cloudwatch.IMetric], *, width: int) -> cloudwatch.SingleValueWidget:
    """The latest values, each with its course."""
    return cloudwatch.SingleValueWidget(title=title, metrics=list(metrics), width=width, height=HEIGHT, sparkline=True)


def logs(title: str, group: str, query: Sequence[str], *, width: int) -> cloudwatch.LogQueryWidget:
    """A table of CloudWatch Logs Insights over one log group."""
    return cloudwatch.LogQueryWidget(
        title=title, log_group_names=[group], query_lines=list(query), width=width, height=HEIGHT
    )


def have_prices(dimensions: Mapping[str, Dimension]) -> bool:
    """Whether there is money to show."""
    return any(dimension.price is not None for dimension in dimensions.values())


def in_hours(seconds: cloudwatch.Metric, label: str) -> cloudwatch.MathExpression:
    """A number of seconds as hours."""
    return cloudwatch.MathExpression(
        expression="s / 3600", using_metrics={"s": seconds}, label=label, period=HOUR, color=BLUE
    )
