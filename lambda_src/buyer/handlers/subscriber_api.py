"""Function ``subscriber-api``: a subscriber as operators see it. IAM has let the caller in before any of this runs."""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from buyer import show_subscriber
from ledger import dynamodb
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from ledger.transaction import is_unavailable
from marketplace.billing_identity import BILLING_KEY
from runtime import telemetry
from runtime.api_error import ApiError, bad_request
from runtime.http_api import HttpApi, json_answer
from runtime.settings import SubscriberApiSettings

logger = telemetry.logger("subscription")
api = HttpApi(logger, is_unavailable=is_unavailable)


@cache
def subscribers() -> Subscribers:
    """The store of subscribers, made from the function's environment once."""
    return Subscribers(dynamodb.connect().Table(SubscriberApiSettings.from_env().SUBSCRIBERS_TABLE))


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request of the gateway, as its answer."""
    return api.resolve(event, context)


@api.get("/subscribers/<customer_identifier>")
def show(customer_identifier: str) -> Response[str]:
    """The subscriber's stored state, as JSON. Raises ApiError bad_request or not_found."""
    return json_answer(200, show_subscriber.subscriber(_stored(customer_identifier)))


@api.get("/subscribers/<customer_identifier>/entitlements")
def show_entitlements(customer_identifier: str) -> Response[str]:
    """The entitlements that were last fetched for the subscriber, as JSON. Raises ApiError bad_request or not_found."""
    return json_answer(200, show_subscriber.entitlements(_stored(customer_identifier)))


def _stored(customer_identifier: str) -> Subscriber:
    if not BILLING_KEY.fullmatch(customer_identifier):
        raise bad_request("This is not a customer identifier.", "customerIdentifier")
    found = subscribers().get(customer_identifier)
    if found is None:
        raise ApiError(404, "not_found", "No subscriber has this identifier.")
    return found
