"""Function ``usage-page``, which is public: a buyer's usage behind a signed link, as a page or as CSV.

It reads and changes nothing. No line of the log holds a link: the path is one.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from buyer.assembly import usage_page as assembly
from buyer.pages.language import chosen
from buyer.pages.pages import CONTENT_TYPE
from buyer.usage_page.links import Links, linked
from buyer.usage_page.page import UsagePages
from buyer.usage_page.read import Summaries
from buyer.usage_page.show import as_csv
from ledger import dynamodb
from ledger.subscribers import Subscribers
from ledger.transaction import is_unavailable
from runtime import clock, telemetry
from runtime.api_error import ApiError
from runtime.http_api import HEADERS, HttpApi, header, json_error, wants_html
from runtime.settings import UsagePageSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

logger = telemetry.logger("subscription")


def _show_error(event: BaseProxyEvent, error: ApiError) -> Response[str]:
    if not wants_html(event):
        return json_error(event, error)
    return _html(error.status, pages().refused(error, _language(event)), error.headers)


api = HttpApi(logger, is_unavailable=is_unavailable, show_error=_show_error, secret_path=True)


@cache
def tables() -> "DynamoDBServiceResource":
    """DynamoDB, connected once."""
    return dynamodb.connect()


@cache
def subscribers() -> Subscribers:
    """The store of subscribers, made from the function's environment once."""
    return Subscribers(tables().Table(UsagePageSettings.from_env().SUBSCRIBERS_TABLE))


@cache
def links() -> Links | None:
    """The links, made from the function's environment once."""
    return assembly.links(UsagePageSettings.from_env())


@cache
def summaries() -> Summaries:
    """The summaries, made from the function's environment once."""
    return assembly.summaries(UsagePageSettings.from_env(), tables())


@cache
def pages() -> UsagePages:
    """The pages, made from the function's environment once."""
    settings = UsagePageSettings.from_env()
    return UsagePages.of(settings.BRANDING, settings.USAGE_PAGE)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request of the gateway, as its answer. HEAD is answered as GET, without the body (RFC 9110, 9.3.2)."""
    answer = api.resolve(event, context)
    return answer | {"body": ""} if event["httpMethod"] == "HEAD" else answer


@api.route("/usage-page/<link>", method=["GET", "HEAD"])
def show(link: str) -> Response[str]:
    """The page, or with ``format=csv`` the months as a file. Raises ApiError invalid_link, expired_link, revoked_link,
    not_found or unavailable."""
    made, now = links(), clock.now()
    if made is None:
        raise ApiError(404, "not_found", "This stage has no usage page: its stage file has no [usagePage].")
    opened = made.open(link, now)
    found = linked(opened, subscribers().get(opened.customer_identifier))
    summary = summaries().of(found, now)
    logger.info("usage shown", customer=found.customer_identifier)
    if _query().get("format") == "csv":
        name = f"usage-{found.customer_identifier}-{summary.months[0].name}.csv"
        attached = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(200, "text/csv; charset=utf-8", as_csv(summary), headers={**HEADERS, **attached})
    return _html(200, pages().usage(summary, _language(api.current_event), expires_at=opened.expires_at))


def _query() -> Mapping[str, str]:
    return api.current_event.query_string_parameters or {}


def _language(event: BaseProxyEvent) -> str:
    offered = pages().branding.languages
    wanted = (event.query_string_parameters or {}).get("language")
    return wanted if wanted in offered else chosen(header(event, "accept-language"), offered)


def _html(status: int, body: str, headers: Mapping[str, str] | None = None) -> Response[str]:
    return Response(status, CONTENT_TYPE, body, headers={**HEADERS, **pages().headers(), **(headers or {})})
