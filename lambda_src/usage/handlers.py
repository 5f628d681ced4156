"""The usage API: parse, call, map. IAM has let the caller in before any of this runs."""

import re
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger.transaction import Contended, is_unavailable
from marketplace import dimensions
from runtime import clock, telemetry
from runtime.failure import described
from runtime.metric_names import UsageMetric
from runtime.settings import UsageSettings
from usage.count_verdicts import count_verdicts
from usage.report_usage import report_usage
from usage.reporters import NOT_YOURS, Reporters, Rights
from usage.reporters import from_json as reporters_from_json
from usage.request import BadRequest, read_events
from usage.stores import Stores
from usage.view_usage import view_usage

logger = telemetry.logger("usage")
metrics = telemetry.metrics("usage")
app = APIGatewayRestResolver()

_CUSTOMER = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


@cache
def settings() -> UsageSettings:
    return UsageSettings.from_env()


@cache
def stores() -> Stores:
    return Stores.connect(settings())


@cache
def reporters() -> Reporters:
    return Reporters(reporters_from_json(settings().REPORTERS))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway proxy event → proxy answer."""
    return app.resolve(event, context)


@app.post("/usage")
def post_usage() -> dict[str, Any]:
    event = app.current_event
    rights = _rights()
    if rights.is_unknown:
        raise _not_yours()
    bodies = read_events(_text_of(event), event.headers.get("content-type") or "")
    answers = report_usage(bodies, dimensions.from_json(settings().DIMENSIONS), stores(), clock.now, rights)
    count_verdicts(answers, metrics, logger)
    return {"verdicts": [verdict.payload() for _, verdict in answers]}


@app.get("/subscribers/<customer_identifier>/usage")
def get_usage(customer_identifier: str) -> dict[str, Any]:
    if not _CUSTOMER.fullmatch(customer_identifier):
        raise NotFoundError("no such customer")
    if not _rights().may_read(customer_identifier):
        raise _not_yours()
    if stores().subscribers.get(customer_identifier) is None:
        raise NotFoundError("no such customer")
    query = app.current_event.query_string_parameters or {}
    return view_usage(customer_identifier, query, stores().records, clock.now())


def _rights() -> Rights:
    """What the caller may report; IAM has made sure of who it is."""
    return reporters().of_caller(app.current_event.request_context.identity.user_arn)


def _not_yours() -> BadRequest:
    return BadRequest(HTTPStatus.FORBIDDEN, "not_yours", NOT_YOURS.message)


@app.exception_handler(BadRequest)
def _bad_request(error: BadRequest) -> Response[dict[str, Any]]:
    metrics.add_metric(UsageMetric.REQUESTS_REFUSED, MetricUnit.Count, 1)
    logger.info("request refused", code=error.code)
    return _error(error.status, error.code, error.message)


@app.exception_handler(Contended)
def _contended(_error_: Contended) -> Response[dict[str, Any]]:
    logger.warning("request gave up: the customer's record kept changing")
    return _error(503, "busy", "too many writers for this customer at once; send the same request again", retry_after=1)


@app.not_found
def _not_found(error: NotFoundError) -> Response[dict[str, Any]]:
    return _error(HTTPStatus.NOT_FOUND, "not_found", "no such resource")


@app.exception_handler(Exception)
def _unexpected(error: Exception) -> Response[dict[str, Any]]:
    if is_unavailable(error):
        logger.warning("request gave up: DynamoDB did not answer", **described(error))
        message = "the store does not answer just now; send the same request again"
        return _error(503, "unavailable", message, retry_after=5)
    logger.error("unexpected error", **described(error))
    return _error(500, "internal_error", "something failed on our side; send the same request again", retry_after=5)


def _text_of(event: APIGatewayProxyEvent) -> str | None:
    try:
        return event.decoded_body
    except ValueError:
        raise BadRequest(400, "bad_json", "the body is not UTF-8") from None


def _error(status: int, code: str, message: str, retry_after: int | None = None) -> Response[dict[str, Any]]:
    return Response(
        status_code=status,
        content_type="application/json",
        body={"error": {"code": code, "message": message, "details": {}}},
        headers={"Retry-After": str(retry_after)} if retry_after else None,
    )
