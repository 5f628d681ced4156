"""The public doors: Marketplace's form POST, the registration form, and the health of the service.

No line of the log holds a token, an e-mail address, a company or a name.
"""

import base64
import binascii
import json
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger import dynamodb
from ledger.allowed_buyers import AllowedBuyers
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from ledger.waiting_notices import WaitingNotices
from marketplace import tiers
from marketplace.client import MarketplaceClient
from registration import page
from registration.register_buyer import Marketplace, RegistrationDesk, logged
from registration.submission import FORM, arrival, contact, fields, media_type
from runtime import clock, telemetry
from runtime.api_error import ApiError
from runtime.failure import described
from runtime.metric_names import RegistrationMetric
from runtime.settings import RegistrationSettings

logger = telemetry.logger("registration")
metrics = telemetry.metrics("registration")
app = APIGatewayRestResolver()
_METHODS = {"/register": "POST", "/registrations": "POST", "/health": "GET"}


@cache
def marketplace() -> Marketplace:
    """AWS Marketplace, in the stage's metering Region."""
    return MarketplaceClient.connect(RegistrationSettings.from_env().METERING_REGION)


@cache
def desk() -> RegistrationDesk:
    """What the function works with, made from its environment once."""
    settings = RegistrationSettings.from_env()
    tables = dynamodb.connect()
    subscribers = Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE))
    return RegistrationDesk(
        marketplace=marketplace(),
        subscribers=subscribers,
        waiting=WaitingNotices(subscribers, Notices(tables.Table(settings.NOTICES_TABLE))),
        product_code=settings.PRODUCT_CODE,
        integration=settings.INTEGRATION,
        pricing_model=settings.PRICING_MODEL,
        tiers=tiers.from_json(settings.TIERS),
        allowed=AllowedBuyers.from_setting(settings.NOTICES_OF),
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request of the gateway."""
    return app.resolve(event, context)


@app.post("/register")
def register() -> Response[str]:
    """Marketplace's POST: the ids are stored, the page asks for the rest. A JSON caller gets the customer's id."""
    came = arrival(_fields())
    subscriber = desk().register(came, clock.now())
    _count("buyer arrived", subscriber.customer_identifier, subscriber.status)
    if _is_form():
        return _html(200, page.registration(came.token))
    return _json(200, {"message": "Registration started", "customerId": subscriber.customer_identifier})


@app.post("/registrations")
def complete() -> Response[str]:
    """The page's form, or a program's JSON: contact data is stored."""
    posted = _fields()
    came, who = arrival(posted), contact(posted)
    subscriber = desk().register(came, clock.now(), who)
    _count("buyer registered", subscriber.customer_identifier, subscriber.status)
    if _is_form():
        return _html(200, page.registered(subscriber.customer_identifier))
    return _json(200, {"message": "Registration successful", "customerId": subscriber.customer_identifier})


@app.get("/health")
def health() -> Response[str]:
    """Says that the function runs; nothing of settings or state."""
    return _json(200, {"status": "ok"})


@app.exception_handler(ApiError)
def _refused(error: ApiError) -> Response[str]:
    log = logger.error if error.status >= 500 else logger.warning
    log("request refused", extra=logged(error) | {"path": app.current_event.path[:64]})
    metrics.add_metric(RegistrationMetric.REGISTRATIONS_REFUSED, MetricUnit.Count, 1)
    return _answer(error)


@app.exception_handler(Exception)
def _failed(error: Exception) -> Response[str]:
    logger.error("request failed", extra=described(error))
    metrics.add_metric(RegistrationMetric.REGISTRATIONS_REFUSED, MetricUnit.Count, 1)
    return _answer(ApiError(500, "internal_error", "Something went wrong here. Please try again later."))


@app.not_found
def _no_route(_: Exception) -> Response[str]:
    allowed = _METHODS.get(app.current_event.path)
    if allowed is not None:
        return _answer(ApiError(405, "method_not_allowed", f"Use {allowed} here.", headers={"Allow": allowed}))
    return _answer(ApiError(404, "not_found", "There is nothing at this address."))


def _fields() -> dict[str, str]:
    event = app.current_event
    body = event.body or ""
    try:
        raw = base64.b64decode(body, validate=True) if event.is_base64_encoded else body.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise ApiError(400, "bad_request", "The body cannot be read.", {"field": "body"}) from None
    return fields(_header("content-type"), raw)


def _header(name: str) -> str | None:
    """A request header, whatever its case."""
    return next((value for key, value in app.current_event.headers.items() if key.lower() == name), None)


def _is_form() -> bool:
    return media_type(_header("content-type")) == FORM


def _count(what: str, customer: str, status: str) -> None:
    logger.info(what, extra={"customer": customer, "status": status})
    metrics.add_metric(RegistrationMetric.REGISTRATIONS, MetricUnit.Count, 1)


def _answer(error: ApiError) -> Response[str]:
    """A page for a browser, which accepts text/html; JSON for everybody else."""
    if "text/html" in (_header("accept") or "").lower():
        return _html(error.status, page.refused(error.message, error.code), error.headers)
    return _json(error.status, error.payload(), error.headers)


def _html(status: int, body: str, headers: dict[str, str] | None = None) -> Response[str]:
    return Response(status, page.CONTENT_TYPE, body, headers={**page.HEADERS, **(headers or {})})


def _json(status: int, payload: dict[str, Any], headers: dict[str, str] | None = None) -> Response[str]:
    return Response(status, "application/json", json.dumps(payload), headers={**page.HEADERS, **(headers or {})})
