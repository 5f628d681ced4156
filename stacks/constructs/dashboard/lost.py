"""Is something lost: lines that ended otherwise than billed, dead letters, and usage that was refused."""

from collections.abc import Mapping

from aws_cdk import aws_sqs as sqs

from marketplace.dimensions import Dimension
from runtime.metric_names import ArchiveMetric, MeteringMetric, ReconcileMetric, UsageMetric
from stacks.constructs.alarms.reconciliation import OVERDUE
from stacks.constructs.dashboard.money import METERING
from stacks.constructs.dashboard.panels import (
    BLUE,
    FIVE_MINUTES,
    GREY,
    ORANGE,
    RED,
    OwnMetrics,
    Row,
    bars,
    have_prices,
    heading,
    in_hours,
    lines,
)

RECONCILE = "reconcile"
#: The books with which the ledger is compared, by the metric of what is open.
BOOKS = {
    "CloudTrail": (ReconcileMetric.OPEN_FINDINGS_CALLS, RED),
    "usage feed": (ReconcileMetric.OPEN_FINDINGS_USAGE, ORANGE),
    "invoices": (ReconcileMetric.OPEN_FINDINGS_INVOICES, GREY),
}


def rows(
    metrics: OwnMetrics,
    for_people: Mapping[str, sqs.IQueue],
    *,
    dimensions: Mapping[str, Dimension],
    currency: str,
) -> list[Row]:
    """Two rows of panels. for_people: the queues that no function takes from, by their labels."""
    kept = [
        queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum", label=label)
        for label, queue in for_people.items()
    ]
    failed = [metrics.level(METERING, MeteringMetric.FAILED_LINES, "lines", colour=RED)]
    if have_prices(dimensions):
        failed.append(metrics.level(METERING, MeteringMetric.FAILED_MONEY, f"{currency} at list prices", colour=GREY))
    panels: Row = [
        lines("Failed lines that nobody has resolved", failed, width=6),
        bars(
            "How lines failed, and what the audit found",
            [
                metrics.of(METERING, MeteringMetric.LINES_EXPIRED, "expired", colour=RED),
                metrics.of(METERING, MeteringMetric.LINES_CONFLICT, "conflict", colour=ORANGE),
                metrics.of(METERING, MeteringMetric.LINES_PRESUMED_ON_FILE, "presumed on file", colour=GREY),
                metrics.of("archive", ArchiveMetric.CONSERVATION_FINDINGS, "differences of the audit", colour=BLUE),
            ],
            width=6,
            unit="an hour",
        ),
        bars("Dead letters, and what waits for people", kept, width=6, unit="messages"),
        bars(
            "Usage refused",
            [
                metrics.of("usage", UsageMetric.EVENTS_REFUSED, "events", colour=RED),
                metrics.of("usage", UsageMetric.QUEUED_EVENTS_GAVE_UP, "waited a day in vain", colour=ORANGE),
                metrics.of("usage", UsageMetric.REQUESTS_REFUSED, "requests that cannot be read", colour=GREY),
            ],
            width=6,
            unit="an hour",
        ),
    ]
    books: Row = [
        lines(
            "Open findings, by book of AWS",
            [metrics.level(RECONCILE, name, book, colour=colour) for book, (name, colour) in BOOKS.items()],
            width=12,
            unit="findings",
        ),
        lines(
            "Time since the last whole comparison, of the book that is furthest behind",
            [in_hours(metrics.level(RECONCILE, ReconcileMetric.RECONCILIATION_AGE, ""), "hours")],
            width=12,
            unit="hours",
            limits={"ticket": OVERDUE.to_hours()},
        ),
    ]
    return [
        heading(
            "Is something lost?",
            "All stay at zero but the age of the comparison, or a person deals with what they show.",
            [
                *("metering-failed-lines", "usage-queue-dead", "notices-dead", "usage-queue-refused"),
                *("reconciliation-findings", "reconciliation-overdue"),
            ],
        ),
        panels,
        books,
    ]
