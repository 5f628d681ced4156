"""A metric that a room's functions emit."""

from enum import StrEnum

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch


def room_metric(name: StrEnum, *, namespace: str, room: str, statistic: str, period: Duration) -> cloudwatch.Metric:
    """name: of ``runtime.metric_names``. room: the only dimension, ``service``."""
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name.value,
        dimensions_map={"service": room},
        statistic=statistic,
        period=period,
    )
