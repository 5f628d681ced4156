"""The door of the room for operators: their view of a subscriber. IAM has let the caller in before any of this runs."""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger import dynamodb
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from marketplace.billing_identity import BILLING_KEY
from runtime import telemetry
from runtime.api_error import ApiError
from runtime.failure import described
from runtime.settings import SubscriberApiSettings
from subscription import show_subscriber

logger = telemetry.logger("subscription")
api = APIGatewayRestResolver()


@cache
def subscribers() -> Subscribers:
    """The table that the API function reads."""
    return Subscribers(dynamodb.connect().Table(SubscriberApiSettings.from_env().SUBSCRIBERS_TABLE))


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The operators' routes, protected by IAM at the gateway."""
    return api.resolve(event, context)


@api.get("/subscribers/<customer_identifier>")
def show(customer_identifier: str) -> Response[str]:
    return _json(200, show_subscriber.subscriber(_found(customer_identifier)))


@api.get("/subscribers/<customer_identifier>/entitlements")
def show_entitlements(customer_identifier: str) -> Response[str]:
    return _json(200, show_subscriber.entitlements(_found(customer_identifier)))


def _found(customer_identifier: str) -> Subscriber:
    if not BILLING_KEY.fullmatch(customer_identifier):
        raise ApiError(400, "bad_request", "This is not a customer identifier.", {"field": "customerIdentifier"})
    found = subscribers().get(customer_identifier)
    if found is None:
        raise ApiError(404, "not_found", "No subscriber has this identifier.")
    return found


@api.exception_handler(ApiError)
def _refused(error: ApiError) -> Response[str]:
    return _answer(error)


@api.exception_handler(Exception)
def _failed(error: Exception) -> Response[str]:
    logger.error("request failed", extra=described(error))
    return _answer(ApiError(500, "internal_error", "Something went wrong here. Please try again later."))


@api.not_found
def _no_route(_: Exception) -> Response[str]:
    return _answer(ApiError(404, "not_found", "There is nothing at this address."))


def _answer(error: ApiError) -> Response[str]:
    return _json(error.status, error.payload())


def _json(status: int, payload: dict[str, Any]) -> Response[str]:
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(status, "application/json", json.dumps(payload), headers=headers)
