"""Is money flowing: usage comes in, lines go to AWS Marketplace, and each hour has its run."""

from collections.abc import Mapping

from aws_cdk import aws_stepfunctions as sfn

from marketplace.dimensions import Dimension
from runtime.metric_names import MeteringMetric, UsageMetric
from stacks.constructs.dashboard.panels import (
    BLUE,
    GREEN,
    GREY,
    HOUR,
    ORANGE,
    RED,
    OwnMetrics,
    Row,
    bars,
    have_prices,
    heading,
)

METERING = "metering"


def rows(
    metrics: OwnMetrics, workflow: sfn.IStateMachine, *, dimensions: Mapping[str, Dimension], currency: str
) -> list[Row]:
    """Two rows of panels. dimensions: what the stage sells; currency: of their prices."""
    billed = [metrics.of(METERING, MeteringMetric.UNITS_BILLED, name, dimension=name) for name in sorted(dimensions)]
    worth = [metrics.of(METERING, MeteringMetric.MONEY_BILLED, currency, colour=GREEN)]
    has_prices = have_prices(dimensions)
    width = 6 if has_prices else 8
    flow: Row = [
        bars(
            "Lines billed",
            [
                metrics.of(METERING, MeteringMetric.LINES_BILLED, "billed", colour=GREEN),
                metrics.of(METERING, MeteringMetric.LINES_NOT_SENT, "not sent (mode)", colour=GREY),
            ],
            width=width,
            unit="lines an hour",
        ),
        bars("Units billed, by dimension", billed, width=width, unit="billed units an hour"),
        *([bars("Money billed, at list prices", worth, width=width, unit=f"{currency} an hour")] if has_prices else []),
        bars(
            "Calls of BatchMeterUsage",
            [metrics.of(METERING, MeteringMetric.MARKETPLACE_CALLS, "calls", colour=BLUE)],
            width=width,
            unit="calls an hour",
        ),
    ]
    come_in: Row = [
        bars(
            "Hourly runs",
            [
                workflow.metric_succeeded(period=HOUR, label="succeeded", color=GREEN),
                workflow.metric_failed(period=HOUR, label="failed", color=RED),
                workflow.metric_timed_out(period=HOUR, label="timed out", color=ORANGE),
                workflow.metric_aborted(period=HOUR, label="aborted", color=GREY),
            ],
            width=8,
            unit="runs an hour",
        ),
        bars(
            "Usage events that came in",
            [
                metrics.of("usage", UsageMetric.EVENTS_RECORDED, "recorded", colour=GREEN),
                metrics.of("usage", UsageMetric.EVENTS_DUPLICATE, "duplicates", colour=GREY),
                metrics.of("usage", UsageMetric.EVENTS_VOIDED, "taken back", colour=ORANGE),
            ],
            width=8,
            unit="events an hour",
        ),
        bars(
            "Hours sealed",
            [
                metrics.of(METERING, MeteringMetric.HOURS_SEALED, "sealed", colour=BLUE),
                metrics.of(METERING, MeteringMetric.ZERO_RECORDS, "opened without usage", colour=GREY),
            ],
            width=8,
            unit="customer-hours an hour",
        ),
    ]
    return [
        heading(
            "Is money flowing?",
            "Each hour has a run that succeeded, and lines are billed in the hours after usage came in.",
            ["metering-stopped", "metering-product-faults"],
        ),
        flow,
        come_in,
    ]
