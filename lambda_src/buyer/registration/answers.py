"""The registration's answers: a page for a browser, JSON for everybody else."""

from collections.abc import Mapping

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from buyer.pages.language import chosen
from buyer.registration.page import CONTENT_TYPE, RegistrationPages
from runtime.api_error import ApiError
from runtime.http_api import HEADERS, header, json_error, wants_html


def language(event: BaseProxyEvent, pages: RegistrationPages) -> str:
    """The language in which the caller reads."""
    return chosen(header(event, "accept-language"), pages.branding.languages)


def html(pages: RegistrationPages, status: int, body: str, headers: Mapping[str, str] | None = None) -> Response[str]:
    """An answer that is a page of HTML, with the headers that every page has."""
    return Response(status, CONTENT_TYPE, body, headers={**HEADERS, **pages.headers(), **(headers or {})})


def error_answer(event: BaseProxyEvent, error: ApiError, pages: RegistrationPages) -> Response[str]:
    """An error, as a page for a browser."""
    if wants_html(event):
        return html(pages, error.status, pages.refused(error, language(event, pages)), error.headers)
    return json_error(event, error)
