"""Is the system well: alarms, functions, the API, tables and queues."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from stacks.constructs.alarms.message import Severity
from stacks.constructs.alarms.store import of_table
from stacks.constructs.dashboard.panels import (
    BLUE,
    FIVE_MINUTES,
    GRID,
    HEIGHT,
    ORANGE,
    RED,
    Row,
    bars,
    heading,
    lines,
)
from stacks.constructs.functions.function import Function

WORST = "p99"
ORDER = cloudwatch.AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP


def rows(
    *,
    told: Mapping[Severity, Sequence[cloudwatch.IAlarm]],
    functions: Mapping[str, Function],
    api: apigateway.RestApi,
    tables: Mapping[str, str],
    waiting: Mapping[str, sqs.IQueue],
) -> list[Row]:
    """Three rows of panels. told: the alarms that call people. tables: names by what alarms call them. waiting: as for
    ``late``."""
    alarms: Row = [
        cloudwatch.AlarmStatusWidget(
            title=title, alarms=list(told[severity]), width=GRID // 2, height=HEIGHT, sort_by=ORDER
        )
        for severity, title in ((Severity.PAGE, "Pages"), (Severity.TICKET, "Tickets"))
    ]
    running: Row = [
        bars(
            "Functions that failed",
            [f.function.metric_errors(period=FIVE_MINUTES, label=name) for name, f in functions.items()],
            width=8,
            unit="invocations",
        ),
        lines(
            "How long functions took (p99)",
            [
                f.function.metric_duration(period=FIVE_MINUTES, statistic=WORST, label=name)
                for name, f in functions.items()
            ],
            width=8,
            unit="milliseconds",
        ),
        lines(
            "API: latency",
            [
                api.metric_latency(period=FIVE_MINUTES, statistic=WORST, label=WORST, color=ORANGE),
                api.metric_latency(period=FIVE_MINUTES, statistic="p50", label="p50", color=BLUE),
            ],
            width=8,
            unit="milliseconds",
        ),
    ]
    below: Row = [
        bars(
            "API: answers other than 2xx",
            [
                api.metric_client_error(period=FIVE_MINUTES, statistic="Sum", label="4xx", color=ORANGE),
                api.metric_server_error(period=FIVE_MINUTES, statistic="Sum", label="5xx", color=RED),
            ],
            width=8,
            unit="answers",
        ),
        bars(
            "Tables: throttled requests",
            [of_table("ThrottledRequests", name, label=label) for label, name in tables.items()],
            width=8,
            unit="requests",
        ),
        lines(
            "Age of the oldest message",
            [
                queue.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, statistic="Maximum", label=label)
                for label, queue in waiting.items()
            ],
            width=8,
            unit="seconds",
        ),
    ]
    return [
        heading(
            "Is the system well?",
            "Red alarms say so; each alarm's text ends with its runbook.",
            ["store-down", "functions-fail", "api-fails", "store-refuses", "bad-deploy"],
        ),
        alarms,
        running,
        below,
    ]
