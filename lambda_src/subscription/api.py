"""The door of the room for operators: their view of a subscriber. IAM has let the caller in before any of this runs."""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger import dynamodb
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from ledger.transaction import is_unavailable
from marketplace.billing_identity import BILLING_KEY
from runtime import telemetry
from runtime.api_error import ApiError, bad_request
from runtime.http_api import HttpApi, json_answer
from runtime.settings import SubscriberApiSettings
from subscription import show_subscriber

logger = telemetry.logger("subscription")
api = HttpApi(logger, is_unavailable=is_unavailable)


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
    return json_answer(200, show_subscriber.subscriber(_found(customer_identifier)))


@api.get("/subscribers/<customer_identifier>/entitlements")
def show_entitlements(customer_identifier: str) -> Response[str]:
    return json_answer(200, show_subscriber.entitlements(_found(customer_identifier)))


def _found(customer_identifier: str) -> Subscriber:
    if not BILLING_KEY.fullmatch(customer_identifier):
        raise bad_request("This is not a customer identifier.", "customerIdentifier")
    found = subscribers().get(customer_identifier)
    if found is None:
        raise ApiError(404, "not_found", "No subscriber has this identifier.")
    return found
