"""Powertools' logger and metrics, made once per service; structured JSON, no tokens, no personal data."""

import os
import warnings

from aws_lambda_powertools import Logger, Metrics

# An invocation that counts nothing needs no warning of Powertools.
warnings.filterwarnings("ignore", message="No application metrics to publish")


def logger(service: str) -> Logger:
    """The service's JSON logger. Keys of a decision on money: customer, hour, dimension, quantity, verdict."""
    return Logger(service=service, utc=True, log_uncaught_exceptions=False)


def metrics(service: str) -> Metrics:
    """The service's metrics, namespace from ``POWERTOOLS_METRICS_NAMESPACE``."""
    return Metrics(service=service)


def trace_id() -> str | None:
    """X-Ray's id of the invocation's trace; None outside Lambda (Lambda guide, ``_X_AMZN_TRACE_ID``)."""
    parts = dict(part.partition("=")[::2] for part in os.environ.get("_X_AMZN_TRACE_ID", "").split(";"))
    return parts.get("Root") or None
