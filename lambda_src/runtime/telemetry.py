"""Powertools' logger and metrics, made once per service; structured JSON, no tokens, no personal data."""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from aws_lambda_powertools import Logger, Metrics

#: Characters of a trace header that are looked at; a sender writes it.
_LONGEST = 500
_TRACE = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}", re.ASCII)
_given: ContextVar[str | None] = ContextVar("given_trace", default=None)

# An invocation that counts nothing needs no warning of Powertools.
warnings.filterwarnings("ignore", message="No application metrics to publish")


def logger(service: str) -> Logger:
    """The service's JSON logger. Keys of a decision on money: customer, hour, dimension, quantity, verdict."""
    return Logger(service=service, utc=True, log_uncaught_exceptions=False)


def metrics(service: str) -> Metrics:
    """The service's metrics, namespace from ``POWERTOOLS_METRICS_NAMESPACE``."""
    return Metrics(service=service)


def trace_id() -> str | None:
    """X-Ray's id of the trace of what is worked on: of the message, where its sender gave one, else of the invocation
    (Lambda guide, ``_X_AMZN_TRACE_ID``); None outside Lambda."""
    return _given.get() or trace_of(os.environ.get("_X_AMZN_TRACE_ID", ""))


def trace_of(header: str) -> str | None:
    """The id in a trace header; None where it has none (X-Ray guide, "Tracing header": ``Root=1-…-…;Sampled=1``)."""
    found = dict(part.strip().partition("=")[::2] for part in header[:_LONGEST].split(";")).get("Root", "")
    return found if _TRACE.fullmatch(found) else None


@contextmanager
def of_trace(given: str | None) -> Iterator[None]:
    """Work on a message with this trace id; with None, the invocation's own holds."""
    token = _given.set(given)
    try:
        yield
    finally:
        _given.reset(token)


def traced() -> dict[str, Any]:
    """What a message takes along of the trace, as a parameter of SQS's SendMessage: the system attribute
    ``AWSTraceHeader`` (SQS guide, "Message system attributes"). A message without one is as good."""
    found = trace_id()
    header = {"DataType": "String", "StringValue": f"Root={found}"}
    return {"MessageSystemAttributes": {"AWSTraceHeader": header}} if found else {}
