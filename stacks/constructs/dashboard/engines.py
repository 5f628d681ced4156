"""The YAWL engines: are they read, do they announce, and does their usage have customers."""

from aws_cdk import aws_sqs as sqs

from runtime.metric_names import YawlMetric
from stacks.constructs.dashboard.panels import (
    BLUE,
    FIVE_MINUTES,
    GREEN,
    GREY,
    ORANGE,
    RED,
    OwnMetrics,
    Row,
    bars,
    heading,
    in_hours,
    lines,
)

YAWL = "yawl"


def rows(metrics: OwnMetrics, unattributed: sqs.IQueue, *, page_at_hours: int) -> list[Row]:
    """A row of panels. unattributed: the queue of usage without a customer."""
    panels: Row = [
        lines(
            "Longest time without a good reading",
            [in_hours(metrics.level(YAWL, YawlMetric.OLDEST_GOOD_POLL_AGE, ""), "hours")],
            width=6,
            unit="hours",
            limits={"page": page_at_hours},
        ),
        bars(
            "Readings of engines' logs",
            [
                metrics.of(YAWL, YawlMetric.POLLS_GOOD, "good", colour=GREEN),
                metrics.of(YAWL, YawlMetric.POLLS_FAILED, "failed", colour=RED),
            ],
            width=6,
            unit="readings an hour",
        ),
        lines(
            "Started cases",
            [
                metrics.of(YAWL, YawlMetric.STARTS_FOUND, "found in logs", colour=GREEN),
                metrics.of(YAWL, YawlMetric.STARTS_ANNOUNCED, "announced", colour=BLUE),
                metrics.of(YAWL, YawlMetric.CASES_WITHOUT_ROW, "without a row", colour=RED),
                metrics.of(YAWL, YawlMetric.AUDIT_DIFFERENCES, "differences of the audit", colour=ORANGE),
            ],
            width=6,
            unit="an hour",
        ),
        lines(
            "Not billed yet",
            [
                unattributed.metric_approximate_number_of_messages_visible(
                    period=FIVE_MINUTES, statistic="Maximum", label="messages without a customer", color=ORANGE
                ),
                metrics.of(YAWL, YawlMetric.ACCESS_LOGS_REFUSED, "access logs refused", colour=RED),
                metrics.level(YAWL, YawlMetric.ENGINE_FAULTS, "engines with another database", colour=GREY),
            ],
            width=6,
        ),
    ]
    return [
        heading(
            "YAWL engines",
            "Each engine is read every few minutes; what it announced is found in its log.",
            ["engines-without-poll", "engines-faults", "engines-unattributed"],
        ),
        panels,
    ]
