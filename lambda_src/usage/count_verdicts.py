"""What is told of verdicts, whichever door the events came in by."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from runtime import clock
from runtime.metric_names import UsageMetric
from usage.usage_event import UsageEvent
from usage.verdict import Verdict

_COUNTED = {
    "recorded": UsageMetric.EVENTS_RECORDED,
    "duplicate": UsageMetric.EVENTS_DUPLICATE,
    "refused": UsageMetric.EVENTS_REFUSED,
    "retry_later": UsageMetric.EVENTS_RETRY_LATER,
}


def count_verdicts(answers: Sequence[tuple[UsageEvent | None, Verdict]], metrics: Metrics, logger: Logger) -> None:
    """Metrics by verdict, and one log line per customer, hour, dimension and verdict with its units."""
    for word, number in Counter(verdict.verdict for _, verdict in answers).items():
        metrics.add_metric(_COUNTED[word], MetricUnit.Count, number)
    units: dict[tuple[Any, ...], Any] = {}
    for event, verdict in answers:
        key = (
            event.customer_identifier if event else None,
            verdict.hour,
            event.dimension.name if event else None,
            verdict.verdict,
            verdict.reason,
        )
        units[key] = units.get(key, 0) + (event.quantity if event else 0)
    for (customer, hour, dimension, outcome, reason), quantity in units.items():
        logger.info(
            "usage",
            customer=customer,
            hour=clock.iso(hour) if hour is not None else None,
            dimension=dimension,
            quantity=str(quantity),
            verdict=outcome,
            reason=reason or None,
        )
