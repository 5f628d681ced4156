"""Answers of the registration's doors: a page for a browser, JSON for everybody else."""

from json import dumps
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from registration import page
from runtime.api_error import ApiError


def header(event: BaseProxyEvent, name: str) -> str | None:
    """A request header by its name in lower case, whatever its case."""
    return next((value for key, value in event.headers.items() if key.lower() == name), None)


def wants_html(event: BaseProxyEvent) -> bool:
    """True for a browser: it accepts text/html."""
    return "text/html" in (header(event, "accept") or "").lower()


def refused(event: BaseProxyEvent, error: ApiError) -> Response[str]:
    if wants_html(event):
        return html(error.status, page.refused(error.message, error.code, again=error.status >= 500), error.headers)
    return json(error.status, error.payload(), error.headers)


def html(status: int, body: str, headers: dict[str, str] | None = None) -> Response[str]:
    return Response(status, page.CONTENT_TYPE, body, headers={**page.HEADERS, **(headers or {})})


def json(status: int, payload: dict[str, Any], headers: dict[str, str] | None = None) -> Response[str]:
    return Response(status, "application/json", dumps(payload), headers={**page.HEADERS, **(headers or {})})
