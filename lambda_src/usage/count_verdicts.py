"""The metrics and log lines of verdicts, for the API and the queue alike."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from runtime import clock
from runtime.metric_names import UsageMetric
from usage.report_usage import Answer
from usage.usage_event import UsageEvent

_COUNTED = {
    "recorded": UsageMetric.EVENTS_RECORDED,
    "voided": UsageMetric.EVENTS_VOIDED,
    "duplicate": UsageMetric.EVENTS_DUPLICATE,
    "refused": UsageMetric.EVENTS_REFUSED,
    "retry_later": UsageMetric.EVENTS_RETRY_LATER,
}


def count_verdicts(answers: Sequence[Answer], metrics: Metrics, logger: Logger) -> None:
    """Count by verdict, and log one line per customer, hour, dimension and verdict with its units (negative for units
    that were taken back)."""
    for outcome, number in Counter(verdict.verdict for _, verdict in answers).items():
        metrics.add_metric(_COUNTED[outcome], MetricUnit.Count, number)
    units: dict[tuple[Any, ...], Any] = {}
    for reported, verdict in answers:
        key = (
            reported.customer_identifier if reported else None,
            verdict.hour,
            reported.dimension.name if isinstance(reported, UsageEvent) else verdict.dimension,
            verdict.verdict,
            verdict.reason,
        )
        quantity = reported.quantity if isinstance(reported, UsageEvent) else -(verdict.counted or 0)
        units[key] = units.get(key, 0) + quantity
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
