"""Is it late: how old is what waits, and how near is the moment from which AWS Marketplace refuses it."""

from collections.abc import Mapping

from aws_cdk import aws_sqs as sqs

from runtime.metric_names import MeteringMetric
from stacks.constructs.alarms.hours import LAST_HOURS
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
    heading,
    in_hours,
    lines,
)


def rows(
    metrics: OwnMetrics, waiting: Mapping[str, sqs.IQueue], *, ticket_at_hours: int, page_at_hours: int
) -> list[Row]:
    """A row of panels. waiting: the queues in which usage and notices wait for a function, by their labels."""
    oldest = metrics.level(METERING, MeteringMetric.OLDEST_PENDING_HOUR_AGE, "")
    nearest = metrics.of(METERING, MeteringMetric.NEAREST_DEADLINE, "", statistic="Minimum")
    depths = [
        queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum", label=label)
        for label, queue in waiting.items()
    ]
    panels: Row = [
        lines(
            "Age of the oldest pending hour",
            [in_hours(oldest, "oldest")],
            width=6,
            unit="hours",
            limits={"ticket": ticket_at_hours, "page": page_at_hours},
        ),
        lines(
            "Time until the nearest deadline",
            [in_hours(nearest, "left")],
            width=6,
            unit="hours",
            limits={"page (below)": LAST_HOURS.to_hours()},
        ),
        lines(
            "Pending hours, and what people hold back",
            [
                metrics.level(METERING, MeteringMetric.PENDING_HOURS, "pending after the run", colour=BLUE),
                metrics.of(METERING, MeteringMetric.HOURS_WAITING, "cannot be sealed", colour=ORANGE),
                metrics.level(METERING, MeteringMetric.HELD_LINES, "lines held for a person", colour=RED),
                metrics.level(METERING, MeteringMetric.PAUSED_CUSTOMERS, "pauses", colour=GREY),
            ],
            width=6,
        ),
        bars("Messages that wait for a function", depths, width=6, unit="messages"),
    ]
    return [
        heading(
            "Is it late?",
            "Nothing is pending after a run but what waits for a buyer; a whole day is left where nothing is pending.",
            ["metering-oldest-pending-hour", "metering-nearest-deadline", "metering-hours-waiting", "queues-late"],
        ),
        panels,
    ]
