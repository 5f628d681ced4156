"""What all entry points share: the logger, the metrics, and the decorator that publishes them."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import wraps
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from runtime import telemetry
from runtime.metric_names import MeteringMetric

Payload = dict[str, Any]
Handler = Callable[[Payload, LambdaContext], Payload]

logger = telemetry.logger("metering")
metrics = telemetry.metrics("metering")


def entry_point(handler: Callable[[Payload], Payload]) -> Handler:
    """The handler as Lambda calls it: log lines name the invocation, and its metrics go out at its end."""

    @logger.inject_lambda_context(clear_state=True)
    @metrics.log_metrics
    @wraps(handler)
    def invoked(event: Payload, _context: LambdaContext) -> Payload:
        return handler(event)

    return invoked


def count(metric: MeteringMetric, number: float, unit: MetricUnit = MetricUnit.Count) -> None:
    """Add a number to a metric of this invocation."""
    metrics.add_metric(metric, unit, number)


def count_by_dimension(metric: MeteringMetric, units: Mapping[str, Decimal]) -> None:
    """Units by dimension, each as a metric with the dimension ``dimension``."""
    for name, number in units.items():
        with single_metric(
            name=metric, unit=MetricUnit.NoUnit, value=float(number), default_dimensions={"service": "metering"}
        ) as one:
            one.add_dimension(name="dimension", value=name)
