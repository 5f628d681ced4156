"""Function ``usage``: the usage API. IAM has let the caller in before any of this runs."""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger.transaction import Contended, is_unavailable
from marketplace.billing_identity import BILLING_KEY
from marketplace.products import Products
from runtime import clock, telemetry
from runtime.api_error import ApiError, bad_request
from runtime.http_api import HttpApi, json_answer
from runtime.metric_names import UsageMetric
from runtime.settings import UsageSettings
from usage import assembly
from usage.count_verdicts import count_verdicts
from usage.report_usage import report_usage
from usage.reporters import Reporters, Rights
from usage.request import read_events
from usage.stores import Stores
from usage.view_usage import view_usage

logger = telemetry.logger("usage")
metrics = telemetry.metrics("usage")


def _count_refusal(error: ApiError) -> None:
    if error.status < 500:
        metrics.add_metric(UsageMetric.REQUESTS_REFUSED, MetricUnit.Count, 1)


api = HttpApi(logger, busy=(Contended,), is_unavailable=is_unavailable, count_refusal=_count_refusal)


@cache
def settings() -> UsageSettings:
    """The function's settings, read from its environment once."""
    return UsageSettings.from_env()


@cache
def stores() -> Stores:
    """The tables of usage, made from the function's environment once."""
    return assembly.stores(settings())


@cache
def products() -> Products:
    """What is sold, read from the function's environment once."""
    return Products.from_json(settings().PRODUCTS)


@cache
def reporters() -> Reporters:
    """The stage's reporters, read from the function's environment once."""
    return Reporters.from_json(settings().REPORTERS)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request of the gateway, as its answer."""
    return api.resolve(event, context)


@api.post("/usage")
def post_usage() -> Response[str]:
    """Record the request's events and voids, and answer with a verdict for each, and with the trace's id, which every
    event that was recorded by it keeps.

    Raises ApiError not_yours if the stage lets the caller report nothing, and the errors of ``read_events``.
    """
    request = api.current_event
    rights = _rights()
    if rights.is_unknown:
        raise _not_yours()
    bodies = read_events(_text(request), request.headers.get("content-type") or "")
    answers = report_usage(bodies, products(), stores(), clock.now, rights)
    count_verdicts(answers, metrics, logger)
    traced = {"traceId": trace} if (trace := telemetry.trace_id()) else {}
    return json_answer(200, {"verdicts": [verdict.payload() for _, verdict in answers], **traced})


@api.get("/subscribers/<customer_identifier>/usage")
def get_usage(customer_identifier: str) -> Response[str]:
    """A page of the customer's hours, as JSON, see ``view_usage``.

    Raises ApiError bad_request for what is no billing key or time, not_yours if the caller may not read this customer,
    and not_found if no subscriber has the key.
    """
    if not BILLING_KEY.fullmatch(customer_identifier):
        raise bad_request("This is not a customer identifier.", "customerIdentifier")
    if not _rights().may_read(customer_identifier):
        raise _not_yours()
    if stores().subscribers.get(customer_identifier) is None:
        raise ApiError(404, "not_found", "No subscriber has this identifier.")
    query = api.current_event.query_string_parameters or {}
    return json_answer(200, view_usage(customer_identifier, query, stores().records, clock.now()))


def _rights() -> Rights:
    """What the caller may report; IAM has identified the caller."""
    return reporters().of_caller(api.current_event.request_context.identity.user_arn)


def _not_yours() -> ApiError:
    return ApiError(403, "not_yours", "The stage does not let this caller report or read such usage.")


def _text(request: APIGatewayProxyEvent) -> str | None:
    try:
        return request.decoded_body
    except ValueError:
        raise ApiError(400, "bad_json", "The body is not UTF-8.", {"field": "body"}) from None
