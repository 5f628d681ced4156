"""Who is affected: which dimensions are at risk, and which customers, by the functions' logs (metrics name none)."""

from collections.abc import Mapping

from marketplace.dimensions import Dimension
from runtime.metric_names import MeteringMetric, RegistrationMetric, SubscriptionMetric
from stacks.constructs.dashboard.money import METERING
from stacks.constructs.dashboard.panels import GREY, ORANGE, RED, OwnMetrics, Row, bars, heading, lines, logs

NOT_BILLED = (
    "filter message = 'settled' and verdict != 'billed'",
    "stats count(*) as lines, latest(detail) as reason by customer, dimension, verdict",
    "sort lines desc",
    "limit 20",
)
WAITS = (
    "filter message = 'hour waits'",
    "stats count(*) as times, min(hour) as oldest by customer, reason",
    "sort oldest",
    "limit 20",
)


def rows(metrics: OwnMetrics, *, dimensions: Mapping[str, Dimension], submitter_log: str, sealer_log: str) -> list[Row]:
    """Two rows of panels. submitter_log, sealer_log: names of log groups."""
    at_risk = [
        metrics.of(METERING, MeteringMetric.AT_RISK_UNITS, name, statistic="Maximum", dimension=name)
        for name in sorted(dimensions)
    ]
    measured: Row = [
        lines("Units at risk, by dimension", at_risk, width=8, unit="recorded units"),
        bars(
            "Lines that Marketplace refuses, and unusual hours",
            [
                metrics.of(METERING, MeteringMetric.LINES_REJECTED, "lines rejected", colour=RED),
                metrics.of(METERING, MeteringMetric.UNUSUAL_HOURS, "hours far above the usual", colour=ORANGE),
            ],
            width=8,
            unit="an hour",
        ),
        bars(
            "Buyers",
            [
                metrics.of(
                    "registration", RegistrationMetric.REGISTRATIONS_REFUSED, "registration refused", colour=RED
                ),
                metrics.of("subscription", SubscriptionMetric.BUYER_WARNINGS, "warned by AWS", colour=ORANGE),
                metrics.of("registration", RegistrationMetric.REGISTRATIONS, "registered", colour=GREY),
            ],
            width=8,
            unit="an hour",
        ),
    ]
    named: Row = [
        logs("Customers whose lines were not billed", submitter_log, NOT_BILLED, width=12),
        logs("Customers whose hours cannot be sealed", sealer_log, WAITS, width=12),
    ]
    return [
        heading(
            "Who is affected?",
            "`bin/ops pending`, `bin/ops failed` and `bin/ops customer ID` say more of each customer.",
            ["metering-lines-rejected", "metering-at-risk-lines", "over-reporting"],
        ),
        measured,
        named,
    ]
